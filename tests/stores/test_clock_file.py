"""AWS's clock from one reading: our wall clock may say what it likes; damage is no reading."""

import json
from pathlib import Path

import pytest

from ssohelper.core.aws_clock import Reading, aws_now
from ssohelper.stores.clock_file import ClockFile

READING = Reading(aws_at=1000.0, wall_at=5000.0, uptime_at=100.0, boot="b")


@pytest.mark.parametrize(
    ("reading", "wall", "uptime", "boot", "expected"),
    [
        (None, 77.0, 1.0, "b", 77.0),
        (READING, 9999999.0, 160.0, "b", 1060.0),  # whatever the wall says
        (READING, 5060.0, 3.0, "another", 5060.0),  # another start: nothing is known
        (READING._replace(boot=""), 5060.0, 3.0, "", 1060.0),  # no name of the start: the offset
    ],
)
def test_the_time_of_aws(
    reading: Reading | None, wall: float, uptime: float, boot: str, expected: float
) -> None:
    assert aws_now(reading, wall, uptime, boot) == expected


def test_what_one_process_learned_the_next_one_knows(tmp_path: Path) -> None:
    ClockFile(tmp_path / "run").learn(5_000.0, 1_000.0)
    assert abs(ClockFile(tmp_path / "run").now(1_000.0) - 5_000.0) < 60
    assert (tmp_path / "run" / "aws-clock").stat().st_mode & 0o777 == 0o600


def test_no_news_write_nothing(tmp_path: Path) -> None:
    ClockFile(tmp_path / "run").learn(5_000.0, 1_000.0)
    path = tmp_path / "run" / "aws-clock"
    before = path.stat().st_ino
    ClockFile(tmp_path / "run").learn(5_001.0, 1_000.0)
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", "null", '{"aws_at": 1}', "NaN", "dates", "booleans", "huge", "text"],
)
def test_a_damaged_one_is_none(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    whole = {"aws_at": 1.0, "wall_at": 2.0, "uptime_at": 3.0, "boot": "b"}
    values = {"NaN": float("nan"), "dates": "2026", "booleans": True, "huge": 1e300, "text": None}
    if content in values:
        content = json.dumps({**whole, "aws_at": values[content]})
    path = folder / "aws-clock"
    path.write_text(content)
    path.chmod(0o600)
    assert ClockFile(folder).now(77.0) == 77.0
