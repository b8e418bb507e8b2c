"""Escapes text from outside for terminals and for JSON. No other module decides how to escape."""

import fnmatch
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

# C0, DEL, C1, bidi controls, line separators, surrogates and tags can overwrite or hide other text.
# Compiled when first used, since this takes 0.5 ms.
_HOSTILE = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
# Longer texts are cut. No name and no usual path is longer.
_SHORTENED = 240
_VERY_LONG = rf'[^\s"]{{{_SHORTENED + 60},}}|(?<=")[^"]{{{_SHORTENED + 60},}}(?=")'
# How many names precede "and 7 more": in a sentence, on a line, and where the user checks each
# name.
FEW_NAMES, SOME_NAMES, MANY_NAMES = 3, 5, 10
_LAST_MARK = r".*[-._/,:]"


def show(text: str, limit: int | None = None) -> str:
    """Return the text with control and bidi characters escaped, cut to `limit` with an ellipsis."""
    # No printable character is hostile. This check takes a third of the pattern's time.
    visible = text if text.isprintable() else re.sub(_HOSTILE, _escape_character, text)
    if limit is not None and len(visible) > limit:
        visible = visible[: limit - 1] + "…"
    return visible


def show_message(text: str) -> str:
    """Return a message for a terminal, with very long words and quoted texts cut."""
    return re.sub(_VERY_LONG, lambda found: found.group()[:_SHORTENED] + "…", show(text))


def count_text(count: int, noun: str) -> str:
    """Return `1 role`, `2 roles`."""
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def role_text(account_id: str, account_name: str, role_name: str) -> str:
    account = f'"{show(account_name)}" ({account_id})' if account_name else account_id
    return f'account {account}, role "{show(role_name)}"'


def shortened_name_list(names: Sequence[str], most: int) -> str:
    """Return `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@lru_cache(maxsize=256)
def compile_glob(glob: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Return a GLOB as a regular expression, which must match the whole text.

    If a pattern protects something, the caller casefolds pattern and text instead of `ignore_case`.
    """
    return re.compile(fnmatch.translate(glob), re.IGNORECASE if ignore_case else 0)


def is_harmless(text: str) -> bool:
    """Return whether the text has no control, bidi or surrogate character."""
    return text.isprintable() or not re.search(_HOSTILE, text)


def columns_of_text(text: str) -> int:
    """Return the terminal columns: 2 for a wide character, 0 for a combining one."""
    return len(text) if text.isascii() else sum(map(_columns_of_character, text))


def broken_into_lines(text: str, columns: int) -> Iterator[str]:
    """Yield lines of at most `columns`, broken at a space, otherwise after a mark such as `-`."""
    while columns_of_text(text) > columns:
        end = _count_characters_that_fit(text, columns)
        space, mark = text.rfind(" ", 1, end + 1), re.match(_LAST_MARK, text[:end])
        end = space if space > 0 else mark.end() if mark else end
        yield text[:end].rstrip()
        text = text[end:].lstrip(" ")
    yield text


def cut_to_columns(text: str, columns: int) -> str:
    if columns_of_text(text) <= columns:
        return text
    return text[: _count_characters_that_fit(text, columns - 1)] + "…"


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON with DEL escaped, which json.dumps does not escape."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f")


def _escape_character(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _count_characters_that_fit(text: str, columns: int) -> int:
    taken = 0
    for number, character in enumerate(text):
        taken += columns_of_text(character)
        if taken > columns:
            return max(number, 1)
    return len(text)


def _columns_of_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
