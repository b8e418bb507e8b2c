"""AWS's time from a saved reading, whatever the wall clock says. A damaged file is no reading."""

import json
from pathlib import Path

import pytest

from ssohelper.core.instants import ClockReading, aws_now
from ssohelper.stores.clock_file import ClockFile

READING = ClockReading(aws_at=1000.0, wall_at=5000.0, uptime_at=100.0, boot="b")


@pytest.mark.parametrize(
    ("reading", "wall", "uptime", "boot", "expected"),
    [
        (None, 77.0, 1.0, "b", 77.0),
        (READING, 9999999.0, 160.0, "b", 1060.0),  # whatever the wall clock says
        (READING, 5060.0, 3.0, "another", 5060.0),  # another boot: the reading is useless
        (READING._replace(boot=""), 5060.0, 3.0, "", 1060.0),  # no boot id: the offset counts
    ],
)
def test_aws_time_is_calculated_from_the_reading(reading, wall, uptime, boot, expected):
    assert aws_now(reading, wall, uptime, boot) == expected


def test_a_reading_of_one_process_is_used_by_the_next(tmp_path: Path) -> None:
    ClockFile(tmp_path / "run").save_reading(5_000.0, 1_000.0)
    assert abs(ClockFile(tmp_path / "run").now_at_aws(1_000.0) - 5_000.0) < 60
    path = tmp_path / "run" / "aws-clock"
    assert path.stat().st_mode & 0o777 == 0o600
    # One that agrees is not written.
    before = path.stat().st_ino
    ClockFile(tmp_path / "run").save_reading(5_001.0, 1_000.0)
    assert path.stat().st_ino == before


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"aws_at": 1}', "NaN"])
def test_a_damaged_file_is_no_reading(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    if content == "NaN":
        content = '{"aws_at": NaN, "wall_at": 2.0, "uptime_at": 3.0, "boot": "b"}'
    path = folder / "aws-clock"
    path.write_text(content)
    path.chmod(0o600)
    assert ClockFile(folder).now_at_aws(77.0) == 77.0


@pytest.mark.parametrize(
    ("aws_at", "saved"), [(1_000.0, 1_000.0), (1_003.0, 1_000.0), (997.0, 1_000.0),
    (1_003.5, 1_003.5), (996.5, 996.5)],
)  # fmt: skip
def test_a_machine_that_agrees_within_three_seconds_keeps_its_own_time(tmp_path, aws_at, saved):
    ClockFile(tmp_path / "run").save_reading(aws_at, 1_000.0)
    reading = json.loads((tmp_path / "run" / "aws-clock").read_text())
    assert (reading["aws_at"], reading["wall_at"]) == (saved, 1_000.0)
