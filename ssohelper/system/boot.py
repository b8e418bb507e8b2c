"""Finds the id of this machine's boot, and how long ago the machine was booted."""

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
    """Return the seconds since boot (on Linux with time asleep), which no set clock changes."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
