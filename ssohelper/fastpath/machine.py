"""This machine's boot: its id, and how long ago it was."""

import sys
import time


def read_boot_id() -> str:
    """Return the id of this boot of the machine; "" when the system has no such id."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def measure_uptime() -> float:
    """Return the seconds since the boot, with time asleep on Linux. No change of the clock alters it."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
