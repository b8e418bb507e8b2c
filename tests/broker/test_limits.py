"""When a failed request is retried: 1, 2 and 4 s apart, or by AWS's Retry-After up to 8 s."""

import pytest

from ssohelper.broker.limits import Backoff
from ssohelper.errors import AwsUnreachable, LocalState, Throttled

DOWN = AwsUnreachable("down")


def test_at_first_nothing_is_failing():
    backoff = Backoff()
    assert not backoff.is_failing
    assert not backoff.is_throttled
    assert backoff.may_try_now(0.0)


@pytest.mark.parametrize(
    ("failing_for", "step"),
    [(0.0, 1.0), (9.9, 1.0), (10.0, 2.0), (29.9, 2.0), (30.0, 4.0), (3600.0, 4.0)],
)
def test_probes_are_1_then_2_then_4_s_apart(failing_for, step):
    backoff = Backoff()
    began = 100.0
    backoff.note_failure(began, DOWN, began)
    backoff.note_failure(began + failing_for, DOWN, began + failing_for)
    assert backoff.next_at == began + failing_for + step
    assert not backoff.may_try_now(backoff.next_at - 0.001)
    assert backoff.may_try_now(backoff.next_at)


def test_after_a_success_the_steps_start_over():
    backoff = Backoff()
    backoff.note_failure(0.0, DOWN, 0.0)
    backoff.note_failure(40.0, DOWN, 40.0)
    backoff.clear()
    assert backoff.may_try_now(40.1)
    backoff.note_failure(41.0, DOWN, 41.0)
    assert backoff.next_at == 42.0


@pytest.mark.parametrize(
    ("asked", "step"), [(None, 1.0), (0.0, 1.0), (0.5, 1.0), (5.0, 5.0), (8.0, 8.0), (900.0, 8.0)]
)
def test_retry_after_is_obeyed_up_to_8_s_and_never_shortens_a_step(asked, step):
    backoff = Backoff()
    backoff.note_failure(0.0, Throttled("429", retry_after_seconds=asked), 0.0)
    assert backoff.next_at == step
    assert backoff.is_throttled


@pytest.mark.parametrize(("took", "next_at"), [(0.0, 1.0), (0.4, 1.0), (1.0, 1.0), (6.0, 6.0)])
def test_steps_count_from_the_start_of_the_probe_that_failed(took, next_at):
    backoff = Backoff()
    backoff.note_failure(took, DOWN, 0.0)
    assert backoff.next_at == next_at


def test_retry_after_counts_from_its_answer():
    backoff = Backoff()
    backoff.note_failure(6.0, Throttled("429", retry_after_seconds=3.0), 0.0)
    assert backoff.next_at == 9.0


def test_the_latest_error_is_reported():
    backoff = Backoff()
    backoff.note_failure(0.0, Throttled("429"), 0.0)
    full = LocalState("full")
    backoff.note_failure(1.0, full, 1.0)
    assert backoff.error is full
    assert not backoff.is_throttled
