"""Finds out what the terminal can do, and discards early input. Imports no heavy module."""

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import termios

CANNOT_SUSPEND = "ssohelper cannot be suspended: no shell with job control has started it"


def is_terminal_dumb() -> bool:
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"


def shows_colors() -> bool:
    return not is_terminal_dumb() and not os.environ.get("NO_COLOR")


def can_suspend_program() -> bool:
    """Return whether a shell with job control started this program, so that `fg` can continue it.

    Such a shell gives each program a process group of its own. Below `$(…)`, `uv run` or `ssh -t`,
    a stopped program would hang the terminal.
    """
    if sys.platform == "win32":
        return False
    return os.getpgrp() == os.getpid() != os.getsid(0)


def discard_typed_input(fileno: int) -> None:
    """Discard text typed before a question; unread text of a pipe stays."""
    if not os.isatty(fileno):
        return
    if sys.platform == "win32":
        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        termios.tcflush(fileno, termios.TCIFLUSH)
