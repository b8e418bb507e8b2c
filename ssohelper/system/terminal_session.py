"""Finds the terminal session of this process, to which a grant is bound."""

import os
import sys
from pathlib import Path

from ssohelper.core.grants import GrantContext, TerminalSession
from ssohelper.fastpath import calling_process
from ssohelper.system import clock

# The position of the start time (field 22) in /proc/PID/stat, counted after the process id and the
# name (proc(5)).
_START_TIME = 19


def find_grant_context(now: int) -> GrantContext:
    """Return user, boot, terminal session and clocks of this process; `now` is epoch seconds."""
    uptime = int(clock.measure_uptime())
    return GrantContext(_get_uid(), clock.read_boot_id(), find_terminal_session(), now, uptime)


def _get_uid() -> int:
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def find_terminal_session() -> TerminalSession | None:
    """Return the session of the controlling terminal; None for a process without a terminal."""
    if sys.platform == "win32":
        return None
    leader = os.getsid(0)
    if sys.platform != "linux":
        # On systems without /proc, only an open stream has the terminal's name, and SDKs redirect
        # all streams.
        return TerminalSession(leader, 0, "") if _has_process_a_terminal() else None
    terminal = calling_process.find_caller()[1]
    if not terminal:
        return None
    started = _read_start_time_of_process(leader)
    # If the shell, the leader of the terminal session, has ended, another session may get the same
    # id.
    return None if started is None else TerminalSession(leader, started, terminal)


def _has_process_a_terminal() -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _read_start_time_of_process(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[_START_TIME])
    except (OSError, ValueError, IndexError):
        return None
