"""The keys that a user typed before the screen was there, as Textual's events."""

from collections.abc import Iterator

from textual.events import Key

from ssohelper.core.keymap import long_key_name

_NAMED = {
    "\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\x1b": "escape", " ": "space",
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
}  # fmt: skip
_CTRL_A, _CTRL_Z = 1, 26


def read_keys(typed: bytes) -> Iterator[Key]:
    """Return the keys that these bytes of a terminal stand for; leave other sequences out."""
    text = typed.decode("utf-8", "ignore")
    at = 0
    while at < len(text):
        if text[at : at + 3] in _NAMED:
            yield Key(_NAMED[text[at : at + 3]], None)
            at += 3
        elif text[at] == "\x1b" and text[at + 1 : at + 2] in ("[", "O"):
            return  # what follows belongs to an unknown sequence
        else:
            yield from _read_key(text[at])
            at += 1


def _read_key(character: str) -> Iterator[Key]:
    if character in _NAMED:
        yield Key(_NAMED[character], character)
    elif _CTRL_A <= ord(character) <= _CTRL_Z:
        yield Key(f"ctrl+{chr(ord(character) + ord('a') - 1)}", character)
    elif character.isprintable():
        yield Key(long_key_name(character), character)
