"""Tells what the terminal can do, and drops what was typed too early. Imports no heavy module."""

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import termios

CANNOT_SUSPEND = "ssohelper cannot be suspended: no shell with job control has started it"


def is_terminal_dumb() -> bool:
    """Return whether the terminal cannot draw screens; always False on Windows, without TERM."""
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"


def shows_colors() -> bool:
    """Return whether the terminal shows colours and the user wants them (NO_COLOR is not set)."""
    return not is_terminal_dumb() and not os.environ.get("NO_COLOR")


def can_suspend_program() -> bool:
    """Return whether a shell with job control runs this program, which `fg` could then continue.

    Such a shell gives each program a process group of its own. A program that stops in the group of
    another one, as in `$(…)` or below `uv run`, would leave the user with a terminal that waits.
    The leader of a process session (`ssh -t host ssohelper`) has no shell above it at all.
    """
    if sys.platform == "win32":
        return False
    return os.getpgrp() == os.getpid() != os.getsid(0)


def discard_typed_input(fileno: int) -> None:
    """Drop what was typed or pasted on this terminal and not read yet; anything else is kept.

    Call it before a question: what was typed earlier is no answer to it. A pipe keeps its answers.
    """
    if not os.isatty(fileno):
        return
    if sys.platform == "win32":
        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        termios.tcflush(fileno, termios.TCIFLUSH)
