"""The names of keys in the settings: what is a key, and which keys every terminal can send."""

import re
import unicodedata

# Keys that no action may have: every terminal uses them to interrupt and suspend programs.
_RESERVED = frozenset({"ctrl+c", "ctrl+z"})
# Terminals report ctrl, shift and alt with these and with function keys; not with all other keys.
_CURSOR_KEYS = frozenset(["insert", "delete", "home", "end", "pageup", "pagedown", "up", "down", "left", "right"])  # fmt: skip
_FUNCTION_KEYS = frozenset(f"f{number}" for number in range(1, 13))
_NAMED = _CURSOR_KEYS | _FUNCTION_KEYS | {"enter", "escape", "tab", "space", "backspace"}
_MODIFIERS = re.compile(r"(?:(?:ctrl|shift|alt)\+)*")
# Textual's names of keys that are shorter than Unicode's names of the characters.
_SHORTER = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_PUNCTUATION = r"""!"#$%&'()*+-./:;<=>?@[\]^_`{|}~"""
# The same byte as another key's, which the terminal cannot tell from it.
_SAME_BYTE = {
    "ctrl+h": "Backspace",
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+left_square_bracket": "Escape",
}
# Punctuation marks with which Ctrl sends a control character.
_WITH_CTRL = frozenset(["backslash", "right_square_bracket", "circumflex_accent", "underscore"])


def parse_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a setting such as `s` or `ctrl+s,f5`, each by its only name.

    Punctuation of ASCII has a long name, such as `question_mark`; any other character is its own
    name. A name stands for itself: to parse the names once more gives the same names.

    Raises: ValueError, whose text says which key is wrong and why.
    """
    return tuple(_parse_key(part.strip()) for part in text.split(","))


def long_key_name(character: str) -> str:
    """Return Textual's name of a character's key: `question_mark` for "?", letters unchanged."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(name, name)


_PUNCTUATION_NAMES = frozenset(map(long_key_name, _PUNCTUATION)) | {"comma"}


def types_character(key: str) -> bool:
    """Return whether the key types a character into a text field."""
    bare = key.removeprefix("shift+")
    return len(bare) == 1 or bare in _PUNCTUATION_NAMES or bare == "space"


def why_terminals_do_not_send(key: str) -> str | None:
    """Return why an action with this key would not start on every terminal; None if it would.

    Only terminals with the kitty keyboard protocol tell `ctrl+shift+a` from `ctrl+a`, or `ctrl+i`
    from Tab. GNOME's terminal, macOS's Terminal and tmux have no such protocol.
    """
    if key in _SAME_BYTE:
        return f"is {_SAME_BYTE[key]} to a terminal"
    *modifiers, bare = key.split("+")
    # xterm's shift+f3 looks like a report of the cursor's position, and is read as one.
    if not modifiers or (bare in _CURSOR_KEYS | _FUNCTION_KEYS and bare != "f3"):
        return None
    is_letter = len(bare) == 1 and bare.upper() != bare
    is_sent = {
        ("ctrl",): (is_letter and bare.isascii()) or bare in _WITH_CTRL,
        # Terminals of macOS send a symbol for alt and a digit, alt+b and alt+f for alt+left and
        # alt+right; Textual takes all of these for that.
        ("alt",): len(bare) == 1 and bare.isalpha() and bare not in "bf",
        ("alt", "shift"): is_letter,
        ("shift",): bare == "tab",
    }.get(tuple(modifiers), False)
    return None if is_sent else "is another key to many terminals"


def _parse_key(text: str) -> str:
    found = _MODIFIERS.match(text)
    modifiers = set((found.group() if found else "").split("+")[:-1])
    bare = text[found.end() if found else 0 :]
    if len(bare) == 1 and bare.isprintable() and not bare.isspace():
        modifiers, bare = _with_shift_as_reported(modifiers, bare)
        bare = long_key_name(bare) if bare.isascii() else bare
    elif bare not in _NAMED and bare not in _PUNCTUATION_NAMES:
        raise ValueError(f'"{text}" is not a key; keys are written like: s, ?, ctrl+s, f5, escape')
    key = "+".join([*sorted(modifiers), bare])  # in the order in which Textual reports them
    if key in _RESERVED:
        raise ValueError(f'"{text}" cannot be used, because terminals need it')
    return key


def _with_shift_as_reported(modifiers: set[str], letter: str) -> tuple[set[str], str]:
    """Return a letter and its modifiers as a terminal reports them: `A`, `alt+shift+a`, `ctrl+a`."""
    lower, upper = letter.lower(), letter.upper()
    if lower == upper or len(lower) != 1 or len(upper) != 1:
        return modifiers, letter
    if modifiers <= {"shift"}:
        return set(), upper if modifiers else letter
    if modifiers == {"alt"} and letter == upper:
        return {"alt", "shift"}, lower
    return modifiers, lower
