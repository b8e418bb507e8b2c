"""Text from outside, made harmless for a terminal and for JSON. The only place that decides how."""

import json
import re
import unicodedata
from typing import Any

# C0, DEL, C1, bidi controls, line separators, surrogates: they rewrite screens and hide words.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def show(text: str, limit: int | None = None) -> str:
    r"""Return the text for a terminal: control and bidi characters as \x1b or \u202e.

    With `limit` at most so many characters, the last of them an ellipsis.
    """
    visible = _HOSTILE.sub(_escaped, text)
    if limit is not None and len(visible) > limit:
        visible = visible[: limit - 1] + "…"
    return visible


def is_harmless(text: str) -> bool:
    """Tell whether the text holds no control, bidi or surrogate character."""
    return not _HOSTILE.search(text)


def width(text: str) -> int:
    """Return how many terminal columns the text takes: 2 for wide characters, 0 for marks."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def to_json(value: Any, *, indent: int | None = None) -> str:
    r"""Return ASCII JSON, compact without `indent`; DEL as \u007f, which json.dumps leaves."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
