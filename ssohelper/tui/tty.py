"""The terminal's size, and whether the terminal was closed."""

from __future__ import annotations

import os
import select
import shutil
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

if sys.platform != "win32":
    import fcntl
    import termios

# Erases all lines that the terminal shows, above and below the cursor, which stays. In two steps,
# because "erase all" would save the lines in the scrollback of some terminals.
ERASE_SCREEN = "\x1b[1J\x1b[J"


def terminal_size() -> tuple[int, int]:
    """Return the number of the terminal's columns and of its lines.

    Textual draws on stderr but asks stdout, which is a pipe in $(…), and would assume 80 × 24.
    """
    for stream in (sys.__stderr__, sys.__stdin__, sys.__stdout__):
        try:
            found: Any = os.get_terminal_size(stream.fileno()) if stream else None
        except (OSError, ValueError):
            continue
        if found and found.columns and found.lines:
            return found.columns, found.lines
    fallback = shutil.get_terminal_size()
    return fallback.columns, fallback.lines


def count_bytes_to_read() -> int:
    fileno, found = _stdin_file_number(), bytearray(4)
    if sys.platform != "win32":
        with suppress(OSError):
            if fileno is not None:
                fcntl.ioctl(fileno, termios.FIONREAD, found)
    return int.from_bytes(found, sys.byteorder)


def call_at_hangup(hung_up: Callable[[], None]) -> None:
    """Call the function, in a thread, when the terminal is closed.

    The kernel sends SIGHUP only to the process session that the terminal controls. Another program
    would read end-of-file again and again and use a whole CPU core.
    """
    fileno = _stdin_file_number()
    if fileno is not None:
        threading.Thread(
            target=lambda: hung_up() if _wait_for_hang_up(fileno, None) else None,
            daemon=True,
            name="tui-hangup",
        ).start()


def has_hung_up() -> bool:
    fileno = _stdin_file_number()
    return fileno is not None and _wait_for_hang_up(fileno, 0)


def _wait_for_hang_up(fileno: int, timeout_milliseconds: int | None) -> bool:
    """Wait until the terminal is closed, at most so long (None: no limit); return whether it was."""
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(fileno, 0)  # no event is requested, since poll always reports a hang-up
    found = poll.poll(timeout_milliseconds)
    return any(event & select.POLLHUP for _, event in found)


def _stdin_file_number() -> int | None:
    try:
        return sys.__stdin__.fileno() if sys.__stdin__ is not None else None
    except (OSError, ValueError):
        return None
