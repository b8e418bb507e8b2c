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
    uptime = int(clock.measure_uptime())
    if sys.platform == "win32":
        uid = 0
    else:
        uid = os.geteuid()
    return GrantContext(uid, clock.read_boot_id(), find_terminal_session(), now, uptime)


def find_terminal_session() -> TerminalSession | None:
    """Return the session of the controlling terminal, even if no stream is a terminal."""
    if sys.platform == "win32":
        return None
    leader = os.getsid(0)
    try:
        if sys.platform != "linux":
            # Without /proc, only an open stream has the terminal's name, and SDKs redirect all
            # streams.
            os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
            return TerminalSession(leader, 0, "")
        terminal = calling_process.find_caller()[1]
        fields = Path(f"/proc/{leader}/stat").read_bytes().rpartition(b")")[2].split()
        # Once the session's leader has ended, another session may get the same id.
        return TerminalSession(leader, int(fields[_START_TIME]), terminal) if terminal else None
    except (OSError, ValueError, IndexError):
        return None
