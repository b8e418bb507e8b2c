"""The endpoint's early renewals: after half of a lifetime, unless the settings forbid them."""

import threading
from collections.abc import Iterator

import pytest

from ssohelper.core.model import SignInFacts
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import spawn
from ssohelper.stores import clock_file
from ssohelper.stores.token_cache import TokenFiles
from tests.endpoint.test_hits import write_settings
from tests.endpoint.world import START_URL, Clock, prepared, served, small_center

HOUR = 3600


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock_file, "measure_uptime", made.passed)
    return made


@pytest.fixture
def emulator(home, clock) -> Iterator[Emulator]:
    with small_center(clock) as running:
        running.faults.role_credentials_seconds = HOUR
        prepared(home, running)
        yield running


def test_a_round_after_half_of_the_lifetime_renews(home, emulator, clock):
    with served(home, emulator, clock, pause_seconds=600) as endpoint:
        before = endpoint.get().body
        endpoint.serving.background.do_one_round()  # the thread's own first round may be before
        clock.go_on(HOUR / 2 + 60)
        assert endpoint.get().body == before
        endpoint.serving.background.do_one_round()
        assert endpoint.get().body != before
    assert emulator.counters["GetRoleCredentials"] == 2


def test_before_the_end_of_the_sign_in_a_token_without_refresh_token_is_kept(home, emulator, clock):
    content = emulator.issue_token("ana", start_url=START_URL)
    del content["refreshToken"]
    home.write_token(content)
    tokens = TokenFiles(
        home.token_folder, state=home.path / ".local/state/ssohelper", runtime=home.runtime
    )
    # The sign-in ends in half an hour, the token later.
    tokens.save_facts("corp", SignInFacts(signed_in_at=int(clock.now()) - HOUR // 2))
    write_settings(home, "session_hours = 1\n")
    with served(home, emulator, clock, pause_seconds=600) as endpoint:
        before = endpoint.get().body
        endpoint.serving.background.do_one_round()  # the thread's own first round may be before
        clock.go_on(HOUR / 2 - 60)
        assert endpoint.get().body == before
        endpoint.serving.background.do_one_round()
        assert endpoint.get().body != before  # the credentials are renewed, with this token
    assert tokens.load_facts("corp").ended_at is None


def test_it_renews_nothing_early_where_the_settings_say_so(home, emulator, clock):
    write_settings(home, "renew_ahead = false\n")
    with served(home, emulator, clock, pause_seconds=600) as endpoint:
        before = endpoint.get().body
        clock.go_on(HOUR / 2 + 60)
        endpoint.serving.background.do_one_round()
        assert endpoint.get().body == before
        clock.go_on(HOUR / 4)  # less than a quarter of an hour is left: renewed for the request
        assert endpoint.get().body != before


@pytest.mark.parametrize("renews_early", [True, False])
def test_in_a_container_the_end_waits_for_a_request_under_way(
    home, emulator, monkeypatch, renews_early
):
    """The request is the background thread's, or a client's that did not wait for the answer."""
    monkeypatch.setattr(spawn, "can_outlive_caller", lambda: False)
    home.env["SSOHELPER_RENEW_AHEAD"] = str(renews_early).lower()
    has_begun, may_answer = threading.Event(), threading.Event()

    def wait() -> None:
        has_begun.set()
        may_answer.wait(60)

    emulator.faults.run_before("GetRoleCredentials", wait)
    with served(home, emulator, Clock(), pause_seconds=600) as endpoint:
        if not renews_early:
            assert endpoint.get().status == 503
        assert has_begun.wait(60)
        ending = threading.Thread(target=endpoint.serving.background.stop)
        ending.start()
        ending.join(0.2)
        has_waited = ending.is_alive()
        may_answer.set()
        ending.join(60)
        assert has_waited
        assert endpoint.get().status == 200
    assert emulator.counters["GetRoleCredentials"] == 1
