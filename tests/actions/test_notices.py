"""Which notices are given after a renewal, and which text an endpoint prints as time passes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ssohelper.actions import notices
from ssohelper.actions.notices import Reminder, list_expiries
from ssohelper.core.clock_text import Notice
from ssohelper.core.model import CachedCredentials, SignInFacts
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired, RoleNotAssigned
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, keys, token

MINUTE, ROUND = 60, 15


@pytest.fixture
def prints() -> Callable[..., str]:
    """Return what an endpoint that asks every 15 s prints so many seconds later, or ""."""
    reminder, now = Reminder(SESSION), [NOW]

    def _prints(outlook: Outlook, after: int = 0) -> str:
        now[0] += after
        return reminder.take_due_notice(outlook, now[0], now[0] + ROUND) or ""

    return _prints


def test_each_threshold_of_a_known_end_is_printed_once(prints):
    ahead = Outlook(NOW + 2 * HOUR, "configured", NOW + HOUR)
    assert "(in 2h)" in prints(ahead)
    assert prints(ahead, 59 * MINUTE) == ""
    assert "(in 1h)" in prints(ahead, MINUTE)
    assert prints(ahead, ROUND) == ""
    assert "(in 14m)" in prints(ahead, 45 * MINUTE)
    last = ahead._replace(token_expires_at=NOW + 3 * HOUR, is_last_token=True)
    assert "(in 5s)" in prints(last, 14 * MINUTE + 40)
    assert prints(last, ROUND) == ""


def test_the_thresholds_of_another_end_are_printed_again(prints):
    assert prints(Outlook(NOW + HOUR, "configured", NOW + HOUR))
    later = Outlook(NOW + 3 * HOUR, "configured", NOW + HOUR)
    assert "(in 3h)" in prints(later)
    assert "(in 1h)" in prints(later, 2 * HOUR)


def test_after_the_end_the_token_s_end_is_printed_then_that_it_is_over(prints):
    ended = Outlook(NOW - 5, "configured", NOW + 600, True)
    assert "has probably ended: you must sign in again before" in prints(ended)
    assert prints(ended, ROUND) == ""
    assert 'the sign-in to "corp" is over' in prints(ended, 600)
    assert prints(ended, ROUND) == ""


def test_a_new_sign_in_is_printed_with_its_own_end(prints):
    signed_out = Outlook(None, "signed out")
    assert '"corp" is signed out' in prints(signed_out)
    assert prints(signed_out, ROUND) == ""
    unknown = Outlook(None, "unknown", NOW + HOUR)
    assert prints(unknown, ROUND) == 'the session "corp" is signed in again'
    assert prints(unknown, ROUND) == ""
    known = Outlook(NOW + 9 * HOUR, "configured", NOW + HOUR)
    assert "you must sign in" in prints(known, ROUND)
    later = Outlook(NOW + 12 * HOUR, "configured", NOW + HOUR)
    assert "you must sign in" in prints(later, ROUND)


def test_an_assumed_end_is_never_printed(prints):
    assert prints(Outlook(NOW + 10, "assumed", NOW + HOUR)) == ""
    assert prints(Outlook(NOW + 10, "assumed", NOW + HOUR), 20) == ""


def test_everything_is_renewed_before_a_known_end_and_before_the_last_token_s():
    assert list_expiries(Outlook(NOW + 9, "configured", NOW)) == [NOW + 9]
    assert list_expiries(Outlook(NOW + 9, "configured", NOW + 60, True)) == [NOW + 9, NOW + 60]
    assert list_expiries(Outlook(NOW + 9, "not renewable", NOW + 9, True)) == [NOW + 9]
    assert list_expiries(Outlook(NOW + 9, "assumed", NOW + 60)) == []
    assert list_expiries(Outlook(None, "signed out")) == []


class NotifyingApp(WorldApp):
    """A world that keeps the notices for which the user's command would be started."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.given: list[Notice] = []
        self.set_notify()

    def set_notify(self, value: str = '["true"]') -> None:
        self.locations.settings_file.write_text(f"notify = {value}\n")
        self.locations.settings_file.chmod(0o600)
        self.__dict__.pop("settings", None)

    def start_notice(self, notice: Notice) -> None:
        self.given.append(notice)


@pytest.fixture
def app(tmp_path) -> NotifyingApp:
    return NotifyingApp(tmp_path)


@pytest.mark.parametrize(
    ("left", "hours", "error", "count"),
    [
        (2 * HOUR, None, LoginRequired("refused"), 1),
        (2 * HOUR, None, AwsUnreachable("down"), 0),
        (2 * HOUR, None, None, 0),
        # The sign-in ends before the next renewal of the token.
        (HOUR, "8", None, 1),
    ],
)
def test_the_notice_that_is_due_after_a_renewal_is_given_once(app, left, hours, error, count):
    if hours:
        app.environ["SSOHELPER_SESSION_HOURS"] = hours
    app.sign_in(left)
    facts = SignInFacts(signed_in_at=NOW - 7 * HOUR - 1800, token_ids=(token("first").id,))
    if isinstance(error, LoginRequired):  # the end that the renewal has recorded
        facts = facts._replace(ended_at=NOW, token_expires_at=NOW + left)
    app.tokens.save_facts("corp", facts)
    for _ in range(2):
        notices.give_notice_after_renewal(app, SESSION, error)
        assert len(app.given) == count


def test_a_notice_that_was_due_before_notify_was_set_is_given_afterwards(app):
    app.sign_in(HOUR)
    app.environ["SSOHELPER_SESSION_HOURS"] = "8"
    app.tokens.save_facts("corp", SignInFacts(NOW - 7 * HOUR - 1800))
    app.set_notify("[]")
    notices.give_notice_after_renewal(app, SESSION, None)
    app.given.clear()
    app.set_notify()
    for _ in range(2):
        notices.give_notice_after_renewal(app, SESSION, None)
        assert len(app.given) == 1


def test_a_notice_that_cannot_be_recorded_is_not_given_and_prevents_nothing(app, monkeypatch):
    def fail(*_: object) -> None:
        raise LocalState("the disk is full")

    monkeypatch.setattr(app.tokens, "save_facts", fail)
    notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
    assert app.given == []


def test_after_a_sign_out_each_sign_in_has_its_notices_again(app):
    for count in (1, 2):
        for _ in range(2):
            notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
            notices.give_due_notice(app, SESSION, NOW)
        assert [one.end for one in app.given] == [None] * count
        app.sign_in(HOUR)  # by another tool: its end is not known
        notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
        app.tokens.forget(SESSION)


def test_a_sign_in_that_ends_before_the_next_renewal_has_its_notice_at_once(app, monkeypatch):
    given = list[int]()
    monkeypatch.setattr(notices, "give_due_notice", lambda *words: given.append(words[-1]))
    cached = CachedCredentials(keys("A", NOW + HOUR), NOW)
    notices.give_notice_before_renewal(app, SESSION, cached)
    [next_at] = given
    assert NOW < next_at < NOW + HOUR


# -- waiting for a sign-in -----------------------------------------------------------------------


class Action:
    """An action that fails until it has been called so often."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures, self.error = failures, error or LoginRequired("signed out")
        self.calls = 0
        self.said: list[str] = []
        self.during: Callable[[], object] = lambda: None

    def __call__(self) -> str:
        self.calls += 1
        self.during()
        if self.calls <= self.failures:
            raise self.error
        return "done"


@pytest.fixture
def sleeper(tmp_path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


def wait(app: WorldApp, action: Action, seconds: int) -> str:
    return notices.retry_after_sign_in(app, SESSION, seconds, action, say=action.said.append)


@pytest.mark.parametrize(
    ("failures", "seconds", "error"),
    [(0, 60, None), (1, 0, LoginRequired("signed out")), (1, 60, RoleNotAssigned("no"))],
)
def test_only_a_missing_sign_in_is_waited_for_and_only_on_request(
    sleeper, failures, seconds, error
):
    action = Action(failures, error)
    if error is None:
        assert wait(sleeper, action, seconds) == "done"
    else:
        with pytest.raises(type(error)):
            wait(sleeper, action, seconds)
    assert (action.calls, sleeper.slept, action.said) == (1, 0, [])


def test_a_sign_in_ends_the_wait_and_one_line_tells_about_it(sleeper):
    action = Action(2)

    def sign_in() -> None:
        if sleeper.slept in (3, 5):
            sleeper.sign_in(value=f"after-{sleeper.slept}")

    sleeper.while_asleep = sign_in
    assert wait(sleeper, action, 60) == "done"
    assert (action.calls, sleeper.slept) == (3, 5)
    assert action.said == ['waiting up to 1m for a sign-in to "corp": ssohelper login corp']


def test_without_a_sign_in_the_wait_ends_after_its_time(sleeper):
    action, pauses = Action(99), list[float]()
    sleeper.while_asleep = lambda: pauses.append(sleeper.slept)
    sleeper.slept = 0.5
    with pytest.raises(LoginRequired):
        wait(sleeper, action, 3)
    assert (pauses, action.calls) == ([1.5, 2.5, 3.5], 1)


def test_a_sign_in_during_the_action_is_noticed(sleeper):
    action = Action(1)
    action.during = sleeper.sign_in
    assert (wait(sleeper, action, 60), sleeper.slept) == ("done", 0)


@pytest.mark.parametrize(
    ("setting", "seconds", "hold"),
    [
        ("", 0, "12h"),
        ("0", 0, "12h"),  # a held job waits unless the settings say how long
        ("90m", 5400, "90m"),
        ("2m", 120, "2m"),
    ],
)
def test_the_wait_is_that_of_the_settings(sleeper, setting, seconds, hold):
    sleeper.environ[notices.WAIT_VARIABLE] = setting
    assert notices.configured_wait_seconds(sleeper, SESSION) == seconds
    assert notices.exec_hold_duration_text(sleeper, SESSION) == hold
    found = notices.prepare_wait(sleeper, SESSION)
    if not seconds:
        assert found is None
        return
    assert (found.seconds, found.watched_file) == (seconds, sleeper.tokens.token_file(SESSION))
    assert found.line.startswith("ssohelper: notice: waiting up to ")


def test_a_held_job_passes_its_wait_on_to_children():
    assert notices.build_wait_variables("12h") == {"SSOHELPER_WAIT_FOR_SIGN_IN": "12h"}
    assert notices.build_wait_variables("") == {}
