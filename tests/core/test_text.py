"""Text from outside is escaped before it is printed, and broken at fitting places."""

import json
import re

import pytest

from ssohelper.core import text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\rb\nc", r"a\x0db\x0ac"),
        ("\x9bA", r"\x9bA"),
        ("a\u202eb", r"a\u202eb"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("\ud800", r"\ud800"),
        ("\u2028", r"\u2028"),
        ("\x7f", r"\x7f"),
        ("prod\U000e0041", r"prod\U000e0041"),
        ("Zürich 東京", "Zürich 東京"),
    ],
)
def test_show_escapes_control_and_bidi_characters(hostile, shown):
    assert text.show(hostile) == shown
    assert text.is_harmless(shown)


def test_a_text_is_cut_at_its_limit_and_a_message_keeps_words_of_usual_length_and_cuts_longer_ones():
    assert (text.show("abcdef", 4), text.show("abcd", 4)) == ("abc…", "abcd")
    assert text.show_message(f"at {'x' * 299} now") == f"at {'x' * 299} now"
    assert text.show_message(f"at {'x' * 300} now") == f"at {'x' * 240}… now"
    assert text.show_message(f'at "{"x " * 200}" now') == f'at "{"x " * 120}…" now'
    assert text.columns_of_text("東京a") == 5
    assert text.columns_of_text("e\u0301") == 1


def test_json_escapes_control_characters_and_parses_to_the_same_value():
    hostile = "a\x1b\x7f\u202e\ud800é"
    printed = text.to_json({"name": hostile})
    assert printed.isascii()
    assert all(32 <= ord(character) < 127 for character in printed)
    assert json.loads(printed) == {"name": hostile}


@pytest.mark.parametrize(
    ("whole", "columns", "lines"),
    [
        ("", 3, [""]),
        ("abc", 3, ["abc"]),
        ("abcd", 3, ["abc", "d"]),
        ("a bc", 3, ["a", "bc"]),
        ("abcd e", 3, ["abc", "d e"]),
        ("ab cd", 3, ["ab", "cd"]),
        (" abcd", 3, [" ab", "cd"]),
        ("ab-cd", 4, ["ab-", "cd"]),
        ("a/b-cd", 5, ["a/b-", "cd"]),
        ("東京都", 4, ["東京", "都"]),
        ("東京", 3, ["東", "京"]),
        ("aab  cc", 4, ["aab", "cc"]),
    ],
)
def test_a_text_is_broken_at_a_space_or_a_mark(whole, columns, lines):
    assert list(text.broken_into_lines(whole, columns)) == lines


def test_no_hostile_character_counts_as_printable():
    """`show` looks for hostile characters only in texts that are not printable."""
    hostile = [chr(code) for code in range(0x110000) if re.match(text._HOSTILE, chr(code))]
    assert len(hostile) > 2000  # most hostile characters are surrogates
    assert not [character for character in hostile if character.isprintable()]
