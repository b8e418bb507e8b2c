"""Finds out what the terminal can do, and discards early input. Imports no heavy module."""

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import termios

CANNOT_SUSPEND = "ssohelper cannot be suspended: no shell with job control has started it"


def is_terminal_dumb() -> bool:
    """Return whether the terminal cannot draw screens. False on Windows, which has no TERM."""
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"


def shows_colors() -> bool:
    """Return whether the terminal shows colours and the user wants them (NO_COLOR is not set)."""
    return not is_terminal_dumb() and not os.environ.get("NO_COLOR")


def can_suspend_program() -> bool:
    """Return whether a shell with job control runs this program, so that `fg` can continue it.

    Such a shell gives each program a process group of its own. If a program stops in the process
    group of another program, as in `$(…)` or below `uv run`, the shell gives no prompt, and the
    user's terminal hangs. The leader of a process session (`ssh -t host ssohelper`) has no such
    shell as its parent.
    """
    if sys.platform == "win32":
        return False
    return os.getpgrp() == os.getpid() != os.getsid(0)


def discard_typed_input(fileno: int) -> None:
    """Discard unread text that was typed or pasted on this terminal. Unread text of a pipe stays.

    Call this before a question, since text that was typed earlier is no answer to it.
    """
    if not os.isatty(fileno):
        return
    if sys.platform == "win32":
        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        termios.tcflush(fileno, termios.TCIFLUSH)
