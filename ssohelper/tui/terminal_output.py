"""Writes to the terminal in a thread, and gives up if it is closed or the program must end."""

from __future__ import annotations

import os
import queue
import select
import sys
import threading
from contextlib import suppress
from typing import TextIO

if sys.platform == "win32":
    raise ImportError("on Windows, Textual's own driver writes to the terminal")
import termios

# As many texts wait at most, as in Textual's own queue. Then drawing waits for the terminal.
_MOST_WAITING = 30
# How long one wait for the terminal is.
_WAIT_SECONDS = 0.1
# How many such waits there are, in all, once the program must end.
_WAITS_BEFORE_END = 10
# How long to wait for the thread after it was told to stop writing.
_STOP_SECONDS = 0.5
# A write of at most this many bytes cannot be stopped.
_BYTES = 1024
# Undoes what Textual sets in the terminal. CAN (\x18) ends a sequence of which only a part was
# written.
_RESET = (
    "\x18\x1b[?2026l\x1b]22;default\x07\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l"
    "\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[<u{leave}\x1b[0m\x1b[?25h"
)
_LEAVE_FULL_SCREEN = "\x1b[?1049l"


class TerminalOutput:
    """Writes text to the terminal, in a thread, from `start` to `close`.

    Textual's own thread ends when the terminal is closed, and the program would wait for ever for
    room in its queue. After `end_soon` a terminal that does not read is waited for a second at
    most. Then the output drops what waits, and restores the terminal.
    """

    def __init__(self, terminal: TextIO, *, is_full_screen: bool) -> None:
        self._reset = _RESET.format(leave=_LEAVE_FULL_SCREEN if is_full_screen else "").encode()
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread()
        self._added = ""
        self._fileno, self._encoding = terminal.fileno(), terminal.encoding
        self.must_end = self._has_given_up = False
        self._waits_left = _WAITS_BEFORE_END

    def start(self) -> None:
        if not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._write_waiting_texts, daemon=True, name="tui-output"
            )
            self._thread.start()

    def add(self, text: str) -> None:
        """Write the text together with that of the next `write`, as one drawing."""
        self._added += text

    def write(self, text: str) -> None:
        """Write what was added and this text soon. Waits while many texts wait for the terminal."""
        added, self._added = self._added, ""
        self._put((added + text).encode(self._encoding, "backslashreplace"))

    def close(self) -> None:
        self.write("")
        self._put(None)
        while self._thread.is_alive() and not self._has_given_up:
            self._thread.join(_WAIT_SECONDS)
            self._count_wait()
        # The thread may be in a write that does not return: it does not hold up the program's end.
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def end_soon(self) -> None:
        """Wait for the terminal a second more at most.

        A signal handler may call this: it takes no lock.
        """
        self.must_end = True

    def _put(self, data: bytes | None) -> None:
        while not self._has_given_up:
            try:
                self._waiting.put(data, timeout=_WAIT_SECONDS)
            except queue.Full:
                self._count_wait()
            else:
                return

    def _count_wait(self) -> None:
        """Note that the terminal was waited for. If that was often enough, give up."""
        if self.must_end:
            self._waits_left -= 1
        if self._waits_left <= 0 and not self._has_given_up:
            self._has_given_up = True
            # This drops what the terminal has not read, so that the thread's write has room, and so
            # has what restores the terminal. Linux lets a write that waits go on only at a change of
            # the settings, even to the same ones.
            with suppress(termios.error):
                termios.tcflush(self._fileno, termios.TCOFLUSH)
                settings = termios.tcgetattr(self._fileno)
                termios.tcsetattr(self._fileno, termios.TCSANOW, settings)
            with suppress(queue.Full):
                self._waiting.put_nowait(None)

    def _write_waiting_texts(self) -> None:
        try:
            while (data := self._waiting.get()) is not None and not self._has_given_up:
                self._write_now(data)
            if self._has_given_up:
                os.write(self._fileno, self._reset)
        except OSError:  # the terminal was closed: nothing more can be written
            self._has_given_up = True

    def _write_now(self, data: bytes) -> None:
        while data and not self._has_given_up:
            try:
                data = data[os.write(self._fileno, data[:_BYTES]) :]
            except BlockingIOError:  # another program has made writes to this terminal return
                select.select([], [self._fileno], [], _WAIT_SECONDS)
