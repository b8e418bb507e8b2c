"""Filters the terminal's input for Textual: pasted text never counts as keys, late answers are
dropped.

Textual's parser takes an escape character in a bracketed paste, or an unknown answer, for a key.
"""

from __future__ import annotations

import codecs
import math
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

if sys.platform != "win32":
    import termios
    import tty

# How long to wait for the rest of a sequence: after a single escape character, which may be the key
# Escape; after one while an answer is awaited; after any other beginning.
_ESCAPE_SECONDS, _ESCAPE_SECONDS_BEFORE_ANSWER, _SEQUENCE_SECONDS = 0.1, 0.5, 0.5
# Over a slow network an answer comes late.
_ANSWER_SECONDS = 5.0
# If the end of a paste or answer is missing, keys count again after this pause.
_PAUSE_SECONDS = 1.0
# No text field takes more; the rest of a longer paste is dropped.
_MAX_PASTED = 65_536

PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"
# The key Escape in the kitty protocol: after a plain escape character, Textual would wait for more.
_ESCAPE_KEY = "\x1b[27u"
# After an escape character: a control sequence (parameters, the rest); an incomplete one; the
# beginning of an answer (OSC, DCS, APC); the end of an answer; other keys.
_SEQUENCE = re.compile(
    r"\x1b(?:\[([0-?]*)([ -/]*[@-~])|(\[[0-?]*[ -/]*)|(\][0-9]|P[0-9>!$+=]|_G)|(\\)|[^\x1b])",
    re.DOTALL,
)
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[]P_])?\Z")
# Characters that came at once and begin with one that may be a key: a paste of a terminal without
# bracketed paste. On an empty search, Space, ? and : are keys. Over a slow network, two or three
# typed keys come at once.
_BURST = re.compile(r"[ ?:][^\x00-\x1f\x7f]{3,}")
_ONE_KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|.", re.DOTALL)
_END_OF_ANSWER = re.compile(r"\x07|\x1b\\|\x1b")
_PASTED_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_PASTED_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TerminalInput:
    """Gets a terminal's input in pieces of any length, and returns what may be read as keys.

    A paste is returned whole, between its marks, without control characters except newline and tab.
    In the next `early_bytes`, typed before we changed the terminal's settings, a line feed is
    Enter.
    """

    def __init__(self) -> None:
        self.escape_seconds, self.escape_key = _ESCAPE_SECONDS, _ESCAPE_KEY
        self.early_bytes: int | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("ignore").decode
        self._held = ""  # the beginning of a sequence, or of an end mark
        self._is_in_paste = self._is_in_answer = self._is_paused = False
        self._pasted = ""
        self._awaits_answer_until = self._gives_up_at = -math.inf

    def await_answer(self, now: float) -> None:
        """Record that requests were sent to the terminal, the last for device attributes (DA1)."""
        self._awaits_answer_until = now + _ANSWER_SECONDS

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds without input until `release_held_input` must be called, or None."""
        return max(0.0, self._gives_up_at - now) if self._gives_up_at > -math.inf else None

    def feed(self, data: bytes, now: float) -> str:
        if self.early_bytes:
            early, data = data[: self.early_bytes], data[self.early_bytes :]
            self.early_bytes -= len(early)
            data = early.replace(b"\n", b"\r") + data
        came = self._decode(data)
        if self._is_paused and not self._held and _ONE_KEY.fullmatch(came):
            self._end_paste_or_answer()  # a key on its own after a pause belongs to no paste
        self._is_paused = False
        text, self._held = self._held + came, ""
        keys: list[str] = []
        while text:
            if self._is_in_paste:
                text = self._read_paste(text, keys)
            elif self._is_in_answer:
                text = self._skip_answer(text)
            else:
                text = self._read_keys(text, keys)
        self._gives_up_at = now + self._seconds_to_hold(now)
        return "".join(keys)

    def release_held_input(self, now: float) -> str:
        if now < self._gives_up_at or self._gives_up_at == -math.inf:
            return ""
        self._gives_up_at = -math.inf
        keys: list[str] = []
        if self._is_in_paste or self._is_in_answer:
            self._is_paused = True
            self._append_cleaned_paste(keys)
        elif self._held == "\x1b":
            keys.append(self.escape_key)
        elif len(self._held) == 2 or self._held.endswith("$"):  # alt and a key; a key of rxvt
            keys.append(self._held)
        if not self._is_paused:
            self._held = ""
        return "".join(keys)

    def drop_held_input(self) -> None:
        self._end_paste_or_answer()
        self._is_paused, self._gives_up_at = False, -math.inf

    def _seconds_to_hold(self, now: float) -> float:
        if self._is_in_paste or self._is_in_answer:
            return _PAUSE_SECONDS
        if self._held == "\x1b":
            is_awaiting = now < self._awaits_answer_until
            return _ESCAPE_SECONDS_BEFORE_ANSWER if is_awaiting else self.escape_seconds
        return _SEQUENCE_SECONDS if self._held else -math.inf

    def _end_paste_or_answer(self) -> None:
        self._is_in_paste = self._is_in_answer = False
        self._held = self._pasted = ""

    def _read_keys(self, text: str, keys: list[str]) -> str:
        at = 0
        while (found := text.find("\x1b", at)) >= 0:
            keys.append(text[at:found] if at else _mark_burst(text[:found]))
            if _BEGINNING.match(text, found):
                self._held = text[found:]
                return ""
            sequence = _SEQUENCE.match(text, found)
            if sequence is None:
                keys.append(self.escape_key)
                at = found + 1
                continue
            at = sequence.end()
            parameters, end, broken_off, answer, stray_end = sequence.groups()
            if sequence.group() == PASTE_BEGIN:
                self._is_in_paste = True
                return text[at:]
            if answer:
                self._is_in_answer = True
                return text[at:]
            if end == "c" and parameters[:1] == "?":
                self._awaits_answer_until = -math.inf
            is_answer = end is not None and parameters[:1] in tuple("?>=") and end != "$y"
            if not (is_answer or broken_off or stray_end or sequence.group() == PASTE_END):
                keys.append(sequence.group())
        keys.append(text[at:] if at else _mark_burst(text))
        return ""

    def _read_paste(self, text: str, keys: list[str]) -> str:
        pasted, end, rest = text.partition(PASTE_END)
        if not end:
            begun = next(
                n for n in range(len(PASTE_END) - 1, -1, -1) if text.endswith(PASTE_END[:n])
            )
            pasted, self._held = text[: len(text) - begun], PASTE_END[:begun]
        self._pasted += pasted[: _MAX_PASTED - len(self._pasted)]
        if end:
            self._append_cleaned_paste(keys)
            self._end_paste_or_answer()
        return rest

    def _append_cleaned_paste(self, keys: list[str]) -> None:
        if self._pasted:
            text = self._pasted.replace("\r\n", "\n").replace("\r", "\n")
            text = _PASTED_CONTROL.sub("", _PASTED_SEQUENCE.sub("", text))
            keys.append(f"{PASTE_BEGIN}{text}{PASTE_END}")
        self._pasted = ""

    def _skip_answer(self, text: str) -> str:
        end = _END_OF_ANSWER.search(text)
        if end is None:
            return ""
        at = end.end()
        if end.group() == "\x1b":
            at = end.start()  # this Escape begins another sequence, or the answer's end
            if text[at:] == "\x1b":
                self._held = "\x1b"
                return ""
        self._end_paste_or_answer()
        return text[at:]


def _mark_burst(text: str) -> str:
    """Return the keys with the marks of a paste around a burst at their beginning."""
    found = _BURST.match(text)
    return f"{PASTE_BEGIN}{found[0]}{PASTE_END}{text[found.end() :]}" if found else text


# -- the background's colour ------------------------------------------------------------------

_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
# Text typed before the echo stopped would show again after the full-screen program.
_ERASE_LINE = b"\r\x1b[K"
_COLOUR = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_ATTRIBUTES = re.compile(rb"\x1b\[\?[\d;]*c")
# How long to wait for the answer: locally, over SSH, before a signal takes effect.
_SECONDS, _SECONDS_OVER_SSH, _SECONDS_BEFORE_END = 0.1, 1.0, 1.0


class Background:
    """Tells whether the terminal's background is light, once the `with` block has ended.

    `typed` are the keys typed meanwhile; `input`, which read them, drops the rest of a late answer.
    """

    is_light = False
    typed = b""

    def __init__(self) -> None:
        self.input = TerminalInput()


@contextmanager
def ask_background_colour(environ: Mapping[str, str]) -> Iterator[Background]:
    """Ask for the background's colour. The answer is read after the `with` block; none means dark."""
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
