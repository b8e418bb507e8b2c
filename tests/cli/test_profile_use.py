"""Which commands offer a sign-in, before or after they have found that they need it."""

from collections.abc import Callable

import pytest

from ssohelper.actions import notices, selection
from ssohelper.cli import output, profile_use
from ssohelper.core.model import SignInFacts
from ssohelper.core.policy import Way
from ssohelper.errors import LoginRequired, Refused
from tests.actions.world import HOUR, KEY, NOW, WorldApp


@pytest.mark.parametrize("hold_seconds", [None, 60])
def test_without_a_terminal_only_a_command_with_hold_waits(tmp_path, monkeypatch, hold_seconds):
    waited: list[int] = []

    def wait(_app: object, _session: object, seconds: int, *_: object, **__: object) -> str:
        waited.append(seconds)
        return "done"

    def need_sign_in() -> str:
        raise LoginRequired("signed out")

    monkeypatch.setattr(output, "can_ask_user", lambda: False)
    monkeypatch.setattr(notices, "retry_after_sign_in", wait)
    app = WorldApp(tmp_path)
    profile = selection.resolve_profile(app, KEY.text, None)
    if hold_seconds is None:
        with pytest.raises(LoginRequired):
            profile_use.run_with_sign_in(app, profile, need_sign_in)
        assert waited == []
    else:
        result = profile_use.run_with_sign_in(app, profile, need_sign_in, hold_seconds=hold_seconds)
        assert (result, waited) == ("done", [60])


class Terminal:
    """A user on a terminal, who answers each question with `answer`. Counts questions and sign-ins."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.answer = False
        self.asked = 0
        self.sign_ins = 0
        patch.setattr(output, "can_ask_user", lambda: True)
        patch.setattr(output, "confirm", self._confirm)
        patch.setattr(profile_use, "sign_in_on_terminal", self._sign_in)

    def _confirm(self, *_: object, **__: object) -> bool:
        self.asked += 1
        return self.answer

    def _sign_in(self, *_: object) -> None:
        self.sign_ins += 1


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    return Terminal(monkeypatch)


@pytest.fixture
def app(tmp_path) -> WorldApp:
    """Return the program where AWS has refused to renew a token that lasts for an hour more."""
    made = WorldApp(tmp_path)
    made.sign_in(HOUR)
    made.tokens.save_facts("corp", SignInFacts(ended_at=NOW, token_expires_at=NOW + HOUR))
    return made


def run_with_sign_in(
    app: WorldApp, action: Callable[[], str] = lambda: "done", way: Way | None = Way.EXEC
) -> str:
    profile = selection.resolve_profile(app, KEY.text, None)
    return profile_use.run_with_sign_in(app, profile, action, way=way)


@pytest.mark.parametrize("way", [None, Way.EXEC])
def test_a_sign_in_that_has_ended_is_offered_once_and_the_action_is_carried_out_without_it(
    app: WorldApp, terminal, way
):
    assert run_with_sign_in(app, way=way) == "done"
    assert (terminal.asked, terminal.sign_ins) == (1, 0)
    terminal.answer = True
    assert run_with_sign_in(app, way=way) == "done"
    assert (terminal.asked, terminal.sign_ins) == (2, 1)


def test_a_declined_sign_in_that_the_action_needs_is_an_error_and_not_offered_again(app, terminal):
    def need_sign_in() -> str:
        raise LoginRequired("expired")

    with pytest.raises(LoginRequired, match="expired"):
        run_with_sign_in(app, need_sign_in)
    assert terminal.asked == 1


@pytest.mark.parametrize(
    ("asked_with", "is_offered"),
    [("first", False), ("another user's", True)],
)
def test_with_cached_credentials_no_sign_in_is_offered_unless_they_may_be_another_users(
    app: WorldApp, terminal, asked_with, is_offered
):
    app.keep(HOUR - 60, asked_with)
    assert run_with_sign_in(app) == "done"
    assert terminal.asked == is_offered
    assert run_with_sign_in(app, way=None) == "done"
    assert terminal.asked == is_offered + 1


def test_no_sign_in_is_offered_for_a_role_that_is_refused(app: WorldApp, terminal):
    app.environ["SSOHELPER_ALLOW"] = "999999999999/None"
    with pytest.raises(Refused):
        run_with_sign_in(app)
    assert terminal.asked == 0


def test_off_a_terminal_a_command_uses_what_the_present_token_gives(app: WorldApp, monkeypatch):
    monkeypatch.setattr(output, "can_ask_user", lambda: False)
    assert run_with_sign_in(app) == "done"
