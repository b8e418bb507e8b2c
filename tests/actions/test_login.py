"""When a login reuses the present sign-in, and what a logout removes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.actions import login, tokens
from ssohelper.actions.login import LoginOptions, LoginOutcome
from ssohelper.core.model import IssuedToken, SignInFacts, SsoSession
from ssohelper.errors import AwsUnreachable, ConfigInvalid, LoginRequired, Refused, SsoHelperError
from ssohelper.stores.token_cache import TokenFiles
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token

MINUTE = 60
NEW = IssuedToken(token("new"), HOUR)
HOURS = "SSOHELPER_SESSION_HOURS"
SIGN_IN = login._sign_in_interactively  # the real function, which a fixture below replaces


class LoginApp(WorldApp):
    """`log_out_error` is what AWS says to a logout; `logged_out` names the tokens that it saw."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.log_out_error: SsoHelperError | None = None
        self.logged_out: list[str] = []
        self.while_logging_out: Any = lambda: None

    def portal(self, session: SsoSession) -> Any:
        made = SimpleNamespace(log_out=self._log_out)
        made.copy_for_new_token = lambda *_: made
        return made

    def _log_out(self, used: Any) -> None:
        self.logged_out.append(used.value.reveal())
        self.while_logging_out()
        if self.log_out_error is not None:
            raise self.log_out_error

    def sign_in_since(self, ago: int, left: int, **more: Any) -> None:
        """Write a token that ends in `left` seconds, of our own sign-in `ago` seconds ago."""
        self.sign_in(left, **more)
        facts = SignInFacts(signed_in_at=NOW - ago, token_ids=(token("first").id,), user="ana")
        self.tokens.save_facts("corp", facts)

    def events(self) -> list[tuple[str, object]]:
        return [(line.event, line.fields.get("how")) for line in self.journal.read().lines]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoginApp:
    """Return an app that records that a browser sign-in would begin, and gets a token at once."""
    made = LoginApp(tmp_path)
    new = LoginOutcome(SESSION, token("new"), "signed in")
    monkeypatch.setattr(login, "_sign_in_interactively", lambda *_: new)
    return made


def log_in(app: LoginApp, min_seconds: int = 20 * MINUTE, **more: bool) -> str:
    ui: Any = None
    return login.log_in(app, SESSION, ui, LoginOptions(min_seconds=min_seconds, **more)).how


def refuse(monkeypatch, owner: object, name: str) -> None:
    def fail(*_: object) -> None:
        raise Refused(f"{name} says no")

    monkeypatch.setattr(owner, name, fail)


class TestReuse:
    @pytest.mark.parametrize(
        ("left", "min_seconds", "how", "used"),
        [
            (HOUR, 20 * MINUTE, "kept", []),
            (30 * MINUTE, 30 * MINUTE, "kept", []),
            (30 * MINUTE - 1, 30 * MINUTE, "renewed", ["first"]),
            (20 * MINUTE, 10 * MINUTE, "renewed", ["first"]),
            (MINUTE, 0, "renewed", ["first"]),
            (-1, 20 * MINUTE, "renewed", ["first"]),
        ],
    )
    def test_a_token_that_lasts_is_kept_and_another_one_is_renewed(
        self, app, left, min_seconds, how, used
    ):
        app.sign_in_since(HOUR, left)
        assert (log_in(app, min_seconds), app.used) == (how, used)

    def test_without_a_sign_in_or_with_force_a_new_one_is_made(self, app):
        assert log_in(app) == "signed in"
        app.sign_in_since(HOUR, HOUR)
        assert log_in(app, force=True) == "signed in"
        assert app.used == []

    def test_a_sign_in_that_ends_too_early_is_not_reused(self, app):
        app.environ[HOURS] = "8"
        app.sign_in_since(8 * HOUR - 30 * MINUTE, HOUR)
        assert log_in(app, 29 * MINUTE) == "kept"
        assert log_in(app, 31 * MINUTE) == "signed in"
        app.sign_in_since(HOUR, MINUTE)
        app.renewal = LoginRequired("refused")
        assert log_in(app) == "signed in"

    @pytest.mark.parametrize(("left", "min_seconds"), [(10 * MINUTE, 5 * MINUTE), (90, 90)])
    def test_while_aws_is_down_a_token_that_lasts_is_kept(self, app, left, min_seconds):
        app.sign_in_since(HOUR, left)
        app.renewal = AwsUnreachable("down")
        assert log_in(app, min_seconds) == "kept"
        assert app.used == ["first"]
        with pytest.raises(AwsUnreachable):
            log_in(app, left + 1)

    def test_an_unknown_end_is_a_warning_when_the_time_is_long(self, app):
        app.sign_in(99 * HOUR)
        assert log_in(app, 10 * HOUR) == "kept"
        [warning] = app.warnings
        assert warning.startswith('the sign-in to "corp" may end within 10h')
        assert log_in(app, 20 * MINUTE) == "kept"
        assert len(app.warnings) == 1


class TestLogOut:
    def test_logout_ends_the_sign_in_at_aws_and_on_this_machine(self, app):
        app.sign_in_since(HOUR, HOUR)
        app.keep(HOUR)
        assert login.log_out(app, SESSION)
        assert (app.logged_out, app.stands(), app.is_kept()) == (["first"], None, None)
        facts = app.facts()
        assert (facts.user, facts.earlier_user, facts.person_since) == (None, "ana", NOW)
        assert app.events() == [("sign-out", "revoked")]
        assert not login.log_out(app, SESSION)
        assert app.events() == [("sign-out", "revoked")]

    def test_an_expired_token_is_renewed_first_to_end_its_sign_in(self, app):
        app.sign_in_since(2 * HOUR, -1)
        assert login.log_out(app, SESSION)
        assert (app.used, app.logged_out, app.stands()) == (["first"], ["renewed-1"], None)

    def test_an_expired_sign_in_is_removed_and_aws_is_not_asked(self, app):
        app.sign_in_since(9 * HOUR, -1)
        app.renewal = LoginRequired("refused")
        assert not login.log_out(app, SESSION)
        assert (app.logged_out, app.stands(), app.events()) == ([], None, [])

    @pytest.mark.parametrize(
        ("error", "how"), [(LoginRequired("ended"), "revoked"), (AwsUnreachable("down"), "local")]
    )
    def test_a_sign_in_that_has_ended_or_that_aws_does_not_end_is_removed(self, app, error, how):
        app.sign_in_since(HOUR, HOUR)
        app.log_out_error = error
        if how == "revoked":
            assert login.log_out(app, SESSION)
        else:
            with pytest.raises(AwsUnreachable, match="on this machine only: down"):
                login.log_out(app, SESSION)
        assert (app.stands(), app.events()) == (None, [("sign-out", how)])

    def test_a_variable_that_would_send_the_token_elsewhere_removes_nothing(self, app):
        app.sign_in_since(HOUR, HOUR)
        app.log_out_error = ConfigInvalid("another host")
        with pytest.raises(ConfigInvalid, match="another host"):
            login.log_out(app, SESSION)
        assert (app.stands(), app.events()) == ("first", [])
        app.tokens.save_facts("corp", app.facts()._replace(issuer="loopback"))
        with pytest.raises(ConfigInvalid, match="on this machine only: another host"):
            login.log_out(app, SESSION)
        assert (app.stands(), app.events()) == (None, [("sign-out", "local")])

    def test_a_sign_in_that_came_meanwhile_stays(self, app):
        app.sign_in_since(HOUR, HOUR)
        app.while_logging_out = lambda: app.sign_in(HOUR, "another-tools")
        assert login.log_out(app, SESSION)
        assert (app.logged_out, app.stands()) == (["first"], "another-tools")


@pytest.mark.parametrize("check", ["check_portal", "check_device_code"])
def test_what_the_company_does_not_allow_is_refused_before_aws_is_asked(app, monkeypatch, check):
    refuse(monkeypatch, type(app.company_policy), check)
    with pytest.raises(Refused, match=check):
        log_in(app, device_code=True)
    if check == "check_device_code":
        assert log_in(app) == "signed in"


def test_a_login_that_waited_takes_the_region_that_the_other_one_recorded(app, monkeypatch):
    @contextmanager
    def other_login(*_: object) -> Iterator[bool]:
        moved = SESSION._replace(region="eu-west-1")
        path = app.locations.aws_config_file
        path.write_text(path.read_text().replace(SESSION.region, moved.region))
        app.tokens.save(moved, token("theirs"))
        yield True

    monkeypatch.setattr(login, "_hold_login_lock", other_login)
    found = login.log_in(app, SESSION, None, LoginOptions())
    assert (found.how, found.session.region) == ("joined", "eu-west-1")


@pytest.mark.parametrize(("left", "is_taken"), [(1, True), (0, False), (-1, False)])
def test_only_a_token_that_is_still_valid_is_the_other_login_s(app, left, is_taken):
    before = app.tokens.read_token_file_fingerprint(SESSION)
    app.sign_in(left)
    found = login._load_other_login_result(app, SESSION, before)
    assert (found is not None and found.how == "joined") is is_taken
    now = app.tokens.read_token_file_fingerprint(SESSION)
    # The other login wrote no token.
    assert login._load_other_login_result(app, SESSION, now) is None


def test_a_program_below_an_allow_list_ends_no_sign_in(app, monkeypatch):
    app.sign_in_since(HOUR, HOUR)
    refuse(monkeypatch, login.agents, "refuse_if_limited")
    with pytest.raises(Refused):
        login.log_out(app, SESSION)
    assert (app.stands(), app.logged_out) == ("first", [])


@pytest.fixture
def get_token(app, monkeypatch) -> list[str]:
    """Let the real sign-in get a new token of ana's; return the tokens that it ended at AWS."""
    ended: list[str] = []
    portal = SimpleNamespace(log_out=lambda new: ended.append(new.value.reveal()))
    monkeypatch.setattr(login, "_sign_in_interactively", SIGN_IN)
    monkeypatch.setattr(login, "get_token", lambda *_, **_how: NEW)
    monkeypatch.setattr(login.regions, "resolve_portal_of_session", lambda *_: SESSION)
    monkeypatch.setattr(login, "find_signed_in_user", lambda *_: "ana")
    monkeypatch.setattr(login, "portal_of_unsaved_token", lambda *_: portal)
    return ended


@pytest.mark.parametrize(("device_code", "how"), [(False, "browser"), (True, "device-code")])
def test_the_journal_says_how_the_user_signed_in(app, get_token, device_code, how):
    assert log_in(app, device_code=device_code) == "signed in"
    assert (app.events(), app.stands(), get_token) == ([("sign-in", how)], "new", [])


def test_a_sign_in_whose_session_was_removed_meanwhile_is_ended_at_aws(app, monkeypatch, get_token):
    def remove_session(*_: object) -> str:
        app.locations.aws_config_file.write_text("")
        return "ana"

    monkeypatch.setattr(login, "find_signed_in_user", remove_session)
    with pytest.raises(ConfigInvalid):
        log_in(app)
    assert (get_token, app.stands()) == (["new"], None)


def test_further_portals_are_signed_out_and_the_first_failure_is_reported(app, monkeypatch):
    for region in ("eu-central-1", "eu-west-1", "us-west-2"):
        url = f"https://ssoins-1234567890abcdef.portal.{region}.app.aws"
        further = SESSION._replace(start_url=url, region=region, is_further=True)
        app.tokens.save(further, token(region))
    told = list[str]()

    def end(_app: object, found: tokens.SignInToEnd) -> SsoHelperError | None:
        told.append(found.session.region)
        return AwsUnreachable(told[-1]) if told[-1] in ("eu-west-1", "us-west-2") else None

    monkeypatch.setattr(tokens, "end_sign_in", end)
    with pytest.raises(AwsUnreachable, match="eu-west-1"):
        login.log_out(app, SESSION)
    assert told == ["us-east-1", "eu-central-1", "eu-west-1", "us-west-2", "us-east-1"]
    assert app.tokens.list_further_portal_sessions(SESSION) == []


def test_a_sign_in_of_the_aws_cli_during_a_logout_is_kept(app, monkeypatch):
    """With keyring storage, the AWS CLI's token is in the other storage."""
    clear = TokenFiles(
        app.locations.state_folder / "other",
        state=app.locations.state_folder,
        runtime=app.locations.runtime_folder,
    )
    monkeypatch.setattr(type(app.storage), "other_tokens", clear)
    for is_replaced in (False, True):
        app.sign_in_since(HOUR, HOUR)
        clear.save(SESSION, token("in-clear"))
        if is_replaced:
            app.while_logging_out = lambda: (
                app.logged_out[-1] == "in-clear" and clear.save(SESSION, token("new"))
            )
        assert login.log_out(app, SESSION)
        found = clear.load(SESSION)
        assert (found and found.value.reveal()) == ("new" if is_replaced else None)
