"""Converts instants (epoch seconds) and durations to and from text, and calculates AWS's time."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

# These patterns are compiled when first used. That takes 0.3 ms, and the first paint of the full
# screen does not need the patterns.
_ISO = r"(?a)(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?"
# An HTTP date in the form that servers must send (IMF-fixdate, RFC 9110, 5.6.7). The weekday is not
# checked.
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
    """Return the epoch seconds of an ISO 8601 time, or None for any other text.

    Accepts all forms in the SDKs' token files: `Z`, fractions of a second, `+00:00`, `UTC`, none.
    """
    found = re.fullmatch(_ISO, text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    at = _epoch(year, month, day, hour, minute, second)
    return None if at is None else at - _offset_seconds(found.group(7))


def _epoch(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    try:
        # datetime has no leap seconds: second 60 counts as second 59.
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp())


def has_time_zone(text: str) -> bool:
    found = re.fullmatch(_ISO, text.strip())
    return found is None or found.group(7) is not None


def from_http_date(text: str) -> int | None:
    """Return the epoch seconds of an HTTP Date header, or None if it is not an IMF-fixdate.

    AWS sends only this form, and importing email.utils takes 3 ms.
    """
    found = re.fullmatch(_HTTP_DATE, text)
    if not found:
        return None
    month = _MONTHS.index(found.group(2)) // 3 + 1
    day, year, hour, minute, second = (int(found.group(at)) for at in (1, 3, 4, 5, 6))
    return _epoch(year, month, day, hour, minute, second) if second <= 60 else None


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


def parse_duration(text: str) -> int | None:
    """Return the seconds of a text such as 90, 90s, 20m, 1h30m or 2d; None for any other text."""
    compact = text.replace(" ", "")
    if compact.isascii() and compact.isdigit() and len(compact) < 10:
        return int(compact)
    parts = re.findall(_PART, compact)
    if not parts or "".join(value + unit for value, unit in parts) != compact:
        return None
    seconds = sum(int(value) * _UNIT_SECONDS[unit] for value, unit in parts if len(value) < 10)
    return seconds if 0 < seconds < 400 * 86400 else None


def _offset_seconds(zone: str | None) -> int:
    if zone is None or zone in ("Z", "UTC"):
        return 0
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


class ClockReading(NamedTuple):
    """AWS's time at one moment, with this machine's wall clock and uptime.

    Uptime includes sleep (CLOCK_BOOTTIME), and setting the wall clock does not change it. `boot` is ""
    on a system without boot ids.
    """

    aws_at: float
    wall_at: float
    uptime_at: float
    boot: str


def aws_now(reading: ClockReading | None, wall: float, uptime: float, boot: str) -> float:
    """Return AWS's time by a reading of AWS's clock; `wall` if there is no usable reading."""
    if reading is None:
        return wall
    if boot and boot == reading.boot:
        return reading.aws_at + (uptime - reading.uptime_at)
    if not boot:
        return wall + (reading.aws_at - reading.wall_at)
    return wall  # the machine has booted since the reading, so the uptimes cannot be compared
