"""Turns the bytes that a user typed before the first paint into Textual's key events."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from textual.events import Key, Paste

_NAMED = {
    "\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\x1b": "escape", " ": "space",
}  # fmt: skip
_CTRL_A, _CTRL_Z = 1, 26
# Textual's names of keys that are shorter than Unicode's names of the characters.
_SHORTER = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}

# The pattern of an escape sequence. It is compiled only if the user has typed ahead. Its parts, in
# this order: pasted text to its end; a string, such as the background that the terminal reports
# late; a key of Linux's console; a key of the keypad; another report of the terminal; all other
# sequences, of which rxvt ends some with $; a sequence that is cut off.
_SEQUENCE = (
    r"\x1b(?:"
    r"\[200~.*?(?:\x1b\[201~|\Z)"
    r"|[]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\[\[[A-E]"
    r"|O[ -~]"
    r"|\[\?[0-?]*[ -/]*[@-~]"
    r"|\[[0-?]*(?:\$|[ -/]*[@-~])"
    r"|\[[0-?]*[ -/]*\Z"
    r")"
)
_LETTERS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_NUMBERS = {
    1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end",
    11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9",
    21: "f10", 23: "f11", 24: "f12",
}  # fmt: skip
_MODIFIERS = {2: "shift+", 5: "ctrl+", 6: "ctrl+shift+"}
_KEYPAD = dict(zip("jkmnopqrstuvwxy", "*+-./0123456789", strict=True))


def _list_key_sequences() -> Iterator[tuple[str, str]]:
    """Yield what a terminal sends for a key, without the escape character, and its name."""
    yield from (("[Z", "shift+tab"), ("OM", "enter"), ("[27u", "escape"))
    for at, letter in enumerate("PQRS", 1):
        yield f"O{letter}", f"f{at}"
    for at, letter in enumerate("ABCDE", 1):
        yield f"[[{letter}", f"f{at}"
    for letter in "ABCD":
        # The terminal rxvt sends these for Shift with an arrow key.
        yield f"[{letter.lower()}", f"shift+{_LETTERS[letter]}"
    for letter, key in _LETTERS.items():
        yield from ((f"[{letter}", key), (f"O{letter}", key))
        yield from ((f"[1;{number}{letter}", name + key) for number, name in _MODIFIERS.items())
    yield from ((f"[{number}~", key) for number, key in _NUMBERS.items())
    for number in (3, 5, 6):
        for modifier, name in _MODIFIERS.items():
            yield f"[{number};{modifier}~", name + _NUMBERS[number]


@cache
def _keys_by_sequence() -> dict[str, str]:
    return dict(_list_key_sequences())


def read_keys(typed: bytes) -> Iterator[Key | Paste]:
    """Return the keys and pasted texts of these bytes. Sequences that are no keys are left out."""
    text = typed.decode("utf-8", "ignore")
    if not text:
        return
    sequences, keys = re.compile(_SEQUENCE, re.DOTALL), _keys_by_sequence()
    at = 0
    while at < len(text):
        sequence = sequences.match(text, at)
        if sequence is None:
            yield from _read_key(text[at])
            at += 1
            continue
        name = sequence.group()[1:]
        if name.startswith("[200~"):
            yield Paste(name.removeprefix("[200~").removesuffix("\x1b[201~"))
        elif name in keys:
            yield Key(keys[name], None)
        elif name[:1] == "O" and name[1:] in _KEYPAD:
            yield from _read_key(_KEYPAD[name[1:]])
        at = sequence.end()


def _read_key(character: str) -> Iterator[Key]:
    if character in _NAMED:
        yield Key(_NAMED[character], character)
    elif _CTRL_A <= ord(character) <= _CTRL_Z:
        yield Key(f"ctrl+{chr(ord(character) + ord('a') - 1)}", character)
    elif character.isprintable():
        yield Key(_key_name(character), character)


def _key_name(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(name, name)
