"""How the length of sign-ins is learnt from those that AWS ended, not those that were revoked."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ssohelper.actions import clocks, tokens
from ssohelper.app import App
from ssohelper.core.model import SsoSession
from ssohelper.emulator.server import Emulator
from ssohelper.errors import LoginRequired
from tests.in_process import renew_in_process
from tests.long_rows import long_after
from tests.people import sign_in_here

MINUTE, HOUR = 60, 3600


class Days:
    """Working days of a user, on a clock that the emulator shares."""

    def __init__(self, app: App, session: SsoSession, emulator: Emulator, clock: list[float]):
        self.app, self.session, self.emulator, self.clock = app, session, emulator, clock

    def sign_in(self) -> None:
        sign_in_here(self.app, self.session, self.emulator)

    def work(self, seconds: float, every: float = 20 * MINUTE) -> None:
        """Ask for a token every 20 min, as tools do; stop when it is refused."""
        until = self.clock[0] + seconds
        while self.clock[0] < until:
            self.clock[0] += min(every, until - self.clock[0])
            try:
                due_at = tokens.load_token_renewal_time(self.app, self.session)
                if due_at is not None and self.app.clock.now() >= due_at:
                    self.renew()
                tokens.ensure_valid_token(self.app, self.session, self.app.clock.deadline())
            except LoginRequired:
                return

    def renew(self) -> None:
        """Renew as the broker does, after half of a token's lifetime; a failure is ignored."""
        token = self.app.tokens.load(self.session)
        assert token
        with suppress(LoginRequired):
            tokens.renew_token(self.app, self.session, token, self.app.clock.deadline())

    def revoke(self) -> None:
        self.emulator.end_sign_ins()
        self.work(2 * HOUR)
        assert self.ends()[1] == "observed", "the end of this one was seen"

    def ends(self) -> tuple[float | None, str | None]:
        """Return the sign-in's length that `status` shows, in hours, and where it comes from."""
        found = clocks.load_session_clock(self.app, self.session)
        if found.sign_in_ends_at is None or found.signed_in_at is None:
            return None, found.sign_in_ends_source
        return (found.sign_in_ends_at - found.signed_in_at) / HOUR, found.sign_in_ends_source

    def has_observed(self, least: float, most: float) -> bool:
        """Return whether the next sign-in is taken to be as long as an earlier one."""
        self.sign_in()
        hours, source = self.ends()
        return source == "observed" and least <= (hours or 0) <= most

    def whole(self, hours: float) -> None:
        """Sign in, and work until AWS ends the sign-in after `hours`."""
        self.emulator.faults.sign_in_seconds = hours * HOUR
        self.sign_in()
        self.work((hours + 2) * HOUR)
        self.clock[0] += 12 * HOUR


@pytest.fixture
def days(home, monkeypatch) -> Iterator[Days]:
    clock = [1_800_000_000.0]
    # The client calculates a token's expiry from time.time().
    monkeypatch.setattr(time, "time", lambda: clock[0])
    with Emulator(clock=lambda: clock[0]) as emulator:
        world = emulator.world
        session = SsoSession("corp", world.start_url, world.region, ("sso:account:access",))
        slept = [0.0]

        def sleep(seconds: float) -> None:
            slept[0] += seconds

        home.add_session("corp", world.start_url, world.region)
        app = App(
            {**home.env, **emulator.environment()},
            clock=lambda: clock[0],
            monotonic=lambda: time.monotonic() + slept[0],
            sleep=sleep,
        )
        renew_in_process(app)
        yield Days(app, session, emulator, clock)


@pytest.mark.parametrize("hours", [1, 4])
def test_an_observed_end_is_the_length_of_the_next_sign_in(days, hours):
    days.whole(hours)
    assert days.has_observed(hours, hours + 1)  # the end is noticed at the next renewal


@pytest.mark.parametrize("minutes", long_after(2, [1, 25, 5, 14]))
def test_a_revocation_minutes_after_a_sign_in_is_no_length(days, minutes):
    days.sign_in()
    days.work(minutes * MINUTE)
    days.revoke()
    days.sign_in()
    assert days.ends() == (8, "assumed")
    assert not tokens.is_sign_in_needed(days.app, days.session, 4 * HOUR)


def idle(days: Days) -> None:
    days.sign_in()
    days.emulator.end_sign_ins()
    days.work(100 * MINUTE, every=100 * MINUTE)


def renew_in_the_first_minutes(days: Days) -> None:
    days.sign_in()
    days.clock[0] += 3 * MINUTE
    days.renew()
    days.revoke()


def end_before_the_known_length(days: Days) -> None:
    days.whole(5)
    days.sign_in()
    days.work(1.5 * HOUR)
    days.revoke()


@pytest.mark.parametrize("act", [idle, renew_in_the_first_minutes, end_before_the_known_length])
def test_an_end_that_may_be_a_revocation_is_no_length(days, act):
    act(days)
    days.sign_in()
    assert days.ends() == (8, "assumed")


def test_a_revocation_minutes_after_a_sign_in_keeps_the_known_length(days):
    days.whole(5)
    days.sign_in()
    days.work(5 * MINUTE)
    days.revoke()
    assert days.has_observed(5, 6)


def test_another_length_is_used_after_it_was_observed_twice(days):
    for hours in (5, 2, 2):
        days.whole(hours)
    assert days.has_observed(2, 3)


def test_of_two_observed_ends_the_one_noticed_sooner_counts(days):
    days.emulator.faults.sign_in_seconds = 4 * HOUR
    days.sign_in()
    days.work(3 * HOUR + 50 * MINUTE)
    days.work(100 * MINUTE, every=90 * MINUTE)
    days.sign_in()
    late, _ = days.ends()
    days.work(4 * HOUR + 50 * MINUTE)
    assert days.has_observed(4, late - 0.51)


def test_a_renewal_after_the_known_length_discards_it(days):
    days.whole(2)
    days.emulator.faults.sign_in_seconds = 8 * HOUR
    days.sign_in()
    days.work(4 * HOUR)
    assert days.ends() == (8, "assumed")
