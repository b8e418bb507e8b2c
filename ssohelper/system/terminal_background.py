"""Asks the terminal for the colour of its background (OSC 11), before a screen is drawn.

A request for device attributes (DA1) follows, which every terminal answers: its answer ends the
wait. Signals are delayed until then, since the shell would take a late answer for typed text.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ssohelper.fastpath.own_process import delay_signals
from ssohelper.system.terminal_input import TerminalInput

if sys.platform != "win32":
    import termios
    import tty

_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
# Text typed before the echo stopped would show again after the full-screen program.
_ERASE_LINE = b"\r\x1b[K"
_COLOUR = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_ATTRIBUTES = re.compile(rb"\x1b\[\?[\d;]*c")
_SECONDS, _SECONDS_OVER_SSH = 0.1, 1.0
_SECONDS_BEFORE_END = 1.0


class Background:
    """Whether the background is light, set when the `with` block has ended.

    `typed` are the keys typed meanwhile; `input`, which read them, drops the rest of a late answer.
    """

    is_light = False
    typed = b""

    def __init__(self) -> None:
        self.input = TerminalInput()


@contextmanager
def ask_background_colour(environ: Mapping[str, str]) -> Iterator[Background]:
    """Ask for the background's colour; the answer is read after the `with` block, dark without one."""
    with delay_signals():
        yield from _ask_terminal(environ)


def _ask_terminal(environ: Mapping[str, str]) -> Iterator[Background]:
    found = Background()
    before = _stop_echo() if environ.get("TERM") != "linux" else None
    if before is None:
        yield found
        return
    over_ssh = "SSH_CONNECTION" in environ or "SSH_TTY" in environ
    ends_at = time.monotonic() + (_SECONDS_OVER_SSH if over_ssh else _SECONDS)
    try:
        found.input.await_answer(time.monotonic())
        os.write(2, (_ERASE_LINE if select.select([0], [], [], 0)[0] else b"") + _QUESTION)
        try:
            yield found
        finally:  # even after an error: an unread answer would count as typed keys
            answer = _read_answer_of_terminal(ends_at)
            if sys.platform != "win32" and signal.sigpending():
                answer = _read_answer_of_terminal(time.monotonic() + _SECONDS_BEFORE_END, answer)
        colour = _COLOUR.search(answer)
        found.is_light = colour is not None and _is_light_colour(*colour.groups())
        found.typed = found.input.feed(answer, time.monotonic()).encode()
    finally:
        if sys.platform != "win32":
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, before)


def _stop_echo() -> list[Any] | None:
    if sys.platform != "win32":
        with suppress(termios.error):
            before = termios.tcgetattr(0)
            tty.setcbreak(0, termios.TCSANOW)
            return before
    return None


def _read_answer_of_terminal(ends_at: float, read: bytes = b"") -> bytes:
    while not _ATTRIBUTES.search(read):
        if not select.select([0], [], [], max(0.0, ends_at - time.monotonic()))[0]:
            break
        try:
            got = os.read(0, 4096)
        except OSError:
            got = b""
        if not got:  # the terminal was closed
            break
        read += got
    return read


def _is_light_colour(*parts: bytes) -> bool:
    red, green, blue = (int(part, 16) / int("f" * len(part), 16) for part in parts)
    return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
