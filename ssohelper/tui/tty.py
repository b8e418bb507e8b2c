"""The terminal that is drawn on: its size, and whether it still exists."""

from __future__ import annotations

import os
import select
import shutil
import sys
import threading
from collections.abc import Callable
from typing import Any


def size() -> tuple[int, int]:
    """Return columns and lines.

    Textual draws on stderr but asks stdout for the size: inside $(…) it would find 80 × 24.
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


def call_at_hangup(hung_up: Callable[[], None]) -> None:
    """Call the function, from a thread, when the terminal is closed.

    A SIGHUP does not always tell: it goes to the terminal's own session only. Textual does not
    notice either: it would read an end of file again and again, with a whole CPU core.
    """
    fileno = _stdin()
    if fileno is not None and hasattr(select, "poll"):
        threading.Thread(
            target=lambda: hung_up() if _has_hung_up(fileno, None) else None,
            daemon=True,
            name="tui-hangup",
        ).start()


def has_hung_up() -> bool:
    """Return whether the terminal is closed already."""
    fileno = _stdin()
    return fileno is not None and hasattr(select, "poll") and _has_hung_up(fileno, 0)


def _has_hung_up(fileno: int, timeout_milliseconds: int | None) -> bool:
    """Wait for a hang-up, None: without end. False too where the system cannot watch terminals."""
    poll = select.poll()
    poll.register(fileno, 0)  # a hang-up is always reported, whatever is asked for
    found = poll.poll(timeout_milliseconds)
    return any(event & select.POLLHUP for _, event in found)


def _stdin() -> int | None:
    try:
        return sys.__stdin__.fileno() if sys.__stdin__ is not None else None
    except (OSError, ValueError):
        return None
