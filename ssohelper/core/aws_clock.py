"""AWS's clock: role credentials end by it, whatever the clock of this machine says."""

from typing import NamedTuple


class Reading(NamedTuple):
    """AWS's time at one moment, with this machine's: the wall's, and seconds since its start.

    Seconds since the start (CLOCK_BOOTTIME: sleep counts) know no jump of the wall clock.
    `boot` names that start; "" where the system tells neither.
    """

    aws_at: float
    wall_at: float
    uptime_at: float
    boot: str


def aws_now(reading: Reading | None, wall: float, uptime: float, boot: str) -> float:
    """Return AWS's time as far as the reading tells it, else the wall clock's."""
    if reading is None:
        return wall
    if boot and boot == reading.boot:
        return reading.aws_at + (uptime - reading.uptime_at)
    if not boot:
        return wall + (reading.aws_at - reading.wall_at)
    return wall  # another start of the machine: nothing is known of its clock yet
