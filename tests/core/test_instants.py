"""Times and durations as text: every SDK's form is read, one form is written."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from ssohelper.core import instants

NOON = 1767268800  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00UTC", NOON),
        ("2026-01-01T12:00:00.123456Z", NOON),
        ("2026-01-01T12:00:00.123Z", NOON),
        ("2026-01-01T12:00:00+00:00", NOON),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01T10:30:00-0130", NOON),
        ("2026-01-01T12:00:00", NOON),
        ("2026-01-01T23:59:60Z", NOON + 43199),
        ("2026-13-01T12:00:00Z", None),
        ("0000-01-01T12:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_reads_the_forms_that_the_sdks_write(text: str, expected: int | None) -> None:
    assert instants.from_iso(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
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
)
def test_reads_the_date_of_an_http_answer(text: str, expected: int | None) -> None:
    assert instants.from_http_date(text) == expected


def test_reads_each_month_as_the_standard_library_does() -> None:
    for month in range(1, 13):
        at = datetime(2026, month, 28, 1, 2, 3, tzinfo=UTC)
        text = format_datetime(at, usegmt=True)
        assert instants.from_http_date(text) == at.timestamp()


def test_writes_the_form_that_every_sdk_reads() -> None:
    assert instants.to_iso(NOON) == "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-5, "0s"),
        (59, "59s"),
        (60, "1m"),
        (7980, "2h 13m"),
        (90000, "1d 1h"),
        (90060, "1d 1h"),
        (3600, "1h"),
    ],
)
def test_durations_as_users_read_them(seconds: int, text: str) -> None:
    assert instants.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("20m", 1200),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("10h", 36000),
        ("0", 0),
        ("-1", None),
        ("399d", 399 * 86400),
        ("400d", None),
        ("0m", None),
        ("9" * 9, 999_999_999),
        ("9" * 10, None),
        ("1" * 9 + "m", None),
        ("99999h", None),
        ("abc", None),
        ("", None),
        ("٣m", None),
        ("1" * 5000, None),
    ],
)
def test_durations_as_users_type_them(text: str, seconds: int | None) -> None:
    assert instants.parse_duration(text) == seconds
