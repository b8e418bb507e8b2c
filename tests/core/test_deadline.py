"""How many seconds a command has left, by the clock that the caller passes."""

import pytest

from ssohelper.core.deadline import Deadline


@pytest.mark.parametrize(
    ("now", "left", "has_passed"),
    [(100.0, 5.0, False), (102.5, 2.5, False), (105.0, 0.0, True), (9_000.0, 0.0, True)],
)
def test_the_time_left_goes_down_to_zero_and_stays_there(now, left, has_passed):
    clock = [100.0]
    deadline = Deadline(5, lambda: clock[0])
    clock[0] = now
    assert (deadline.seconds_left(), deadline.has_passed) == (left, has_passed)
