"""The clocks of one call: this machine's, AWS's, and the warning when they differ."""

import pytest

from ssohelper.system.clock import Clock

WALL = 4_000_000_000.75


class AwsAhead:
    """Knows that AWS's clock is `ahead` seconds ahead of this machine's."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self.learned: list[tuple[float, float]] = []

    def now_at_aws(self, wall: float) -> float:
        return wall + self.ahead

    def save_reading(self, aws_at: float, wall: float) -> None:
        self.learned.append((aws_at, wall))


class Clocks:
    def __init__(self, aws: AwsAhead) -> None:
        self.aws = aws
        self.warnings: list[str] = []
        self.uptime = 100.0
        times = lambda: WALL, lambda: self.uptime, lambda _seconds: None
        self.clock = Clock(*times, aws_clock=lambda: aws, warn=self.warnings.append)


def test_aws_time_is_converted_to_this_machines_time():
    clock = Clocks(AwsAhead(100.0)).clock
    assert (clock.now(), clock.now_exactly()) == (4_000_000_000, WALL)
    assert clock.aws_now() == 4_000_000_100
    assert clock.to_local_time(4_000_000_100) == 4_000_000_000


def test_a_deadline_follows_the_monotonic_clock():
    clocks = Clocks(AwsAhead())
    deadline = clocks.clock.deadline(5.0)
    assert (deadline.seconds_left(), clocks.clock.deadline().seconds_left()) == (5.0, 18.0)
    clocks.uptime += 2
    assert deadline.seconds_left() == 3.0


@pytest.mark.parametrize(
    ("difference", "side"),
    [(0, None), (240, None), (-240, None), (241, "behind"), (-241, "ahead of")],
)
def test_a_clock_that_differs_by_more_than_4_minutes_is_a_warning(difference, side):
    clocks = Clocks(AwsAhead())
    clocks.clock.learn_aws_time(WALL + difference)
    assert clocks.aws.learned == [(WALL + difference, WALL)]
    said = f"this machine's clock is 4m {side} AWS's: set it, because SDKs use it"
    assert clocks.warnings == ([] if side is None else [said])
    clocks.clock.learn_aws_time(None)  # an answer without a time teaches nothing
    assert len(clocks.aws.learned) == 1
