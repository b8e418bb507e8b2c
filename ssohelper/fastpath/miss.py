"""Answers a miss, a call without a published response, by asking the session's broker.

Waits for a sign-in, if the settings say so. Imports nothing that can talk to AWS.
"""

import os
import select
import sys
import time

from ssohelper.fastpath import CALL_SECONDS, broker_client, published

# The process's start time is field 22 of /proc/self/stat. This index skips process id and name.
_START_TIME = 19
# If the process is older, another program ran in it before us: its age is not our start-up time.
_LONGEST_START_UP_SECONDS = 5
_LOGIN_REQUIRED = 4
_REFUSED = 9
_CHECK_SECONDS = 1.0


def answer_miss(argv: "list[str]", began: float) -> "int | None":
    """Return the exit code; None if this process must find the answer without a broker.

    `began` is the monotonic time of this process's first line.
    """
    key = published.parse_role_key(argv)
    if key is None or os.environ.get("SSOHELPER_LOG"):
        return None  # with -v this process must log to its own stderr, so it asks AWS itself
    if "SSOHELPER_ALLOW" in os.environ:
        return None  # `ssohelper.credential_process` must check the allow-list
    try:
        code, document, rest = _ask_session_broker(key, measure_seconds_left(began))
        if code == _LOGIN_REQUIRED:
            code, document, rest = _wait_for_sign_in(key, (code, document, rest), began)
    except (broker_client.Unavailable, broker_client.Stopped):
        # the broker does not react and the time is used up, so only cached credentials can help
        return None
    except broker_client.Doubtful as doubt:
        broker_client.doubt_of_miss = doubt  # this process asks AWS itself
        return None
    except KeyboardInterrupt:
        return 130
    if code == _REFUSED:
        return None  # the role is guarded: the slower path checks whether a grant is in force
    fields = rest.split(broker_client.SEPARATOR) if rest else []
    if code:
        _write_line_to_stderr(fields[broker_client.LINE])
        return code
    for warning in fields:
        _write_line_to_stderr(b"ssohelper: warning: " + warning)
    unwritten = published.write_to_stdout(document)
    if unwritten is None:
        return 0
    reason = str(unwritten.strerror).encode()
    _write_line_to_stderr(b"ssohelper: error: stdout cannot be written: " + reason)
    return 7


def _ask_session_broker(key: "tuple[str, str, str]", seconds: float) -> "tuple[int, bytes, bytes]":
    return broker_client.ask_broker(key, os.environ, seconds, is_permitted=False)


def _wait_for_sign_in(
    key: "tuple[str, str, str]", answer: "tuple[int, bytes, bytes]", began: float
) -> "tuple[int, bytes, bytes]":
    """Return the broker's next answer, after a sign-in or when its wait is over."""
    fields = answer[2].split(broker_client.SEPARATOR)
    ends_at = began + int(fields[broker_client.WAIT_SECONDS])
    if ends_at <= began:
        return answer
    _write_line_to_stderr(fields[broker_client.WAIT_LINE])
    # The user may have signed in since the broker answered.
    seen: object = None
    while answer[0] == _LOGIN_REQUIRED:
        stamp = _read_stamp(fields[broker_client.WATCHED_FILE])
        if stamp != seen:
            try:
                answer, seen = _ask_session_broker(key, CALL_SECONDS), stamp
                continue
            except (broker_client.Unavailable, broker_client.Stopped):
                # the token file has changed but no broker answers yet, so the next round asks again
                pass
        left = ends_at - time.monotonic()
        if left <= 0 or not _sleep_while_read(min(left, _CHECK_SECONDS)):
            return answer
    return answer


def _read_stamp(path: bytes) -> "tuple[int, int, int]":
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sleep_while_read(seconds: float) -> bool:
    """Sleep. Return False at once if the SDK has ended, so that no process reads our stdout."""
    if sys.platform == "win32":
        time.sleep(seconds)
        return True
    stdout = select.poll()
    stdout.register(1, 0)
    # The events of `poll` that say that no process reads stdout.
    gone = select.POLLERR | select.POLLHUP | select.POLLNVAL
    return not any(event & gone for _, event in stdout.poll(seconds * 1000))


def measure_seconds_left(began: float) -> float:
    """Return the seconds until the deadline, which counts from the launcher's start."""
    elapsed = time.monotonic() - began
    return max(0.0, CALL_SECONDS - elapsed - _measure_start_up_seconds(elapsed))


def _measure_start_up_seconds(elapsed: float) -> float:
    """Return how long our start took, which the caller has waited too; 0 if unknown."""
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


def _write_line_to_stderr(line: bytes) -> None:
    try:
        os.write(2, line + b"\n")
    except OSError:
        return  # stderr is closed; the exit code still tells what happened
