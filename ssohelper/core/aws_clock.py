"""AWS's time, by which role credentials expire, even where this machine's clock is wrong."""

from typing import NamedTuple


class Reading(NamedTuple):
    """AWS's time at one moment, with this machine's wall clock and uptime at that moment.

    Changes of the wall clock do not affect uptime (seconds since boot, sleep included:
    CLOCK_BOOTTIME). `boot` is the id of that boot; "" where the system has none.
    """

    aws_at: float
    wall_at: float
    uptime_at: float
    boot: str


def aws_now(reading: Reading | None, wall: float, uptime: float, boot: str) -> float:
    """Return AWS's time, calculated from the reading; the wall clock's without a usable one."""
    if reading is None:
        return wall
    if boot and boot == reading.boot:
        return reading.aws_at + (uptime - reading.uptime_at)
    if not boot:
        return wall + (reading.aws_at - reading.wall_at)
    return wall  # the machine has booted since: uptime and reading do not belong together
