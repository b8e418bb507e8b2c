"""At most 20 calls in any second; fewer after a 429, and slowly more again."""

from itertools import pairwise

import pytest

from ssohelper.broker.limits import LONGEST_PAUSE_SECONDS, Pace


def sent_by(pace: Pace, until: float, *, begin: float = 0.0, answers: bool = True) -> list[float]:
    """Send as fast as allowed; return the times."""
    now, sent = begin, []
    while (now := pace.next_call_at(now)) <= until:
        pace.note_call_sent(now)
        sent.append(now)
        if answers:
            pace.note_answer(now)
    return sent


def most_in_a_second(sent: list[float]) -> int:
    return max(sum(at <= one < at + 1.0 for one in sent) for at in sent)


def test_the_first_20_calls_are_sent_at_once_and_no_second_has_more():
    sent = sent_by(Pace(), 10.0)
    assert sent[:20] == [0.0] * 20
    assert sent[20] > 1.0
    assert most_in_a_second(sent) == 20
    assert len(sent) >= 190


def test_occasional_calls_are_not_delayed():
    pace = Pace()
    for number in range(100):
        now = number * 0.1
        assert pace.next_call_at(now) == now
        pace.note_call_sent(now)


@pytest.mark.parametrize(("got_through", "rate"), [(0, 1.0), (4, 4.0), (15, 15.0), (19, 16.0)])
def test_a_429_lowers_the_rate_to_what_got_through(got_through, rate):
    pace = Pace()
    for _ in range(got_through):
        pace.note_answer(0.5)
    pace.note_throttled(0.9)
    assert pace.rate == rate


def test_a_burst_of_429s_counts_once():
    pace = Pace()
    for _ in range(10):
        pace.note_answer(0.0)
    for number in range(8):
        pace.note_throttled(0.1 + number * 0.05)
    assert pace.rate == 10.0
    pace.note_throttled(0.7)
    assert pace.rate < 10.0


def test_it_is_never_slower_than_one_call_a_second():
    pace = Pace()
    for number in range(20):
        pace.note_throttled(float(number))
    assert pace.rate == 1.0
    assert 1.0 <= pace.next_call_at(20.0) - 19.0 < 2.0


def test_each_second_of_answers_adds_a_quarter_up_to_the_full_rate():
    pace = Pace()
    pace.note_throttled(0.0)
    rates = []
    for number in range(1, 300):
        pace.note_answer(number / 10)
        rates.append(pace.rate)
    assert rates[8] == 1.0
    assert rates[9] == 2.0
    # The rate grows by at most a quarter, or by one call a second.
    assert all(0 <= after - before <= max(1, before / 4) for before, after in pairwise(rates))
    assert pace.rate == 20.0
    assert pace.rate == max(rates)


@pytest.mark.parametrize(
    ("asked", "pause"), [(None, 0.2), (0, 0.2), (-1, 0.2), (3, 3.0), (8, 8.0), (600, 8.0)]
)
def test_retry_after_pauses_all_calls_up_to_8_s(asked, pause):
    pace = Pace()
    pace.note_throttled(1.0, asked)
    assert pace.next_call_at(1.0) == pytest.approx(1.0 + pause)
    assert LONGEST_PAUSE_SECONDS == 8.0


def test_a_shorter_pause_does_not_end_a_longer_one():
    pace = Pace()
    pace.note_throttled(0.0, 5)
    pace.note_throttled(1.0)
    assert pace.next_call_at(1.0) == 5.0


@pytest.mark.parametrize(("at", "expected"), [(0.0, True), (3.0, True), (3.1, False)])
def test_calls_count_as_getting_through_for_3_s_after_an_answer(at, expected):
    pace = Pace()
    assert not pace.has_recent_answer(0.0)
    pace.note_answer(0.0)
    assert pace.has_recent_answer(at) is expected
