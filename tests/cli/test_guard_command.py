"""guard, --reason, and the changes of settings that loosen a guard."""

import json
import shlex
from collections.abc import Iterator

import pytest

from ssohelper.app import App
from tests.conftest import SCRIPT
from tests.guards.ways import ASK_ENDPOINT, ROLE
from tests.guards.world import ACCOUNT, GUARDED, KEY, LAUNCHER, NAME, RULE, Guarded
from tests.long_rows import long_after
from tests.published import date_back

ASK = shlex.join([LAUNCHER, *KEY])
GRANT = ["guard", "grant", ROLE, "--reason", "INC-4711"]
REASON = ["--reason", "INC-4711"]


@pytest.fixture
def world(home, emulator) -> Iterator[Guarded]:
    made = Guarded(home, emulator)
    yield made
    made.close()


def line(*words: str) -> str:
    return shlex.join([SCRIPT, *words])


def rules(world: Guarded) -> tuple[str, ...]:
    return App(world.home.env).vault.policy.rules


def loosened(world: Guarded) -> list[tuple[str, str]]:
    lines = App(world.home.env).journal.read().lines
    found = [line.fields for line in lines if line.event == "loosened"]
    return [(str(one["before"]), str(one.get("after", ""))) for one in found]


class TestCommand:
    def test_for_is_at_most_60_minutes(self, world):
        terminal = world.open_terminal()
        for wrong in ("61m", "0m", "2h", "soon"):
            code, shown = terminal.run(line(*GRANT, "--for", wrong))
            assert (code, "1 to 60 min" in shown) == (2, True), shown
        code, shown = terminal.run(line(*GRANT, "--for", "60m"), NAME)
        assert code == 0, shown
        assert f"granted in this terminal for 1h: corp:{ACCOUNT}/{GUARDED}" in shown
        [given] = world.app.grants.list_for_all_terminals()
        assert given.ends_at - given.granted_at == 3600

    def test_all_terminals_counts_in_each(self, world):
        here, other = world.open_terminal(), world.open_terminal()
        code, shown = here.run(line(*GRANT, "--all-terminals"), NAME)
        assert code == 0, shown
        assert f"granted in your terminals for 30m: corp:{ACCOUNT}/{GUARDED}" in shown
        [given] = world.app.grants.list_for_all_terminals()
        assert given.ends_at - given.granted_at == 1800
        assert other.run(f"{ASK} >/dev/null")[0] == 0

    def test_all_revokes_the_grants_of_each_terminal(self, world):
        here = world.open_terminal()
        assert here.run(line(*GRANT), NAME)[0] == 0
        # Without a profile and without a list, a role is confirmed by its account's id.
        world.app.directory.forget("corp")
        role = f"corp:{ACCOUNT}/{GUARDED}"
        code, shown = here.run(line("guard", "grant", role, "--reason", "x"), ACCOUNT)
        assert code == 0, shown
        done = world.run(SCRIPT, "guard", "revoke", "--all")
        assert (done.returncode, done.stdout) == (0, f"revoked: {role}\n" * 2)
        assert here.run(ASK)[0] == 9
        assert world.run(SCRIPT, "guard", "revoke").returncode == 2

    def test_list_shows_rules_and_grants(self, world):
        here = world.open_terminal()
        assert here.run(line(*GRANT), NAME)[0] == 0
        world.set_rules("*/Other")
        done = world.run(SCRIPT, "guard", "list", "--json")
        data = json.loads(done.stdout)["data"]
        assert data["rules"] == [
            {"rule": RULE, "configured": False, "roles": 1},
            {"rule": "*/Other", "configured": True, "roles": 0},
        ]
        [given] = data["grants"]
        assert given["reason"] == "INC-4711"
        assert (given["all_terminals"], given["counts_here"]) == (False, False)
        assert 1700 < given["left_seconds"] <= 1800
        code, shown = here.run(line("guard", "list"))
        assert code == 0
        assert "no longer in the settings file" in shown
        assert f"m more: corp:{ACCOUNT}/{GUARDED} (INC-4711)" in shown

    def test_a_rule_that_guards_no_known_role_is_said(self, world):
        """A rule that guards no role may have a typing error, which nothing else would show."""
        done = world.run(SCRIPT, "config", "set", "guard.rules", RULE, "*/Databaseadmn", GUARDED)
        assert done.returncode == 0, done.stderr
        typo = 'warning: the rule "*/Databaseadmn" guards no role of the saved lists\n'
        account = f': this rule names an account; for a role write "*/{GUARDED}"\n'
        for shown in (done.stderr, world.run(SCRIPT, "config", "list").stderr):
            assert shown.count("guards no role") == 2, shown
            assert typo in shown
            assert account in shown
        listed = world.run(SCRIPT, "guard", "list").stdout.splitlines()
        assert [line.split("\t")[2] for line in listed] == [
            "",
            *2 * ["guards no role of the saved lists"],
        ]
        world.app.directory.forget("corp")
        assert "saved lists" not in world.run(SCRIPT, "config", "list").stderr


@pytest.mark.parametrize(
    ("command", "after"),
    long_after(
        3,
        [
            *(("use", ["--keys"]), ("exec --server", ["--", *ASK_ENDPOINT]), ("console", [])),
            *(("exec", ["--", "true"]), ("env", []), ("whoami", [])),
        ],
    ),
)
def test_one_typed_word_grants_and_goes_on(world, command, after):
    world.home.browser()
    terminal = world.open_terminal()
    text = line(*command.split(), ROLE, *REASON, *after)
    if command in ("use", "env"):
        text = f"_SSOHELPER_SHELL=bash {text} | cat; test ${{PIPESTATUS[0]}} = 0"
    code, shown = terminal.run(text, NAME)
    assert code == 0, shown
    assert world.events()[:2] == ["grant", "release"]
    [given] = world.app.grants.list_for_all_terminals()
    assert given.ends_at - given.granted_at == 1800
    if command.startswith("exec"):
        # A second time, no word is asked for.
        code, shown = terminal.run(text)
        assert code == 0, shown
        assert "already granted for" in shown


def test_the_childs_sdk_sends_the_reason_with_an_endpoint_too(world):
    terminal = world.open_terminal()
    shown = terminal.run(line("exec", "--server", ROLE, *REASON, "--", "env"), NAME)[1]
    assert "AWS_SDK_UA_APP_ID=ssohelper-INC-4711" in shown


def test_use_without_a_grant_says_what_the_guard_needs(world):
    text = world.home.config_file.read_text()
    world.home.write_config(f"{text}[profile db]\ncredential_process = {ASK}\n")
    done = world.run("env", "_SSOHELPER_SHELL=bash", SCRIPT, "use", "db")
    assert done.returncode == 0
    assert "ssohelper guard grant db --reason TEXT" in done.stderr


def test_a_refused_console_offers_no_sign_in(world):
    world.home.browser()
    for path in world.home.token_folder.glob("*.json"):
        path.unlink()
    code, shown = world.open_terminal().run(line("console", ROLE))
    assert (code, "sign in now?" in shown) == (9, False), shown


class TestLoosening:
    def test_a_typed_word_loosens_and_the_journal_says_so(self, world):
        assert rules(world) == (RULE,)
        terminal = world.open_terminal()
        change = line("config", "set", "guard.rules", "*/Other")
        code, shown = terminal.run(change, "yes")
        assert (code, rules(world), loosened(world)) == (9, (RULE,), []), shown
        code, shown = terminal.run(change, "loosen")
        assert (code, rules(world)) == (0, ("*/Other",)), shown
        assert loosened(world) == [(RULE, "*/Other")]

    def test_without_a_terminal_nothing_is_loosened(self, world):
        assert rules(world) == (RULE,)
        for change in (["*/Other"], ["--default"]):
            done = world.run(SCRIPT, "config", "set", "guard.rules", *change)
            assert (done.returncode, rules(world)) == (2, (RULE,)), done.stderr
        lines = App(world.home.env).journal.read().lines
        assert [one.fields["what"] for one in lines] == ["loosen guard rules"] * 2

    def test_a_rule_that_an_editor_removed_ends_with_the_typed_word(self, world):
        assert rules(world) == (RULE,)
        world.settings.unlink()
        assert rules(world) == (RULE,)
        terminal = world.open_terminal()
        code, shown = terminal.run(line("config", "set", "guard.rules", "--default"), "loosen")
        assert (code, rules(world)) == (0, ()), shown
        date_back(world.home.config_file)
        assert world.run(LAUNCHER, *KEY).returncode == 0

    def test_a_new_rule_needs_no_word_and_is_noted_at_once(self, world):
        world.set_rules()
        world.app.protections.save_rules(())
        assert world.run(SCRIPT, "config", "set", "guard.rules", RULE).returncode == 0
        world.settings.unlink()
        assert world.run(LAUNCHER, *KEY).returncode == 9


class TestTags:
    def test_a_tag_names_roles_and_narrowing_it_asks(self, world):
        world.set_rules()
        world.app.protections.save_rules(())
        terminal = world.open_terminal()
        missing = world.run(SCRIPT, "config", "set", "guard.rules", "#admins")
        assert missing.returncode == 2
        assert "ssohelper config set tags.NAME" in missing.stderr
        tag = ["config", "set", "tags.admins"]
        assert world.run(SCRIPT, *tag, RULE, "*/Owner").returncode == 0
        assert rules(world) == ()
        assert world.run(SCRIPT, "config", "set", "guard.rules", "#admins").returncode == 0
        assert rules(world) == (RULE, "*/Owner")
        assert terminal.run(ASK)[0] == 9
        # More is no question; less is one.
        assert world.run(SCRIPT, *tag, RULE, "*/Owner", "*/Root").returncode == 0
        assert world.run(SCRIPT, *tag, "*/Owner").returncode == 2
        assert rules(world) == (RULE, "*/Owner", "*/Root")
        assert terminal.run(line(*tag, "*/Owner"), "loosen")[0] == 0
        assert rules(world) == ("*/Owner",)
        assert loosened(world) == [(f"{RULE}, */Owner, */Root", "*/Owner")]
        # A tag in use cannot be removed.
        assert world.run(SCRIPT, *tag, "--default").returncode == 2
        assert rules(world) == ("*/Owner",)
