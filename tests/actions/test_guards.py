"""Granting and revoking guarded roles, and which rules are in force after a change."""

from pathlib import Path

import pytest

from ssohelper.actions import guards
from ssohelper.core.grants import Grant, GrantContext, TerminalSession
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, RoleKey
from ssohelper.errors import Refused, UsageProblem
from tests.actions.world import KEY, NOW, SESSION, WorldApp
from tests.published import date_back

OTHER = KEY._replace(role_name="Admin")
RULE = "*/ReadOnlyAccess"
HERE = GrantContext(1000, "boot-1", TerminalSession(77, 4711, "pts/3"), NOW, 5000)


class GuardedApp(WorldApp):
    """A world on a terminal, in which RULE guards KEY."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.here = HERE
        self.set_rules(RULE)

    def find_grant_context(self) -> GrantContext:
        return self.here

    def set_rules(self, *rules: str) -> None:
        path = self.locations.settings_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[guard]\nrules = {list(rules)}\n")
        date_back(path)

    def events(self) -> list[str]:
        return [line.event for line in self.journal.read().lines]

    def grant(self, key: RoleKey = KEY, seconds: int = 1800, **more: bool) -> Grant:
        return guards.grant_role(self, key, " INC-4711\n for ana ", seconds, **more)


@pytest.fixture
def app(tmp_path) -> GuardedApp:
    return GuardedApp(tmp_path)


class TestGrant:
    def test_a_grant_counts_on_this_terminal_for_its_time(self, app):
        assert guards.role_needs_grant(app, KEY)
        assert not guards.role_needs_grant(app, OTHER)  # no rule guards it
        made = app.grant()
        assert (made.reason, made.granted_at, made.ends_at) == ("INC-4711 for ana", NOW, NOW + 1800)
        assert not guards.role_needs_grant(app, KEY)
        app.here = HERE._replace(session=TerminalSession(78, 4712, "pts/4"))
        assert guards.role_needs_grant(app, KEY)
        app.grant(on_all_terminals=True)
        app.here = HERE._replace(session=None)
        assert not guards.role_needs_grant(app, KEY)

    @pytest.mark.parametrize("seconds", [0, -1, 3601])
    def test_a_grant_lasts_for_at_most_an_hour(self, app, seconds):
        with pytest.raises(UsageProblem, match="1 to 60 min"):
            app.grant(seconds=seconds)
        for longest_or_shortest in (3600, 1):
            assert app.grant(seconds=longest_or_shortest).ends_at == NOW + longest_or_shortest

    @pytest.mark.parametrize("reason", ["", " \n ", "x" * 201])
    def test_a_grant_needs_a_reason(self, app, reason):
        with pytest.raises(UsageProblem, match="1 to 200 characters"):
            guards.grant_role(app, KEY, reason, 60)
        assert guards.checked_grant_reason(app, KEY, " " + "x" * 200, 60) == "x" * 200
        assert app.events() == []

    def test_a_grant_without_a_terminal_or_below_an_allow_list_is_refused(self, app):
        app.here = HERE._replace(session=None)
        with pytest.raises(Refused, match="on a terminal only"):
            app.grant()
        app.here = HERE
        app.environ["SSOHELPER_ALLOW"] = "*/*"
        with pytest.raises(Refused, match="cannot grant a guarded role"):
            app.grant()
        assert guards.role_needs_grant(app, KEY)

    def test_a_grant_for_which_the_wrong_word_is_typed_is_refused_and_noted_in_the_journal(
        self, app
    ):
        word, notice = guards.make_grant_question(app, [KEY])
        assert (word, RULE in notice) == (KEY.account_id, True)
        guards.check_typed_word(app, [KEY], f"  {word}\t", word)
        guards.check_typed_word(app, [KEY], " pay \t prod\n", "pay prod")  # white space is the same
        assert app.events() == []
        with pytest.raises(Refused, match=guards.WRONG_WORD):
            guards.check_typed_word(app, [KEY], "yes", word)
        assert app.events() == ["refused"]


class TestRevoke:
    def test_revoking_a_role_ends_its_grants_in_each_terminal(self, app):
        kept = app.grant(OTHER)
        given = app.grant()
        app.here = HERE._replace(session=TerminalSession(78, 4712, "pts/4"))
        app.prompt_state.write(KEY, "row")
        assert guards.revoke_grants(app, KEY) == [given]
        # No file: the next prompt must ask ssohelper.
        assert not app.prompt_state.prompt_file(KEY).exists()
        assert app.grants.list_for_all_terminals() == [kept]
        assert app.events() == ["grant", "grant", "revoke"]
        assert guards.revoke_grants(app, KEY) == []
        app.grant()
        assert {one.key for one in guards.revoke_grants(app)} == {KEY, OTHER}
        assert app.grants.list_for_all_terminals() == []


class TestRules:
    def test_the_usual_rules_are_offered_for_a_list_that_one_matches(self, tmp_path):
        app = WorldApp(tmp_path)

        def offered(app: WorldApp, role: str) -> tuple[str, ...]:
            account = ListedAccount(Account(KEY.account_id, "pay", ""), (role,))
            listing = Listing(SESSION.start_url, SESSION.region, NOW, (account,))
            return guards.propose_usual_rules(app, listing)

        assert "AdministratorAccess" in " ".join(offered(app, "AdministratorAccess"))
        assert offered(app, "ReadOnlyAccess") == ()
        assert offered(GuardedApp(tmp_path), "AdministratorAccess") == ()  # beside a rule

    def test_each_rule_has_the_number_of_roles_that_it_guards(self, app):
        accounts = tuple(
            ListedAccount(Account(f"00000000000{number}", "pay", ""), roles)
            for number, roles in enumerate([("ReadOnlyAccess", "Admin"), ("ReadOnlyAccess",)])
        )
        listing = Listing(SESSION.start_url, SESSION.region, NOW, accounts)
        app.directory.save("corp", listing)
        [rule] = guards.list_guard_rules(app)
        assert rule == (RULE, True, 2)

    def test_rules_that_were_read_before_are_listed_while_the_settings_are_invalid(
        self, app, tmp_path
    ):
        assert app.vault.find_guarding_rule(KEY) == RULE
        app.locations.settings_file.write_text("rules = [")
        later = WorldApp(tmp_path)
        assert [one[:2] for one in guards.list_guard_rules(later)] == [(RULE, False)]
        [warning] = later.warnings
        assert warning.startswith("the settings cannot be read; these rules were read before: ")

    def test_a_rule_that_left_the_file_is_in_force_until_it_is_loosened(self, app, tmp_path):
        assert app.vault.find_guarding_rule(KEY) == RULE
        app.set_rules("*/Other")
        later = WorldApp(tmp_path)
        assert [(one.text, one.is_configured) for one in guards.list_guard_rules(later)] == [
            (RULE, False),
            ("*/Other", True),
        ]
        guards.end_rules(later, ["*/Other"])
        [line] = later.journal.read().lines
        assert (line.fields["before"], line.fields["after"]) == (f"{RULE}, */Other", "*/Other")
        assert WorldApp(tmp_path).vault.guard_rules_of_user == ("*/Other",)

    def test_a_change_of_the_rules_names_all_of_them_and_a_change_of_a_tag_its_own(
        self, app, tmp_path
    ):
        assert app.vault.find_guarding_rule(KEY) == RULE
        path = app.locations.settings_file
        path.write_text('[guard]\nrules = ["a/b", "#t"]\n[tags]\nt = ["c/d", "e/f"]\n')
        date_back(path)
        now = WorldApp(tmp_path)
        assert set(now.vault.guard_rules_of_user) == {RULE, "a/b", "c/d", "e/f"}
        before = now.settings
        fewer = before.with_value("tags.t", ("e/f", "g/h"))
        assert set(guards.rules_after_change(now, "tags.t", before, fewer)) == {
            RULE,
            "a/b",
            "e/f",
            "g/h",
        }
        other = before.with_value("guard.rules", ("x/y",))
        assert guards.rules_after_change(now, "guard.rules", before, other) == ["x/y"]
