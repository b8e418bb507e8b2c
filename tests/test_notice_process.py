"""The process that runs a notice's command: it ends the command after its time limit."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ssohelper import notice_process
from tests.system.test_notify import alive, wait_for


def test_a_command_that_hangs_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    asked: list[bool] = []

    def monotonic() -> float:
        """Return 0 at first, however soon the command runs; once it runs, the end of the limit."""
        asked.append(pids.exists())
        return float(notice_process._SECONDS if len(asked) > 1 and asked[-1] else 0)

    clock = SimpleNamespace(monotonic=monotonic, sleep=time.sleep)
    monkeypatch.setattr(notice_process, "time", clock)
    script = f"sleep 600 & echo $! $$ > {pids}.part; mv {pids}.part {pids}; wait"
    notice_process.run_notice_process(["/bin/sh", "-c", script])
    for pid in wait_for(pids).split():
        ends_at = time.monotonic() + 30
        while alive(int(pid)):
            assert time.monotonic() < ends_at, "it was not ended"
            time.sleep(0.02)
