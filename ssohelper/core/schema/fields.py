"""Checks single values, and reads records by tables of such checks. An invalid value raises Damaged."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ssohelper.core.instants import from_iso
from ssohelper.core.model import Secret
from ssohelper.errors import SsoHelperError

# Takes a value and the field's name; returns the value in the program's form.
Check = Callable[[object, str], Any]

# The latest valid instant: 2**33, in the year 2242. It fits into datetime and into 10 digits.
LATEST_INSTANT = 1 << 33
# Limits in characters. AWS's own limits are lower: 50 for an account's name, 64 for an email
# address.
LONGEST_NAME = 1024
LONGEST_TEXT = 4096
# Tokens become HTTP headers and environment variables. AWS's tokens have less than 2 kB.
_OPAQUE = re.compile(r"[!-~]{1,16384}")


class Damaged(ValueError):
    """An invalid value, which may be a secret: the message names only the field."""

    def __init__(self, field: str) -> None:
        super().__init__(f'no valid "{field}"')
        self.field = field


def read(document: object, checks: Mapping[str, Check]) -> list[Any]:
    """Return the document's checked values, in the order of `checks`."""
    found = checked_object(document, "object")
    return [check(found.get(name), name) for name, check in checks.items()]


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


def satisfying(is_valid: Callable[[Any], object]) -> Check:
    """Return a check that accepts the values for which `is_valid` returns true."""

    def check(value: object, field: str) -> Any:
        if not is_valid(value):
            raise Damaged(field)
        return value

    return check


def matching(pattern: re.Pattern[str]) -> Check:
    return satisfying(lambda value: isinstance(value, str) and pattern.fullmatch(value))


def number(least: int, most: int) -> Check:
    # A bool is an int too.
    return satisfying(lambda value: type(value) is int and least <= value <= most)


def text(limit: int) -> Check:
    return satisfying(lambda value: isinstance(value, str) and len(value) <= limit)


def a_list(most: int) -> Check:
    return satisfying(lambda value: isinstance(value, list) and len(value) <= most)


checked_object = satisfying(lambda value: isinstance(value, dict))
checked_boolean = satisfying(lambda value: isinstance(value, bool))
checked_text = text(LONGEST_NAME)
# Accepts a token, key or id of visible ASCII characters; only its issuer knows its structure.
checked_token = matching(_OPAQUE)
checked_instant = number(1, LATEST_INSTANT)
_checked_millis = number(10**11, LATEST_INSTANT * 1000)


def secret(value: object, field: str) -> Secret:
    return Secret(checked_token(value, field))


def instant_from_millis(value: object, field: str) -> Any:
    """Return epoch seconds from AWS's epoch milliseconds. Refuses a number that is in seconds."""
    return _checked_millis(value, field) // 1000


def instant_from_text(value: object, field: str) -> Any:
    return checked_instant(from_iso(value) if isinstance(value, str) else None, field)


# -- checks made of others -------------------------------------------------------------------------


def items(check: Check, most: int) -> Check:
    """Return a check of a list: it applies `check` to each item, and returns a tuple."""
    as_list = a_list(most)
    return lambda value, field: tuple(check(one, field) for one in as_list(value, field))


def row(*checks: Check) -> Check:
    """Return a check of a list that has exactly one item for each of these checks."""
    as_row = satisfying(lambda value: isinstance(value, list) and len(value) == len(checks))
    return lambda value, field: [
        check(one, field) for check, one in zip(checks, as_row(value, field), strict=True)
    ]


def accepted_by(accept: Callable[[str], str]) -> Check:
    """Return a check that accepts the texts for which `accept` raises no error."""

    def check_text(value: object, field: str) -> str:
        try:
            return accept(text(LONGEST_TEXT)(value, field))
        except SsoHelperError as cause:
            raise Damaged(field) from cause

    return check_text


def optional(check: Check) -> Check:
    return lambda value, field: None if value is None else check(value, field)


def valid_or_none(check: Check) -> Check:
    """Return a check that replaces an invalid value by None."""

    def check_value(value: object, field: str) -> Any:
        try:
            return None if value is None else check(value, field)
        except Damaged:
            return None

    return check_value
