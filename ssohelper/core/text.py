"""Text from outside, made harmless for a terminal and for JSON. The only place that decides how."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

# C0, DEL, C1, bidi controls, line separators, surrogates: they rewrite screens and hide words.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# Longer than any path that tools print, let alone a name.
_SHORTENED = 240
_VERY_LONG = re.compile(rf'[^\s"]{{{_SHORTENED + 60},}}|(?<=")[^"]{{{_SHORTENED + 60},}}(?=")')
_LAST_MARK = re.compile(r".*[-._/,:]")


def show(text: str, limit: int | None = None) -> str:
    r"""Return the text for a terminal: control and bidi characters as \x1b or \u202e.

    With `limit` at most so many characters, the last of them an ellipsis.
    """
    visible = _HOSTILE.sub(_escaped, text)
    if limit is not None and len(visible) > limit:
        visible = visible[: limit - 1] + "…"
    return visible


def show_message(text: str) -> str:
    """Return a message for a terminal, with what is very long in it cut: a name of 10 kB."""
    return _VERY_LONG.sub(lambda found: found.group()[:_SHORTENED] + "…", show(text))


def is_harmless(text: str) -> bool:
    """Tell whether the text holds no control, bidi or surrogate character."""
    return not _HOSTILE.search(text)


def width(text: str) -> int:
    """Return how many terminal columns the text takes: 2 for wide characters, 0 for marks."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def broken(text: str, room: int) -> Iterator[str]:
    """Yield the text in lines of at most `room` columns: broken at a space, else behind a mark."""
    while width(text) > room:
        end = _letters_in(text, room)
        space, mark = text.rfind(" ", 1, end + 1), _LAST_MARK.match(text, 0, end)
        end = space if space > 0 else mark.end() if mark else end
        yield text[:end].rstrip()
        text = text[end:].lstrip(" ")
    yield text


def to_json(value: Any, *, indent: int | None = None) -> str:
    r"""Return ASCII JSON, compact without `indent`; DEL as \u007f, which json.dumps leaves."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _letters_in(text: str, room: int) -> int:
    """Return how many of the text's characters fit, at least one."""
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > room:
            return max(number, 1)
    return len(text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
