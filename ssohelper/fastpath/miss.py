"""A miss: argv → the session's broker → stdout. Imports `socket`, and nothing that asks AWS.

Where the settings say so, it waits for a sign-in instead of failing with exit code 4.
"""

import os
import select
import sys
import time

from ssohelper.fastpath import CALL_SECONDS, broker_client, published

# Field 22 of proc(5)'s stat, counted after the pid and the name.
_START_TIME = 19
# Longer than any start of ours: then another program called us within its own process.
_LONGEST_START_UP_SECONDS = 5
_LOGIN_REQUIRED = 4
_CHECK_SECONDS = 1.0


def answer(argv: "list[str]", began: float) -> "int | None":
    """Print the broker's answer; return the exit code, or None when there is no answer.

    `began`: the monotonic time at which this process started to work.
    """
    key = published.parse_key(argv)
    if key is None or os.environ.get("SSOHELPER_LOG"):
        return None  # with a log, this process asks AWS itself: a broker cannot log to our stderr
    try:
        code, document, rest = _ask(key, seconds_left(began))
        if code == _LOGIN_REQUIRED:
            code, document, rest = _wait_for_sign_in(key, (code, document, rest), began)
    except (broker_client.Unavailable, broker_client.Stopped):
        return None  # a stopped broker took all of the time: only the cache is left
    except KeyboardInterrupt:
        return 130
    fields = rest.split(broker_client.SEPARATOR) if rest else []
    if code:
        _write_line(fields[broker_client.LINE])
        return code
    for warning in fields:
        _write_line(b"ssohelper: warning: " + warning)
    return 0 if _write_document(document) else 7


def _ask(key: "tuple[str, str, str]", seconds: float) -> "tuple[int, bytes, bytes]":
    return broker_client.ask(key, os.environ, seconds, may_wait_longer=True)


def _wait_for_sign_in(
    key: "tuple[str, str, str]", answer: "tuple[int, bytes, bytes]", began: float
) -> "tuple[int, bytes, bytes]":
    """Wait for a sign-in for as long as the broker allows; return the broker's next answer.

    No broker runs meanwhile: once a second this compares the token file's date.
    """
    fields = answer[2].split(broker_client.SEPARATOR)
    ends_at = began + int(fields[broker_client.WAIT_SECONDS])
    if ends_at <= began:
        return answer
    _write_line(fields[broker_client.WAIT_LINE])
    # The broker is asked once more at first: a sign-in may have come since its answer.
    seen: object = None
    while answer[0] == _LOGIN_REQUIRED:
        stamp = _read_stamp(fields[broker_client.WATCHED_FILE])
        if stamp != seen:
            try:
                answer, seen = _ask(key, CALL_SECONDS), stamp
                continue
            except (broker_client.Unavailable, broker_client.Stopped):
                pass  # the next broker may answer, after a pause
        left = ends_at - time.monotonic()
        if left <= 0 or not _sleep_while_awaited(min(left, _CHECK_SECONDS)):
            return answer
    return answer


def _read_stamp(path: bytes) -> "tuple[int, int, int]":
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sleep_while_awaited(seconds: float) -> bool:
    """Sleep; return False at once when nothing reads our stdout any more: the SDK has ended."""
    if sys.platform == "win32":
        time.sleep(seconds)
        return True
    stdout = select.poll()
    stdout.register(1, 0)
    gone = select.POLLERR | select.POLLHUP | select.POLLNVAL  # a pipe's, a socket's, closed
    return not any(event & gone for _, event in stdout.poll(seconds * 1000))


def seconds_left(began: float) -> float:
    """Return the seconds that are left of the deadline, which starts with the launcher."""
    elapsed = time.monotonic() - began
    return max(0.0, CALL_SECONDS - elapsed - _start_up_seconds(elapsed))


def _start_up_seconds(elapsed: float) -> float:
    """Return how long the launcher and Python took before our first line.

    On a busy machine these are seconds, for which the caller waits too. 0 where it is unknown.
    """
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


def _write_document(document: bytes) -> bool:
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as cause:
        _write_line(b"ssohelper: error: stdout cannot be written: " + str(cause.strerror).encode())
        return False
    return True


def _write_line(line: bytes) -> None:
    try:
        os.write(2, line + b"\n")
    except OSError:
        return  # stderr is closed; the exit code still tells what happened
