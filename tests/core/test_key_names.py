"""Names of keys: which texts are keys, what their only name is, and what terminals send."""

import sys
import unicodedata

import pytest

from ssohelper.core import key_names


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("s", ("s",)),
        ("S", ("S",)),
        ("ctrl+s,f5", ("ctrl+s", "f5")),
        (" ctrl+s , f12 ", ("ctrl+s", "f12")),
        # Textual reports modifiers in this order, a letter with shift as a capital letter.
        ("ctrl+shift+alt+x", ("alt+ctrl+shift+x",)),
        ("shift+ctrl+f7,ctrl+ctrl+b", ("ctrl+shift+f7", "ctrl+b")),
        ("shift+a,shift+A,shift+é", ("A", "A", "É")),
        ("ctrl+S,alt+S,shift+alt+s", ("ctrl+s", "alt+shift+s", "alt+shift+s")),
        ("shift+1", ("shift+1",)),
        ("shift+ß", ("shift+ß",)),
        ("§,€,»,漢,😀", ("§", "€", "»", "漢", "😀")),
        ("f1", ("f1",)),
        ("?", ("question_mark",)),
        ("/", ("slash",)),
        ("-", ("minus",)),
        ("_", ("underscore",)),
        ("@", ("at",)),
        ("ctrl++", ("ctrl+plus",)),
        ("question_mark", ("question_mark",)),
        ("comma", ("comma",)),
        ("é", ("é",)),
        ("enter", ("enter",)),
        ("alt+pagedown", ("alt+pagedown",)),
    ],
)
def test_keys_get_the_names_that_textual_uses(text: str, keys: tuple[str, ...]) -> None:
    assert key_names.parse_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ctrl+c", "terminals need it"),
        ("ctrl+C", "terminals need it"),
        ("ctrl+ctrl+z", "terminals need it"),
        ("s,ctrl+z", "terminals need it"),
        ("f0", "is not a key"),
        ("f13", "is not a key"),
        ("ss", "is not a key"),
        ("", "is not a key"),
        ("ctrl+", "is not a key"),
        ("a, ,b", "is not a key"),
        ("a,\t", "is not a key"),
        ("\x1b", "is not a key"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        key_names.parse_keys(text)


# Latin-1, more letters, symbols of currencies, punctuation, CJK, and emoji.
_RANGES = (*range(0x500), *range(0x2000, 0x2800), *range(0x3000, 0x3100), *range(0x4E00, 0x4E80))
_CHARACTERS = [chr(code) for code in (*_RANGES, *range(0x1F300, 0x1F700), sys.maxunicode)]


@pytest.mark.parametrize("modifiers", ["", "shift+", "ctrl+", "alt+", "shift+alt+", "alt+ctrl+"])
def test_the_name_of_each_characters_key_stands_for_itself(modifiers: str) -> None:
    accepted = set[str]()
    for character in _CHARACTERS:
        try:
            keys = key_names.parse_keys(modifiers + character)
        except ValueError:
            continue
        assert key_names.parse_keys(",".join(keys)) == keys, character
        accepted.add(character)
    typed = {each for each in _CHARACTERS if each.isprintable() and not each.isspace()}
    reserved = {"ctrl+": set("cCzZ")}.get(modifiers, set())
    assert accepted == typed - {","} - reserved
    assert all(unicodedata.category(each)[0] not in "CZ" for each in accepted)


@pytest.mark.parametrize(
    "key",
    ["s", "S", "enter", "space", "ctrl+a", "ctrl+j", "ctrl+backslash", "alt+a", "alt+é", "alt+漢",
     "alt+shift+a", "shift+tab", "shift+left", "alt+ctrl+shift+f7", "ctrl+delete", "f3", "§"],
)  # fmt: skip
def test_every_terminal_sends_these_keys(key: str) -> None:
    assert key_names.why_terminals_do_not_send(key) is None


@pytest.mark.parametrize(
    "key",
    ["ctrl+m", "ctrl+i", "ctrl+h", "ctrl+left_square_bracket", "ctrl+shift+a", "alt+ctrl+a",
     "shift+1", "shift+space", "shift+enter", "ctrl+1", "ctrl+slash", "ctrl+é", "ctrl+space",
     "alt+1", "alt+b", "alt+f", "alt+minus", "alt+enter", "ctrl+tab", "ctrl+backspace", "shift+f3", "shift+ß", "shift+§"],
)  # fmt: skip
def test_many_terminals_send_other_keys_for_these(key: str) -> None:
    assert key_names.why_terminals_do_not_send(key) is not None
