"""Cleans what a terminal sends: pasted text is never keys, and late answers are dropped. Pure.

Textual's parser takes an escape character inside a bracketed paste, and an answer that it does not
know, for keys. So this filter reads the terminal's input first.
"""

from __future__ import annotations

import codecs
import math
import re

# How long the beginning of a sequence is held until the rest comes: an escape character alone, which
# may be the key; such a one while the terminal's answer to a question is awaited; any other.
_ESCAPE_SECONDS, _ESCAPE_SECONDS_BEFORE_ANSWER, _SEQUENCE_SECONDS = 0.1, 0.5, 0.5
# How long an answer is awaited at most: every terminal answers, but over a slow network late.
_ANSWER_SECONDS = 5.0
# A paste or an answer whose end does not come is given up at the first key after so long a pause.
_PAUSE_SECONDS = 1.0
# The rest of a longer paste is dropped. No field takes as much.
_MAX_PASTED = 65_536

PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"
# The key Escape in the kitty protocol. After a plain escape character, Textual would wait once more.
_ESCAPE_KEY = "\x1b[27u"
# What follows an escape character, in this order: a control sequence (its parameters, the rest); one
# that is broken off; the beginning of an answer (OSC, DCS, APC); the stray end of one; other keys.
_SEQUENCE = re.compile(
    r"\x1b(?:\[([0-?]*)([ -/]*[@-~])|(\[[0-?]*[ -/]*)|(\][0-9]|P[0-9>!$+=]|_G)|(\\)|[^\x1b])",
    re.DOTALL,
)
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[]P_])?\Z")
# The whole colour of an answer to OSC 11, which may lack its end.
_COLOUR = re.compile(r"11;rgb:[0-9a-fA-F]{4}/[0-9a-fA-F]{4}/[0-9a-fA-F]{4}")
_COLOUR_LENGTH = len("11;rgb:ffff/ffff/ffff")
_ONE_KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?|.", re.DOTALL)
_END_OF_ANSWER = re.compile(r"\x07|\x1b\\|\x1b")
_PASTED_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_PASTED_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TerminalInput:
    """Takes what a terminal sends in any pieces, and returns what may be read as keys.

    A paste is returned as a whole, between its marks, without control characters but newline and
    tab. Times are in seconds of a monotonic clock. `escape_seconds` and `escape_key` may be set.
    In the next `early_bytes` bytes, a line feed is Enter: they came before the terminal was set up
    for us. None if they are not counted yet.
    """

    def __init__(self) -> None:
        self.escape_seconds, self.escape_key = _ESCAPE_SECONDS, _ESCAPE_KEY
        self.early_bytes: int | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("ignore").decode
        self._held = ""  # the beginning of a sequence, or of the mark that ends a paste or answer
        self._is_in_paste = self._is_in_answer = self._is_paused = False
        self._pasted = self._answered = ""
        self._awaits_answer_until = self._gives_up_at = -math.inf

    def await_answer(self, now: float) -> None:
        """Note that the terminal was asked something, last of all its device attributes (DA1)."""
        self._awaits_answer_until = now + _ANSWER_SECONDS

    def seconds_left(self, now: float) -> float | None:
        """Return after how long `give_up` must be called if nothing comes, None if it need not."""
        return max(0.0, self._gives_up_at - now) if self._gives_up_at > -math.inf else None

    def feed(self, data: bytes, now: float) -> str:
        """Return what may be read as keys now. The rest is held or dropped."""
        if self.early_bytes:
            early, data = data[: self.early_bytes], data[self.early_bytes :]
            self.early_bytes -= len(early)
            data = early.replace(b"\n", b"\r") + data
        came = self._decode(data)
        if self._is_paused and not self._held and _ONE_KEY.fullmatch(came):
            self._end_string()  # the user presses keys again
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

    def give_up(self, now: float) -> str:
        """Return what is no longer held because its rest has not come in time."""
        if now < self._gives_up_at or self._gives_up_at == -math.inf:
            return ""
        self._gives_up_at = -math.inf
        keys: list[str] = []
        if self._is_in_paste or self._is_in_answer:
            self._is_paused = True
            self._take_pasted(keys)
        elif self._held == "\x1b":
            keys.append(self.escape_key)
        elif len(self._held) == 2 or self._held.endswith("$"):  # alt and a key; a key of rxvt
            keys.append(self._held)
        if not self._is_paused:
            self._held = ""
        return "".join(keys)

    def drop_held(self) -> None:
        """Drop what is held, such as when another program reads the terminal from now on."""
        self._end_string()
        self._is_paused, self._gives_up_at = False, -math.inf

    def _seconds_to_hold(self, now: float) -> float:
        if self._is_in_paste or self._is_in_answer:
            return _PAUSE_SECONDS
        if self._held == "\x1b":
            is_awaiting = now < self._awaits_answer_until
            return _ESCAPE_SECONDS_BEFORE_ANSWER if is_awaiting else self.escape_seconds
        return _SEQUENCE_SECONDS if self._held else -math.inf

    def _end_string(self) -> None:
        self._is_in_paste = self._is_in_answer = False
        self._held = self._pasted = self._answered = ""

    def _read_keys(self, text: str, keys: list[str]) -> str:
        """Take keys up to the begin of a paste or answer, or to the end; return what is left."""
        at = 0
        while (found := text.find("\x1b", at)) >= 0:
            keys.append(text[at:found])
            if _BEGINNING.match(text, found):
                self._held = text[found:]
                return ""
            sequence = _SEQUENCE.match(text, found)
            if sequence is None:  # another escape character follows
                keys.append(self.escape_key)
                at = found + 1
                continue
            at = sequence.end()
            parameters, end, broken_off, answer, stray_end = sequence.groups()
            if sequence.group() == PASTE_BEGIN:
                self._is_in_paste = True
                return text[at:]
            if answer:
                self._is_in_answer, self._answered = True, answer[1:]
                return text[at:]
            if end == "c" and parameters[:1] == "?":
                self._awaits_answer_until = -math.inf
            is_answer = end is not None and parameters[:1] in tuple("?>=") and end != "$y"
            if not (is_answer or broken_off or stray_end or sequence.group() == PASTE_END):
                keys.append(sequence.group())
        keys.append(text[at:])
        return ""

    def _read_paste(self, text: str, keys: list[str]) -> str:
        """Take pasted text up to its end; return what follows."""
        pasted, end, rest = text.partition(PASTE_END)
        if not end:
            begun = next(
                n for n in range(len(PASTE_END) - 1, -1, -1) if text.endswith(PASTE_END[:n])
            )
            pasted, self._held = text[: len(text) - begun], PASTE_END[:begun]
        self._pasted += pasted[: _MAX_PASTED - len(self._pasted)]
        if end:
            self._take_pasted(keys)
            self._end_string()
        return rest

    def _take_pasted(self, keys: list[str]) -> None:
        if self._pasted:
            text = self._pasted.replace("\r\n", "\n").replace("\r", "\n")
            text = _PASTED_CONTROL.sub("", _PASTED_SEQUENCE.sub("", text))
            keys.append(f"{PASTE_BEGIN}{text}{PASTE_END}")
        self._pasted = ""

    def _skip_answer(self, text: str) -> str:
        """Drop an answer up to its end; return what follows."""
        before, self._answered = self._answered, (self._answered + text)[: _COLOUR_LENGTH + 1]
        end = _END_OF_ANSWER.search(text)
        colour = _COLOUR.match(before + text)
        if colour is not None and colour.end() < len(before) + (end.start() if end else len(text)):
            at = colour.end() - len(before)  # its end was cut off: these are keys
        elif end is None:
            return ""
        elif end.group() == "\x1b":
            if text[end.start() :] == "\x1b":
                self._answered, self._held = (before + text[:-1])[: _COLOUR_LENGTH + 1], "\x1b"
                return ""
            at = end.start()  # another sequence
        else:
            at = end.end()
        self._end_string()
        return text[at:]
