"""Times and durations as text: every SDK's form is read, one form is written."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from ssohelper.core import instants

NOON = 1767268800  # 2026-01-01T12:00:00Z
CASES: dict[Any, list[tuple[object, object]]] = {
    # The forms that the SDKs write.
    instants.from_iso: [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00UTC", NOON),
        ("2026-01-01T12:00:00.123456Z", NOON),
        ("2026-01-01T12:00:00.123Z", NOON),
        ("2026-01-01T12:00:00+00:00", NOON),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01T10:30:00-0130", NOON),
        ("2026-01-01T12:00:00", NOON),
        ("2026-01-01T23:59:60Z", NOON + 43199),
        *((text, None) for text in ("2026-13-01T12:00:00Z", "0000-01-01T12:00:00Z")),
        *((text, None) for text in ("yesterday", "")),
    ],
    # The date of an HTTP answer.
    instants.from_http_date: [
        ("Thu, 01 Jan 2026 12:00:00 GMT", NOON),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
        ("Thu, 01 Jan 2026 23:59:60 GMT", NOON + 43199),
        ("Thu, 01 Jan 2026 23:59:61 GMT", None),
        ("Thu, 30 Feb 2024 00:00:00 GMT", None),
        ("Thu, 01 Jan 0000 12:00:00 GMT", None),
        ("Thu, 01 Jan 2026 24:00:00 GMT", None),
        ("Thu, 01 Jan 2026 12:00:00 +0100", None),
        ("Thu, 01 Jan 2026 12:00:00 GMT ", None),
        ("Thu, 01 Foo 2026 12:00:00 GMT", None),
        ("Thu, ٠١ Jan 2026 12:00:00 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun Nov  6 08:49:37 1994", None),
        ("1767268800", None),
        ("", None),
    ],
    instants.to_iso: [(NOON, "2026-01-01T12:00:00Z")],
    instants.duration_text: [
        *((0, "0s"), (-5, "0s"), (59, "59s"), (60, "1m"), (3600, "1h"), (7980, "2h 13m")),
        *((90000, "1d 1h"), (90060, "1d 1h")),
    ],
    # Durations as users type them.
    instants.parse_duration: [
        *(("90", 90), ("20m", 1200), ("1h30m", 5400), ("1h 30m", 5400), ("10h", 36000), ("0", 0)),
        *(("399d", 399 * 86400), ("9" * 9, 999_999_999)),
        *((text, None) for text in ("-1", "400d", "0m", "9" * 10, "1" * 9 + "m", "99999h", "abc")),
        *((text, None) for text in ("", "٣m", "1" * 5000)),
    ],
}


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        pytest.param(function, *row, id=f"{function.__name__} {str(row[0])[:40]}")
        for function, rows in CASES.items()
        for row in rows
    ],
)
def test_times_and_durations_are_read_and_written(function, given, expected):
    assert function(given) == expected


def test_reads_each_month_as_the_standard_library_does():
    for month in range(1, 13):
        at = datetime(2026, month, 28, 1, 2, 3, tzinfo=UTC)
        assert instants.from_http_date(format_datetime(at, usegmt=True)) == at.timestamp()
