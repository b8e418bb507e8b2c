"""Waiting for a sign-in: how often the token file is looked at, and when the wait ends."""

from types import SimpleNamespace

import pytest

from ssohelper.actions import login_flows, notices
from ssohelper.errors import LoginRequired, RoleNotAssigned
from tests.actions.world import SESSION, WorldApp


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


class Action:
    """An action that needs a sign-in until it has been called so often."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0
        self.said: list[str] = []

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise LoginRequired("signed out")
        return "done"


def wait(app: WorldApp, action: Action, seconds: int) -> str:
    return notices.retry_after_sign_in(app, SESSION, seconds, action, say=action.said.append)


def test_an_action_that_succeeds_waits_for_nothing(app: WorldApp):
    action = Action(0)
    assert wait(app, action, 60) == "done"
    assert (app.slept, action.said) == (0, [])


def test_without_a_wait_the_first_failure_is_raised(app: WorldApp):
    action = Action(1)
    with pytest.raises(LoginRequired):
        wait(app, action, 0)
    assert (action.calls, app.slept, action.said) == (1, 0, [])


def test_a_sign_in_ends_the_wait_and_one_line_tells_about_it(app: WorldApp):
    action = Action(2)
    signed_in_at: list[float] = []

    def sign_in() -> None:
        if app.slept in (3, 5):
            signed_in_at.append(app.slept)
            app.sign_in(value=f"after-{app.slept}")

    app.while_asleep = sign_in
    assert wait(app, action, 60) == "done"
    assert (signed_in_at, action.calls, app.slept) == ([3, 5], 3, 5)
    assert action.said == ['waiting up to 1m for a sign-in to "corp": ssohelper login corp']


def test_without_a_sign_in_the_wait_ends_after_its_time(app: WorldApp):
    action = Action(99)
    pauses: list[float] = []
    app.while_asleep = lambda: pauses.append(app.slept)
    app.slept = 0.5
    with pytest.raises(LoginRequired):
        wait(app, action, 3)
    assert pauses == [1.5, 2.5, 3.5]
    assert action.calls == 1


def test_a_sign_in_during_the_action_is_noticed(app: WorldApp):
    action = Action(1)

    def fail_while_another_tool_signs_in() -> str:
        if not action.calls:
            app.sign_in()
        return action()

    found = notices.retry_after_sign_in(
        app, SESSION, 60, fail_while_another_tool_signs_in, say=action.said.append
    )
    assert (found, app.slept) == ("done", 0)


def test_another_error_is_raised_at_once(app: WorldApp):
    def refuse() -> str:
        raise RoleNotAssigned("no")

    with pytest.raises(RoleNotAssigned):
        notices.retry_after_sign_in(app, SESSION, 60, refuse, say=lambda _line: None)
    assert app.slept == 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 0), ("0", 0), ("90", 90), ("1h", 3600), ("nonsense", 0)]
)
def test_a_wait_is_written_as_a_duration(text, seconds):
    assert notices.parse_wait_seconds(text) == seconds


def test_a_held_job_passes_its_wait_on_to_children():
    assert notices.build_wait_variables("12h") == {"SSOHELPER_WAIT_FOR_SIGN_IN": "12h"}
    assert notices.build_wait_variables("") == {}


def test_the_wait_is_that_of_the_settings(app: WorldApp, tmp_path):
    assert notices.configured_wait_seconds(app, SESSION) == 0
    assert notices.exec_hold_duration_text(app, SESSION) == "12h"
    assert notices.prepare_wait(app, SESSION) is None
    app.environ[notices.WAIT_VARIABLE] = "2m"
    found = notices.prepare_wait(app, SESSION)
    assert found is not None
    assert (found.seconds, found.watched_file) == (120, app.tokens.token_file(SESSION))
    assert found.line.startswith('ssohelper: notice: waiting up to 2m for a sign-in to "corp"')


@pytest.mark.parametrize(("setting", "text"), [("0", "12h"), ("90m", "90m")])
def test_a_held_job_waits_as_the_settings_say_unless_they_say_not_to_wait(app, setting, text):
    app.environ[notices.WAIT_VARIABLE] = setting
    assert notices.exec_hold_duration_text(app, SESSION) == text


@pytest.mark.parametrize("seconds", [0.05, 1.0, 2.5])
def test_a_pause_of_a_sign_in_is_as_long_as_it_was_asked_for(tmp_path, seconds):
    app = WorldApp(tmp_path, sleeps=True)
    ui = SimpleNamespace(is_cancelled=lambda: False)
    login_flows.wait_unless_cancelled(app, SESSION, ui, seconds, app.clock.sleep)  # type: ignore[arg-type]
    assert app.slept == pytest.approx(seconds)
