"""Checks single values, and reads records by tables of such checks. An invalid value raises Damaged."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ssohelper.core.instants import from_iso
from ssohelper.core.model import Secret
from ssohelper.errors import SsoHelperError

# Takes a value and the field's name; returns the value in its form in the program.
Check = Callable[[object, str], Any]

# The latest valid instant: 2**33, in the year 2242. It fits into datetime and into 10 digits.
LATEST_INSTANT = 1 << 33
# Characters. AWS's own limits are lower: 50 for an account's name, 64 for an email address.
LONGEST_NAME = 1024
LONGEST_TEXT = 4096
# Tokens become HTTP headers and environment variables. Real ones have less than 2 kB.
_OPAQUE = re.compile(r"[!-~]{1,16384}")


class Damaged(ValueError):
    """An invalid value, which may be a secret: the message names only the field."""

    def __init__(self, field: str) -> None:
        super().__init__(f'no valid "{field}"')
        self.field = field


def read(document: Mapping[str, Any], checks: Mapping[str, Check]) -> list[Any]:
    """Return the document's checked values, in the order of `checks`."""
    return [check(document.get(name), name) for name, check in checks.items()]


def read_valid(
    document: Mapping[str, Any], checks: Mapping[str, Check]
) -> tuple[dict[str, Any], list[str]]:
    """Return the valid values by name, and the names of the invalid ones."""
    good, damaged = dict[str, Any](), list[str]()
    for name, check in checks.items():
        try:
            if document.get(name) not in (None, ""):
                good[name] = check(document[name], name)
        except Damaged:
            damaged.append(name)
    return good, damaged


# -- checks ----------------------------------------------------------------------------------------


def checked_object(value: object, field: str = "object") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Damaged(field)
    return value


def checked_list(value: object, field: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Damaged(field)
    return value


def checked_token(value: object, field: str) -> str:
    """Return a token, key or id, whose structure only its issuer knows: visible ASCII."""
    return checked_match(value, field, _OPAQUE)


def secret(value: object, field: str) -> Secret:
    return Secret(checked_token(value, field))


def checked_text(value: object, field: str, limit: int = LONGEST_NAME) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise Damaged(field)
    return value


def checked_match(value: object, field: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Damaged(field)
    return value


def checked_whole_number(value: object, field: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:  # a bool is an int too
        raise Damaged(field)
    return value


def checked_boolean(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise Damaged(field)
    return value


def checked_instant(value: object, field: str) -> int:
    return checked_whole_number(value, field, 1, LATEST_INSTANT)


def instant_from_millis(value: object, field: str) -> int:
    """Return epoch seconds from AWS's epoch milliseconds. Refuses a number that is in seconds."""
    return checked_whole_number(value, field, 10**11, LATEST_INSTANT * 1000) // 1000


def instant_from_text(value: object, field: str) -> int:
    return checked_instant(from_iso(value) if isinstance(value, str) else None, field)


# -- checks made of others -------------------------------------------------------------------------


def matching(pattern: re.Pattern[str]) -> Check:
    return lambda value, field: checked_match(value, field, pattern)


def number(least: int, most: int) -> Check:
    return lambda value, field: checked_whole_number(value, field, least, most)


def text(limit: int) -> Check:
    return lambda value, field: checked_text(value, field, limit)


def items(check: Check, most: int) -> Check:
    """Return the check of a list, whose items become a tuple."""
    return lambda value, field: tuple(check(one, field) for one in checked_list(value, field, most))


def row(*checks: Check) -> Check:
    """Return the check of a list with one item for each of these checks."""

    def check_row(value: object, field: str) -> list[Any]:
        found = checked_list(value, field, len(checks))
        if len(found) != len(checks):
            raise Damaged(field)
        return [check(one, field) for check, one in zip(checks, found, strict=True)]

    return check_row


def accepted_by(accept: Callable[[str], str]) -> Check:
    """Return the check of a text for which `accept` raises no error."""

    def check_text(value: object, field: str) -> str:
        try:
            return accept(checked_text(value, field, LONGEST_TEXT))
        except SsoHelperError as cause:
            raise Damaged(field) from cause

    return check_text


def optional(check: Check) -> Check:
    return lambda value, field: None if value is None else check(value, field)


def valid_or_none(check: Check) -> Check:
    """Return the check for which an invalid value counts as missing."""

    def check_value(value: object, field: str) -> Any:
        try:
            return None if value is None else check(value, field)
        except Damaged:
            return None

    return check_value
