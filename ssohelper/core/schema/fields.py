"""Checks single values: instants, numbers, texts, lists. An invalid value raises Damaged."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from ssohelper.core.instants import from_iso

_T = TypeVar("_T")

# The latest valid instant, in epoch seconds: 2**33, which is in the year 2242. It fits into
# datetime and into the 10 digits that a prompt file has for a time.
LATEST_INSTANT = 1 << 33
# The most characters of a name. AWS's own limits are lower: 50 for an account's name, 64 for an
# email address, 32 for a permission set.
LONGEST_NAME = 1024
# Tokens must be visible ASCII, because they become HTTP headers and environment variables. Real
# tokens have less than 2 kB.
_OPAQUE = re.compile(r"[!-~]{1,16384}")


class Damaged(ValueError):
    """An invalid value. The message names only the field: the value may be a secret."""

    def __init__(self, field: str) -> None:
        super().__init__(f'no valid "{field}"')
        self.field = field


def checked_object(value: object, field: str = "object") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Damaged(field)
    return value


def checked_list(value: object, field: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Damaged(field)
    return value


def checked_token(value: object, field: str) -> str:
    """Return a token, key or id: visible ASCII, of which only the issuer knows the structure."""
    if not isinstance(value, str) or not _OPAQUE.fullmatch(value):
        raise Damaged(field)
    return value


def checked_text(value: object, field: str, limit: int = LONGEST_NAME) -> str:
    """Return a text for display. The text may hold any character, so escape it for display."""
    if not isinstance(value, str) or len(value) > limit:
        raise Damaged(field)
    return value


def checked_match(value: object, field: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Damaged(field)
    return value


def checked_whole_number(value: object, field: str, least: int, most: int) -> int:
    """Return a whole number in the range. A bool is refused, although in Python it is an int."""
    if type(value) is not int or not least <= value <= most:
        raise Damaged(field)
    return value


def checked_boolean(value: object, field: str) -> bool:
    """Return the value, which must be true or false."""
    if not isinstance(value, bool):
        raise Damaged(field)
    return value


def checked_instant(value: object, field: str) -> int:
    """Return the value, which must be epoch seconds between 1970 and 2242."""
    return checked_whole_number(value, field, 1, LATEST_INSTANT)


def instant_from_millis(value: object, field: str) -> int:
    """Return epoch seconds from AWS's epoch milliseconds. Refuses a number that is in seconds."""
    return checked_whole_number(value, field, 10**11, LATEST_INSTANT * 1000) // 1000


def instant_from_text(value: object, field: str) -> int:
    """Return epoch seconds from an ISO 8601 text."""
    return checked_instant(from_iso(value) if isinstance(value, str) else None, field)


def checked_or_none(check: Callable[[object, str], _T], value: object, field: str) -> _T | None:
    """Return the checked value of an optional field, or None if the value is missing or invalid."""
    try:
        return None if value is None else check(value, field)
    except Damaged:
        return None
