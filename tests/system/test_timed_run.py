"""A program that hangs is ended with its children; what it prints is returned."""

import os
import time
from pathlib import Path

from ssohelper.system import timed_run


def test_returns_code_and_output_and_gives_no_input() -> None:
    ended = timed_run.run_with_time_limit(
        ["/bin/sh", "-c", "cat; echo out; echo err >&2; exit 7"], os.environ, 60
    )
    assert (ended.code, ended.stdout, ended.stderr) == (7, b"out\n", b"err\n")


def test_what_does_not_start_says_why() -> None:
    ended = timed_run.run_with_time_limit(["/nowhere/program"], os.environ, 60)
    assert (ended.code, ended.reason) == (None, "no such file or directory")


def test_what_hangs_is_killed_with_its_group(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    seconds = 0.5
    while not (tmp_path / "child").exists() and seconds < 60:  # a slow machine starts no sh so soon
        assert (
            timed_run.run_with_time_limit(["/bin/sh", "-c", script], os.environ, seconds).code
            is None
        )
        seconds *= 2
    child = int((tmp_path / "child").read_text())
    ends_at = time.monotonic() + 60
    while _is_running(child) and time.monotonic() < ends_at:
        time.sleep(0.01)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
