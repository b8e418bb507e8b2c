"""Reads this machine's wall clock, AWS's clock, the monotonic clock, the boot id and the uptime."""

import sys
import time
from collections.abc import Callable
from typing import Protocol

from ssohelper.core.deadline import Deadline
from ssohelper.core.instants import duration_text
from ssohelper.fastpath import CALL_SECONDS

# AWS (SigV4) refuses requests whose time is wrong by 5 min.
CLOCK_DIFFERS_SECONDS = 240


class AwsClock(Protocol):
    """Gives AWS's time, from an earlier answer of AWS; implemented by `stores.clock_file`."""

    def now_at_aws(self, wall: float) -> float:
        pass

    def save_reading(self, aws_at: float, wall: float) -> None:
        pass


class Clock:
    def __init__(
        self,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        aws_clock: Callable[[], AwsClock],
        warn: Callable[[str], None],
    ) -> None:
        self.monotonic = monotonic
        self.sleep = sleep
        self._wall = wall
        self._aws_clock = aws_clock
        self._warn = warn

    def now(self) -> int:
        return int(self._wall())

    def now_exactly(self) -> float:
        return self._wall()

    def aws_now(self) -> int:
        """Return the time by AWS's clock, which decides when role credentials expire.

        Before the first answer from AWS, this is the machine's own time.
        """
        return int(self._aws_clock().now_at_aws(self._wall()))

    def to_local_time(self, aws_at: int) -> int:
        return aws_at + self.now() - self.aws_now()

    def learn_aws_time(self, aws_at: float | None, *, may_warn: bool = True) -> None:
        if aws_at is None:
            return
        wall = self._wall()
        self._aws_clock().save_reading(aws_at, wall)
        if may_warn and abs(wall - aws_at) > CLOCK_DIFFERS_SECONDS:
            apart = duration_text(abs(wall - aws_at))
            side = "ahead of" if wall > aws_at else "behind"
            self._warn(f"this machine's clock is {apart} {side} AWS's: set it, because SDKs use it")

    def deadline(self, seconds: float = CALL_SECONDS) -> Deadline:
        return Deadline(seconds, self.monotonic)


def read_boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def measure_uptime() -> float:
    """Return the seconds since boot (on Linux including sleep)."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
