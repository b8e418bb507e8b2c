"""What is said of keys that were handed out, and of streams that were closed."""

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


def test_a_closed_stdout_takes_text_that_a_flush_would_fail_to_write(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    output.replace_closed_streams()
    sys.stdout.write("données")
    output.flush_stdout()
    assert capfd.readouterr().out == "données"
