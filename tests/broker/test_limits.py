"""Retries are 1, 2 and 4 s apart, or by Retry-After; calls at most 20 a second, fewer after a 429."""

from itertools import pairwise

import pytest

from ssohelper.broker.limits import Backoff, Pace
from ssohelper.errors import LocalState, Throttled
from tests.broker.world import DOWN


def throttled(seconds: float | None) -> Throttled:
    return Throttled("429", retry_after_seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "next_at"),
    [
        # The time of each failure and when its request was sent, and its error.
        *(
            ([(9.0, 9.0, DOWN), (9.0 + after, 9.0 + after, DOWN)], 9.0 + after + step)
            for after, step in ((0.0, 1.0), (9.9, 1.0), (10.0, 2.0), (29.9, 2.0), (30.0, 3.0))
        ),
        ([(9.0, 9.0, DOWN), (3609.0, 3609.0, DOWN)], 3612.0),
        # Retry-After is obeyed up to 8 s, and never shortens a step; it counts from the answer.
        *(
            ([(0.0, 0.0, throttled(asked))], step)
            for asked, step in (
                (None, 1.0),
                (0.0, 1.0),
                (0.5, 1.0),
                (5.0, 5.0),
                (8.0, 8.0),
                (900.0, 8.0),
            )
        ),
        ([(6.0, 0.0, throttled(3.0))], 9.0),
        # A step counts from the start of the probe that failed.
        *(([(took, 0.0, DOWN)], at) for took, at in ((0.4, 1.0), (1.0, 1.0), (6.0, 6.0))),
        # After a success the steps start over.
        ([(0.0, 0.0, DOWN), (40.0, 40.0, DOWN), None, (41.0, 41.0, DOWN)], 42.0),
    ],
)
def test_when_a_failed_request_is_retried(failures, next_at):
    backoff = Backoff()
    for failure in failures:
        if failure is None:
            backoff.clear()
        else:
            now, sent_at, error = failure
            backoff.note_failure(now, error, sent_at)
    assert backoff.next_at == next_at
    assert not backoff.may_try_now(next_at - 0.001)
    assert backoff.may_try_now(next_at)


def test_the_latest_error_is_reported_until_a_success():
    backoff, full = Backoff(), LocalState("full")
    for error in (throttled(None), full):
        backoff.note_failure(0.0, error, 0.0)
        assert (backoff.error, backoff.is_failing) == (error, True)
        assert backoff.is_throttled is (error is not full)
    backoff.clear()
    assert (backoff.is_failing, backoff.is_throttled, backoff.may_try_now(0.0)) == (
        False,
        False,
        True,
    )


def test_the_first_20_calls_are_sent_at_once_and_no_second_has_more():
    pace, now, sent = Pace(), 0.0, []
    while (now := pace.next_call_at(now)) <= 10.0:
        pace.note_call_sent(now)
        pace.note_answer(now)
        sent.append(now)
    assert sent[:20] == [0.0] * 20
    assert sent[20] > 1.0
    assert max(sum(at <= one < at + 1.0 for one in sent) for at in sent) == 20
    assert len(sent) >= 190


def test_occasional_calls_are_not_delayed():
    pace = Pace()
    for now in (number * 0.1 for number in range(100)):
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
    pace, rates = Pace(), []
    pace.note_throttled(0.0)
    for number in range(1, 300):
        pace.note_answer(number / 10)
        rates.append(pace.rate)
    assert rates[8:10] == [1.0, 2.0]
    # The rate grows by at most a quarter, or by one call a second.
    assert all(0 <= after - before <= max(1, before / 4) for before, after in pairwise(rates))
    assert pace.rate == max(rates) == 20.0


@pytest.mark.parametrize(
    ("asked", "pause"), [(None, 0.2), (0, 0.2), (-1, 0.2), (3, 3.0), (8, 8.0), (600, 8.0)]
)
def test_retry_after_pauses_all_calls_up_to_8_s(asked, pause):
    pace = Pace()
    pace.note_throttled(1.0, asked)
    assert pace.next_call_at(1.0) == pytest.approx(1.0 + pause)
    pace.note_throttled(1.0)  # a shorter pause does not end a longer one
    assert pace.next_call_at(1.0) == pytest.approx(1.0 + pause)


@pytest.mark.parametrize(("at", "expected"), [(0.0, True), (3.0, True), (3.1, False)])
def test_calls_count_as_getting_through_for_3_s_after_an_answer(at, expected):
    pace = Pace()
    assert not pace.has_recent_answer(0.0)
    pace.note_answer(0.0)
    assert pace.has_recent_answer(at) is expected
