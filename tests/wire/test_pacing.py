"""The pace of listings, on a simulated clock: no test waits. tests/broker tests the pace itself."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssohelper.wire.portal import Pacing


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pacing(clock):
    return Pacing(20, monotonic=clock.monotonic, sleep=clock.sleep)


def seconds_for(pacing, clock, requests):
    begun = clock.now
    for _ in range(requests):
        pacing.wait_for_turn()
    return clock.now - begun


def test_twenty_requests_a_second_are_sent(pacing, clock):
    assert seconds_for(pacing, clock, 101) == pytest.approx(5.1, abs=0.01)


@pytest.mark.parametrize(("retry_after", "pause"), [(7.0, 7), (86400, 8), (-1, 0.2), (None, 0.2)])
def test_a_429_pauses_all_threads_and_lowers_the_pace(pacing, clock, retry_after, pause):
    pacing.wait_for_turn()
    pacing.note_throttled(retry_after)
    assert seconds_for(pacing, clock, 1) == pytest.approx(pause, abs=1.02)
    assert pacing.pace.rate < 20
    for _ in range(20):
        pacing.note_answer()
        clock.now += 1
    assert pacing.pace.rate == 20


def test_patience_counts_from_the_first_request_and_from_each_answer(pacing, clock):
    assert pacing.patience_left == 30
    clock.now += 600
    assert pacing.patience_left == 30
    pacing.wait_for_turn()
    clock.now += 12
    assert pacing.patience_left == pytest.approx(18)
    pacing.note_answer()
    assert pacing.patience_left == pytest.approx(30)
    clock.now += 25
    pacing.note_throttled(6)
    assert pacing.patience_left == pytest.approx(-1)


def test_threads_share_one_pace():
    times = []
    lock = threading.Lock()
    clock = Clock()

    def sleep(seconds):
        with lock:
            clock.now += seconds

    pacing = Pacing(20, monotonic=clock.monotonic, sleep=sleep)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(lambda: times.append(seconds_for(pacing, clock, 20)))
    assert len(times) == 4
    assert clock.now - 1000.0 >= 3 * 1.02 - 0.01  # four windows of twenty requests
