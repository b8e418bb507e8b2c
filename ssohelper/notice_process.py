"""Runs the user's `notify` command for one notice; kills the command after 20 s."""

import contextlib
import os
import signal
import subprocess
import sys

_SECONDS = 20.0


def run_notice_process(argv: list[str]) -> int:
    if not argv:
        return 2
    if sys.platform != "win32":
        # A shell that started this process in the background lets it ignore these signals.
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
    null = subprocess.DEVNULL
    with contextlib.suppress(OSError, ValueError):
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, start_new_session=True)
        try:
            child.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                child.kill()
            else:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return 0
