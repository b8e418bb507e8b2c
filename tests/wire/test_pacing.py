"""The pace of listings, on a simulated clock: no test waits."""

import threading

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
    assert seconds_for(pacing, clock, 101) == pytest.approx(5.0, abs=0.01)


def test_a_late_wait_is_made_up_for_and_idle_time_is_not(pacing, clock):
    pacing.wait_for_turn()
    clock.now += 0.06
    pacing.wait_for_turn()
    assert seconds_for(pacing, clock, 1) == pytest.approx(0.04)
    clock.now += 60
    assert seconds_for(pacing, clock, 21) == pytest.approx(1.0, abs=0.06)


def test_a_429_pauses_all_threads_and_lowers_the_pace(pacing, clock):
    pacing.note_throttled()
    assert seconds_for(pacing, clock, 1) == pytest.approx(0.1)
    assert pacing.pace == pytest.approx(19)
    assert seconds_for(pacing, clock, 19) == pytest.approx(1.0, abs=0.01)


def test_eight_429s_at_once_lower_the_pace_once(pacing):
    for _ in range(8):
        pacing.note_throttled()
    assert pacing.pace == pytest.approx(19)


def test_repeated_429s_double_the_pause_up_to_20_s(pacing, clock):
    pauses = []
    for _ in range(10):
        pacing.note_throttled()
        pauses.append(seconds_for(pacing, clock, 1))
        clock.now += 1
    assert pauses[:3] == pytest.approx([0.1, 0.2, 0.4])
    assert pauses[-1] > 10
    assert max(pauses) <= 20
    assert pacing.pace >= 1


def test_after_an_answer_a_429_counts_as_the_first_one_again(pacing, clock):
    pacing.note_throttled()
    clock.now += 1
    pacing.note_good_answer()
    before = pacing.pace
    pacing.note_throttled()
    assert pacing.pace == pytest.approx(before * 0.95)
    assert seconds_for(pacing, clock, 1) == pytest.approx(0.1)


def test_answers_raise_the_pace_to_twenty_again_and_no_further(pacing, clock):
    pacing.note_throttled()
    for _ in range(100):
        pacing.note_good_answer()
    assert pacing.pace == 20


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [(1, 1), (7.0, 7), (20, 20), (0, 0.1), (-1, 0.1), (86400, 0.1), (None, 0.1)],
)
def test_retry_after_is_obeyed_up_to_20_s(pacing, clock, retry_after, pause):
    pacing.note_throttled(retry_after)
    assert seconds_for(pacing, clock, 1) == pytest.approx(pause)


def test_patience_counts_from_the_first_request_and_from_each_answer(pacing, clock):
    assert pacing.seconds_of_patience_left == 30
    clock.now += 600
    assert pacing.seconds_of_patience_left == 30
    pacing.wait_for_turn()
    clock.now += 12
    assert pacing.seconds_of_patience_left == pytest.approx(18)
    pacing.note_good_answer()
    assert pacing.seconds_of_patience_left == pytest.approx(30)
    clock.now += 31
    assert pacing.seconds_of_patience_left == pytest.approx(-1)


def test_no_patience_is_left_when_the_pause_is_longer(pacing, clock):
    pacing.wait_for_turn()
    clock.now += 11
    pacing.note_throttled(18)
    assert pacing.seconds_of_patience_left == pytest.approx(1)
    pacing.note_throttled(20)
    assert pacing.seconds_of_patience_left == pytest.approx(-1)


def test_threads_share_one_pace():
    times = []
    lock = threading.Lock()
    clock = Clock()

    def sleep(seconds):
        with lock:
            clock.now += seconds

    pacing = Pacing(20, monotonic=clock.monotonic, sleep=sleep)

    def work():
        for _ in range(20):
            pacing.wait_for_turn()
            times.append(clock.now)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(times) == 80
    # 80 requests at 20 a second cannot take less than 79 intervals.
    assert clock.now - 1000.0 >= 79 / 20 - 0.01
