"""Converts instants (epoch seconds) and durations to and from text, and calculates AWS's time."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

# Compiled when first used: that takes 0.3 ms, and the full screen appears without any.
_ISO = r"(?a)(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:)(\d\d)(?:\.\d+)?\s*(.*)"
# IMF-fixdate (RFC 9110, 5.6.7). The weekday is not checked.
_HTTP_DATE = (
    r"(?a)(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d) GMT"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_PART = r"([0-9]+)(d|h|m|s)"
_UNIT_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def to_iso(at: int) -> str:
    """Return the instant as YYYY-MM-DDTHH:MM:SSZ, the form that every SDK can read."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> int | None:
    """Return the epoch seconds of an ISO 8601 time, or None.

    Accepts all forms in the SDKs' token files: `Z`, fractions of a second, `+00:00`, `UTC`, none.
    """
    found = re.fullmatch(_ISO, text.strip())
    if not found:
        return None
    start, second, zone = found.groups()
    try:
        # datetime has no leap seconds: second 60 counts as second 59.
        at = datetime.fromisoformat(
            f"{start}{min(int(second), 59):02}{'Z' if zone == 'UTC' else zone}"
        )
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def from_http_date(text: str) -> int | None:
    """Return the epoch seconds of an HTTP Date header; importing email.utils takes 3 ms."""
    found = re.fullmatch(_HTTP_DATE, text)
    if not found:
        return None
    day, year, hour, minute, second = (int(found.group(at)) for at in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found.group(2)) // 3 + 1
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) if second <= 60 else None


def duration_text(seconds: float) -> str:
    """Return a duration as users read it, such as 2h 13m, 45s or 3d 4h."""
    left = max(0, int(seconds))
    if left < 60:
        return f"{left}s"
    days, left = divmod(left, 86400)
    hours, left = divmod(left, 3600)
    minutes = left // 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    return " ".join([f"{value}{unit}" for value, unit in parts if value][:2])


def short_duration_text(seconds: float) -> str:
    """Return a duration in its largest unit, such as 2h."""
    return duration_text(seconds).split()[0]


def parse_duration(text: str) -> int | None:
    compact = text.replace(" ", "")
    if compact.isascii() and compact.isdigit() and len(compact) < 10:
        return int(compact)
    parts = re.findall(_PART, compact)
    if not parts or "".join(value + unit for value, unit in parts) != compact:
        return None
    seconds = sum(int(value) * _UNIT_SECONDS[unit] for value, unit in parts if len(value) < 10)
    return seconds if 0 < seconds < 400 * 86400 else None


class ClockReading(NamedTuple):
    """AWS's time at one moment, and this machine's wall clock and uptime (including sleep) then.

    `boot` is "" on a system without boot ids.
    """

    aws_at: float
    wall_at: float
    uptime_at: float
    boot: str


def aws_now(reading: ClockReading | None, wall: float, uptime: float, boot: str) -> float:
    if reading is None:
        return wall
    if boot and boot == reading.boot:
        return reading.aws_at + (uptime - reading.uptime_at)
    if not boot:
        return wall + (reading.aws_at - reading.wall_at)
    return wall  # the machine has booted since the reading, so the uptimes cannot be compared
