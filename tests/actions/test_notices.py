"""Which notices are given after a renewal, and which text an endpoint prints as time passes."""

from pathlib import Path

import pytest

from ssohelper.actions import notices
from ssohelper.actions.notices import Reminder, list_expiries
from ssohelper.core.clock_text import Notice
from ssohelper.core.model import CachedCredentials, SignInFacts, SsoSession
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired
from tests.actions.world import WorldApp, keys, token

NOW = 4_000_000_000
MINUTE, HOUR = 60, 3600
ROUND = 15
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())


class Endpoint:
    """An endpoint that asks every 15 s, by a clock that the test sets."""

    def __init__(self) -> None:
        self.reminder = Reminder(SESSION)
        self.now = NOW

    def prints(self, outlook: Outlook, after: int = 0) -> str | None:
        """Return what the endpoint prints `after` seconds later."""
        self.now += after
        return self.reminder.take_due_notice(outlook, self.now, self.now + ROUND)


def test_each_threshold_of_a_known_end_is_printed_once():
    endpoint, ahead = Endpoint(), Outlook(NOW + 2 * HOUR, "configured", NOW + HOUR)
    assert "(in 2h)" in (endpoint.prints(ahead) or "")
    assert endpoint.prints(ahead, 59 * MINUTE) is None
    assert "(in 1h)" in (endpoint.prints(ahead, MINUTE) or "")
    assert endpoint.prints(ahead, ROUND) is None
    assert "(in 14m)" in (endpoint.prints(ahead, 45 * MINUTE) or "")
    last = ahead._replace(token_expires_at=NOW + 3 * HOUR, is_last_token=True)
    assert "(in 5s)" in (endpoint.prints(last, 14 * MINUTE + 40) or "")
    assert endpoint.prints(last, ROUND) is None


def test_the_thresholds_of_another_end_are_printed_again():
    endpoint = Endpoint()
    assert endpoint.prints(Outlook(NOW + HOUR, "configured", NOW + HOUR))
    later = Outlook(NOW + 3 * HOUR, "configured", NOW + HOUR)
    assert "(in 3h)" in (endpoint.prints(later) or "")
    assert "(in 1h)" in (endpoint.prints(later, 2 * HOUR) or "")


def test_after_the_end_the_token_s_end_is_printed_then_that_it_is_over():
    endpoint = Endpoint()
    ended = Outlook(NOW - 5, "configured", NOW + 600, True)
    assert "has probably ended: you must sign in again before" in (endpoint.prints(ended) or "")
    assert endpoint.prints(ended, ROUND) is None
    assert 'the sign-in to "corp" is over' in (endpoint.prints(ended, 600) or "")
    assert endpoint.prints(ended, ROUND) is None


def test_a_new_sign_in_is_printed_with_its_own_end():
    endpoint, signed_out = Endpoint(), Outlook(None, "signed out")
    assert '"corp" is signed out' in (endpoint.prints(signed_out) or "")
    assert endpoint.prints(signed_out, ROUND) is None
    unknown = Outlook(None, "unknown", NOW + HOUR)
    assert endpoint.prints(unknown, ROUND) == 'the session "corp" is signed in again'
    assert endpoint.prints(unknown, ROUND) is None
    known = Outlook(NOW + 9 * HOUR, "configured", NOW + HOUR)
    assert "you must sign in" in (endpoint.prints(known, ROUND) or "")
    later = Outlook(NOW + 12 * HOUR, "configured", NOW + HOUR)
    assert "you must sign in" in (endpoint.prints(later, ROUND) or "")


def test_an_assumed_end_is_never_printed():
    endpoint = Endpoint()
    assert endpoint.prints(Outlook(NOW + 10, "assumed", NOW + HOUR)) is None
    assert endpoint.prints(Outlook(NOW + 10, "assumed", NOW + HOUR), 20) is None


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
def test_the_notice_that_is_due_after_a_renewal_is_given_once(tmp_path, left, hours, error, count):
    app = NotifyingApp(tmp_path)
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


def test_a_notice_that_was_due_before_notify_was_set_is_given_afterwards(tmp_path):
    app = NotifyingApp(tmp_path)
    app.sign_in(HOUR)
    app.environ["SSOHELPER_SESSION_HOURS"] = "8"
    app.tokens.save_facts(
        "corp", SignInFacts(NOW - 7 * HOUR - 1800, token_ids=(token("first").id,))
    )
    app.set_notify("[]")
    notices.give_notice_after_renewal(app, SESSION, None)
    app.given.clear()
    app.set_notify()
    for _ in range(2):
        notices.give_notice_after_renewal(app, SESSION, None)
        assert len(app.given) == 1


def test_a_notice_that_cannot_be_recorded_is_not_given_and_prevents_nothing(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise LocalState("the disk is full")

    app = NotifyingApp(tmp_path)
    monkeypatch.setattr(app.tokens, "save_facts", fail)
    notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
    assert app.given == []


def test_after_a_sign_out_each_sign_in_has_its_notices_again(tmp_path):
    app = NotifyingApp(tmp_path)
    for count in (1, 2):
        for _ in range(2):
            notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
            notices.give_due_notice(app, SESSION, NOW)
        assert [one.end for one in app.given] == [None] * count
        app.sign_in(HOUR)  # by another tool: its end is not known
        notices.give_due_notice(app, SESSION, NOW, even_signed_out=True)
        app.tokens.forget(SESSION)


def test_a_sign_in_that_ends_before_the_next_renewal_has_its_notice_at_once(tmp_path, monkeypatch):
    app, given = WorldApp(tmp_path), list[int]()
    monkeypatch.setattr(
        notices, "give_due_notice", lambda _app, _session, next_at: given.append(next_at)
    )
    cached = CachedCredentials(keys("A", NOW + HOUR), NOW)
    notices.give_notice_before_renewal(app, SESSION, cached)
    [next_at] = given
    assert NOW < next_at < NOW + HOUR
