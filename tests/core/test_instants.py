"""Instants and durations: what each SDK writes is read, one form is written."""

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
def test_reads_what_the_sdks_write(text: str, expected: int | None) -> None:
    assert instants.from_iso(text) == expected


def test_writes_the_one_form_that_all_read() -> None:
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
        (3600, "1h"),
    ],
)
def test_durations_for_people(seconds: int, text: str) -> None:
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
        ("99999h", None),
        ("abc", None),
        ("", None),
        ("٣m", None),
        ("1" * 5000, None),
    ],
)
def test_durations_from_people(text: str, seconds: int | None) -> None:
    assert instants.parse_duration(text) == seconds
