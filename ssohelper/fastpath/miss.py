"""A miss: argv → the session's broker → stdout. Imports the socket, and nothing that asks AWS."""

import os
import sys
import time

from ssohelper import ready_document
from ssohelper.fastpath import broker_client

# The contract's one deadline: an SDK never waits longer than this (plus start-up) for an answer.
CALL_SECONDS = 18.0
# Field 22 of proc(5)'s stat, behind the pid and the name.
_START_TIME = 19
# Longer than any start: then this is another program's process, in which we were called.
_LONGEST_START_UP_SECONDS = 5
_SEPARATOR = b"\x1f"
_ERROR_FIELDS = 5
_LINE = 4


def answer(argv: "list[str]", began: float) -> "int | None":
    """Print the broker's answer; return the exit code, or None where it gives none.

    `began` is the monotonic moment at which this process began to work.
    """
    key = ready_document.key_of(argv)
    if key is None:
        return None
    try:
        code, document, rest = broker_client.ask(
            key, os.environ, seconds_left(began), may_wait_longer=True
        )
    except (broker_client.Unavailable, broker_client.Stopped):
        return None  # a stopped broker took all of the time: what is cached must do
    except KeyboardInterrupt:
        return 130
    fields = rest.split(_SEPARATOR) if rest else []
    if code:
        _say(fields[_LINE])
        return code
    for warning in fields:
        _say(b"ssohelper: warning: " + warning)
    return 0 if _print(document) else 7


def seconds_left(began: float) -> float:
    """Return how much of the deadline is left; starting Python and the launcher count."""
    elapsed = time.monotonic() - began
    return max(0.0, CALL_SECONDS - elapsed - _start_up_seconds(elapsed))


def _start_up_seconds(elapsed: float) -> float:
    """Return how long the launcher and Python took before our first line: a caller waits for them
    too, seconds on a busy machine. Zero where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    try:
        with open("/proc/self/stat", "rb") as stat:
            started_at = int(stat.read().rpartition(b")")[2].split()[_START_TIME])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started_at / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
    before = age - elapsed
    return before if 0 < before < _LONGEST_START_UP_SECONDS else 0.0


def _print(document: bytes) -> bool:
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as cause:
        _say(b"ssohelper: error: stdout cannot be written: " + str(cause.strerror).encode())
        return False
    return True


def _say(line: bytes) -> None:
    try:
        os.write(2, line + b"\n")
    except OSError:
        return  # stderr is closed; the exit code still tells
