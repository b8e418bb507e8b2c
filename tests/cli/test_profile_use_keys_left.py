"""What is said of keys that were handed out, and of streams that were closed."""

import io
import sys
from pathlib import Path

import pytest

from ssohelper.cli import output, profile_use
from tests.actions.world import HOUR, NOW, WorldApp, keys


def test_keys_are_told_with_the_time_that_is_left(tmp_path: Path) -> None:
    said = profile_use.keys_time_left_text(WorldApp(tmp_path), keys("A", NOW + HOUR))
    assert said == "these keys end in 1h, at 2096-10-02T08:06:40Z"


def test_closed_streams_are_empty_and_take_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(sys, name, None)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    output.replace_closed_streams()
    with sys.stdin as stdin, sys.stderr as stderr:
        assert stdin.read() == ""
        assert stderr.write("lost") == 4


def test_only_a_closed_stdout_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = io.StringIO()
    monkeypatch.setattr(sys, "stdout", opened)
    output.replace_closed_streams()
    assert sys.stdout is opened
    monkeypatch.setattr(sys, "stdout", None)
    output.replace_closed_streams()
    assert sys.stdout.fileno() == 1  # writing to it is an error while 1 is closed
