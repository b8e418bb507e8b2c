"""Types with their ranges: instants, numbers, texts, lists. Each raises Damaged."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from ssohelper.core.instants import from_iso

_T = TypeVar("_T")

# Epoch seconds from 1970 to 2242. Larger ones overflow datetime, or the 10 digits of a prompt's
# file.
LATEST_INSTANT = 1 << 33
# AWS's own limits: 50 for an account's name, 64 for an address, 32 for a permission set.
LONGEST_NAME = 1024
# Tokens become headers and variables: visible ASCII only. Real ones are below 2 kB.
_OPAQUE = re.compile(r"[!-~]{1,16384}")
# An error names the field that AWS or the file calls so; its value may be a secret.
_DAMAGED = "no proper"


class Damaged(ValueError):
    """A value that is not what it must be. `field` names it; the value itself is not shown."""

    def __init__(self, field: str) -> None:
        super().__init__(f'{_DAMAGED} "{field}"')
        self.field = field


def obj(value: object, field: str = "object") -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise Damaged(field)
    return value


def rows(value: object, field: str, most: int) -> list[Any]:
    """Return a list of at most so many items."""
    if not isinstance(value, list) or len(value) > most:
        raise Damaged(field)
    return value


def opaque(value: object, field: str) -> str:
    """Return a token, a key or an id that only its issuer understands: visible ASCII."""
    if not isinstance(value, str) or not _OPAQUE.fullmatch(value):
        raise Damaged(field)
    return value


def text(value: object, field: str, limit: int = LONGEST_NAME) -> str:
    """Return a text that people see; any character may be in it, so it is escaped when shown."""
    if not isinstance(value, str) or len(value) > limit:
        raise Damaged(field)
    return value


def matching(value: object, field: str, pattern: re.Pattern[str]) -> str:
    """Return a text that the whole pattern matches."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Damaged(field)
    return value


def whole(value: object, field: str, least: int, most: int) -> int:
    """Return a whole number in the range. A bool is none, although it is an int in Python."""
    if type(value) is not int or not least <= value <= most:
        raise Damaged(field)
    return value


def boolean(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise Damaged(field)
    return value


def instant(value: object, field: str) -> int:
    """Return epoch seconds within sane bounds."""
    return whole(value, field, 1, LATEST_INSTANT)


def instant_of_millis(value: object, field: str) -> int:
    """Return epoch seconds of AWS's milliseconds. Seconds in their place would be of 1970."""
    return whole(value, field, 10**11, LATEST_INSTANT * 1000) // 1000


def instant_of_text(value: object, field: str) -> int:
    """Return epoch seconds of an ISO 8601 text."""
    return instant(from_iso(value) if isinstance(value, str) else None, field)


def or_none(check: Callable[[object, str], _T], value: object, field: str) -> _T | None:
    """Return the checked value; None for a missing or damaged one, which the rest does without."""
    try:
        return None if value is None else check(value, field)
    except Damaged:
        return None
