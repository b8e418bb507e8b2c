"""Runs the user's `notify` command for one notice; kills the command after 20 s."""

import contextlib
import os
import signal
import subprocess
import sys
import time

_SECONDS = 20.0
_CHECK_SECONDS = 0.2


def run_notice_process(argv: list[str]) -> int:
    """Run the program `argv`, which shows the notice. No caller uses the exit code."""
    if not argv:
        return 2
    with contextlib.suppress(OSError, ValueError):
        _run_on_unix(argv)
    return 0


def _run_on_unix(argv: list[str]) -> None:
    if sys.platform == "win32":
        _run_on_windows(argv)
        return
    # This process's streams are /dev/null already. Signals that the parent process ignores are
    # reset to their defaults, so that the command does not ignore them too.
    pid = os.posix_spawn(
        argv[0],
        argv,
        os.environ,
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGXFSZ),
    )
    ends_at = time.monotonic() + _SECONDS
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() >= ends_at:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(_CHECK_SECONDS)


def _run_on_windows(argv: list[str]) -> None:
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
