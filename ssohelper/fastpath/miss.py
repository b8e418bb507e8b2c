"""A miss: argv → the session's broker → stdout. Imports the socket, and nothing that asks AWS.

Where the settings say so, it waits for a person's sign-in instead of failing with exit code 4.
"""

import os
import select
import sys
import time

from ssohelper.fastpath import CALL_SECONDS, broker_client, published

# Field 22 of proc(5)'s stat, behind the pid and the name.
_START_TIME = 19
# Longer than any start: then this is another program's process, in which we were called.
_LONGEST_START_UP_SECONDS = 5
_LOGIN_REQUIRED = 4
_LOOK_SECONDS = 1.0


def answer(argv: "list[str]", began: float) -> "int | None":
    """Print the broker's answer; return the exit code, or None where it gives none.

    `began` is the monotonic moment at which this process began to work.
    """
    key = published.parse_key(argv)
    if key is None or os.environ.get("SSOHELPER_LOG"):
        return None  # with a log, this process asks AWS itself: a broker has no stderr of ours
    try:
        code, document, rest = _ask(key, seconds_left(began))
        if code == _LOGIN_REQUIRED:
            code, document, rest = _after_sign_in(key, (code, document, rest), began)
    except (broker_client.Unavailable, broker_client.Stopped):
        return None  # a stopped broker took all of the time: what is cached must do
    except KeyboardInterrupt:
        return 130
    fields = rest.split(broker_client.SEPARATOR) if rest else []
    if code:
        _say(fields[broker_client.LINE])
        return code
    for warning in fields:
        _say(b"ssohelper: warning: " + warning)
    return 0 if _print(document) else 7


def _ask(key: "tuple[str, str, str]", seconds: float) -> "tuple[int, bytes, bytes]":
    return broker_client.ask(key, os.environ, seconds, may_wait_longer=True)


def _after_sign_in(
    key: "tuple[str, str, str]", answer: "tuple[int, bytes, bytes]", began: float
) -> "tuple[int, bytes, bytes]":
    """Wait for a sign-in for as long as the broker allows; return its answer then.

    No broker is kept alive meanwhile: once a second the token file's date is compared.
    """
    fields = answer[2].split(broker_client.SEPARATOR)
    ends_at = began + int(fields[broker_client.WAIT_SECONDS])
    if ends_at <= began:
        return answer
    _say(fields[broker_client.WAIT_LINE])
    # At first nothing is known of the file, so the broker is asked once more: a sign-in may have
    # come since its answer.
    seen: object = None
    while answer[0] == _LOGIN_REQUIRED:
        stamp = _stamp(fields[broker_client.WATCHED_FILE])
        if stamp != seen:
            try:
                answer, seen = _ask(key, CALL_SECONDS), stamp
                continue
            except (broker_client.Unavailable, broker_client.Stopped):
                pass  # after a pause the next one may answer
        left = ends_at - time.monotonic()
        if left <= 0 or not _is_awaited(min(left, _LOOK_SECONDS)):
            return answer
    return answer


def _stamp(path: bytes) -> "tuple[int, int, int]":
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_awaited(seconds: float) -> bool:
    """Sleep; return False at once when nothing reads our stdout any more: the SDK has ended."""
    if sys.platform == "win32":
        time.sleep(seconds)
        return True
    stdout = select.poll()
    stdout.register(1, 0)
    gone = select.POLLERR | select.POLLHUP | select.POLLNVAL  # a pipe's, a socket's, closed
    return not any(event & gone for _, event in stdout.poll(seconds * 1000))


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
