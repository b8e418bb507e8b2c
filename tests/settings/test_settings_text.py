"""The text of config.toml: the line of a key, and what errors of the TOML parser become."""

import tomllib
from pathlib import Path

import pytest

from ssohelper.errors import ConfigInvalid
from ssohelper.settings.settings_text import (
    decode_settings_file,
    describe_expected_value,
    find_line_of_key,
    find_line_of_toml_error,
    list_keys_and_values,
    tag_without_patterns_text,
    toml_error_without_line,
)

PATH = Path("/h/config.toml")


@pytest.mark.parametrize(
    ("text", "parts", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("# c\n\nguard.rules = []", ("guard", "rules"), 3),
        ("a = 1\n[guard]\nx = 1\nrules = []", ("guard", "rules"), 4),
        ("[sessions.corp]\nbrowser = 1\n[sessions.lab]\nbrowser = 2", ("sessions", "lab", "browser"), 4),
        ('[ sessions . "my.corp" ]\nbrowser = 1', ("sessions", "my.corp", "browser"), 2),
        ("colors.'*prod' = 1", ("colors", "*prod"), 1),
        ("x = 1\nguard = { rules = [] }", ("guard", "rules"), 2),
        ("x = 1\n[guard]\n[other]\nrules = 1", ("guard", "rules"), 2),
        ("x = 1", ("guard", "rules"), 1),
    ],
)  # fmt: skip
def test_the_line_of_a_key_is_that_of_its_assignment_or_else_of_its_table(
    text: str, parts: tuple[str, ...], line: int
) -> None:
    assert find_line_of_key(text, parts) == line


def test_each_key_of_all_tables_is_listed_with_its_tables() -> None:
    table = tomllib.loads('a = 1\n[t]\nb = [2]\n[t."x.y"]\nc = "3"\n[empty]\n')
    assert list(list_keys_and_values(table, ())) == [
        (("a",), 1),
        (("t", "b"), [2]),
        (("t", "x.y", "c"), "3"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = \n", 2),
        ("a = 1\na = 2\n", 2),
        ("[t\n", 1),
        ("a = 1\nb = [1,\n2,\n", 3),
    ],
)
def test_an_error_of_the_parser_is_said_with_its_line_in_front(text: str, line: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert find_line_of_toml_error(caught.value, text) == line
    message = toml_error_without_line(caught.value)
    assert message
    assert message[0].islower()
    assert "(at " not in message


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (ValueError("Bad\x1b thing (at line 3, column 1)"), "bad\\x1b thing"),
        (ValueError("First\nsecond"), "first"),
        (ValueError(""), "not TOML"),
    ],
)
def test_an_error_message_is_one_harmless_line(cause: ValueError, message: str) -> None:
    assert toml_error_without_line(cause) == message
    assert find_line_of_toml_error(cause, "a") == (3 if "line 3" in str(cause) else 1)


def test_a_byte_that_is_not_utf_8_is_named_with_its_line() -> None:
    assert decode_settings_file("é = 1".encode(), PATH) == "é = 1"
    with pytest.raises(ConfigInvalid, match=f'"{PATH}" line 3: the byte at offset 3 is not UTF-8'):
        decode_settings_file(b"\n\na\xff", PATH)


def test_what_a_setting_must_be_is_said_for_a_choice_by_its_words() -> None:
    assert describe_expected_value("choice", ("a", "b")) == '"a" or "b"'
    assert describe_expected_value("hours", ()) == "a number of hours, at most 2160"
    assert '"\\x1b"' in tag_without_patterns_text("\x1b")
