"""The process that runs one notice's command, and ends it with all it started after 20 s."""

import contextlib
import os
import signal
import subprocess
import sys
import time

_SECONDS = 20.0
_LOOK_SECONDS = 0.2


def run(argv: list[str]) -> int:
    """Run `notice-process PROGRAM ARGUMENT…`; the exit code is of no use to anything."""
    if not argv:
        return 2
    with contextlib.suppress(OSError, ValueError):
        _run(argv)
    return 0


def _run(argv: list[str]) -> None:
    if sys.platform == "win32":
        _run_on_windows(argv)
        return
    # Our own streams are /dev/null already. What started us ignores signals that the command needs.
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
        time.sleep(_LOOK_SECONDS)


def _run_on_windows(argv: list[str]) -> None:
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
