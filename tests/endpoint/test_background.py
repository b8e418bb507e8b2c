"""The endpoint's own renewals: at half of a life, and not where the settings say no."""

from collections.abc import Iterator

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.stores import clock_file
from tests.conftest import Home
from tests.endpoint.world import Clock, prepared, served, small_center

HOUR = 3600


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock_file, "_uptime", made.passed)
    return made


@pytest.fixture
def emulator(home: Home, clock: Clock) -> Iterator[Emulator]:
    with small_center(clock) as running:
        running.faults.role_credentials_seconds = HOUR
        prepared(home, running)
        yield running


def test_a_look_past_half_of_a_life_renews(home: Home, emulator: Emulator, clock: Clock) -> None:
    with served(home, emulator, clock, pause_seconds=600) as endpoint:
        before = endpoint.get().body
        endpoint.serving.background.run_once()  # whatever its first look came to find
        clock.go_on(HOUR / 2 + 60)
        assert endpoint.get().body == before
        endpoint.serving.background.run_once()
        assert endpoint.get().body != before
    assert emulator.counters["GetRoleCredentials"] == 2


def test_it_renews_nothing_ahead_where_the_settings_say_so(
    home: Home, emulator: Emulator, clock: Clock
) -> None:
    settings = home.path / ".config/ssohelper/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("renew_ahead = false\n")
    with served(home, emulator, clock, pause_seconds=600) as endpoint:
        before = endpoint.get().body
        clock.go_on(HOUR / 2 + 60)
        endpoint.serving.background.run_once()
        assert endpoint.get().body == before
        clock.go_on(HOUR / 4)  # less than a quarter of an hour is left: renewed for who asks
        assert endpoint.get().body != before
