"""Calculates AWS's time, by which credentials expire, even if this machine's clock is wrong."""

from typing import NamedTuple


class ClockReading(NamedTuple):
    """AWS's time at one moment, with this machine's wall clock and uptime at the same moment.

    Uptime is the seconds since boot, sleep included (CLOCK_BOOTTIME). Setting the wall clock does
    not change it. `boot` identifies the boot; it is "" on a system without boot ids.
    """

    aws_at: float
    wall_at: float
    uptime_at: float
    boot: str


def aws_now(reading: ClockReading | None, wall: float, uptime: float, boot: str) -> float:
    """Return AWS's time, calculated from a reading of its clock; `wall` if that is unusable."""
    if reading is None:
        return wall
    if boot and boot == reading.boot:
        return reading.aws_at + (uptime - reading.uptime_at)
    if not boot:
        return wall + (reading.aws_at - reading.wall_at)
    return wall  # the machine has booted since the reading, so the uptimes cannot be compared
