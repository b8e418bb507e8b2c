"""Checks the records of the use of roles and of the console.

The full screen needs these before it appears: as a part of `state_records` they took 3 ms more.
"""

import itertools
import re
from typing import Any

from ssohelper.core.model import (
    ACCOUNT_ID,
    CHAIN,
    ROLE_NAME,
    SESSION_NAME,
    PageChoice,
    RoleKey,
    Usage,
)
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Check

VERSION = 1
_VERSION = fields.number(VERSION, VERSION)
# A limit that no user's used roles reach.
_MOST_ROLES = 200_000
# For how many roles console pages are remembered, and how many pages of each role.
MOST_PAGE_ROLES, MOST_PAGES = 500, 5


def _role_part(value: object, field: str) -> str:
    """Check the name of a role, which the name of a chain may follow."""
    text: str = fields.checked_text(value, field)
    key = RoleKey.of_parts("", "", text)
    fields.matching(ROLE_NAME)(key.role_name, field)
    if key.role_part != text or key.chain:
        fields.matching(CHAIN)(key.chain, field)
    return text


_KEY = fields.matching(SESSION_NAME), fields.matching(ACCOUNT_ID), _role_part
_USAGE = fields.row(
    *_KEY,
    fields.optional(fields.checked_instant),
    fields.number(0, 1 << 40),
    fields.checked_boolean,
)
_PAGE_WORD = fields.matching(re.compile(r"[a-z0-9-]{1,40}"))
_PAGES = fields.row(*_KEY, fields.items(fields.row(_PAGE_WORD, _PAGE_WORD), MOST_PAGES))


def parse_usages(document: dict[str, Any]) -> tuple[dict[RoleKey, Usage], list[str]]:
    """Return the valid records of roles, and "roles" for each invalid record."""
    rows, damaged = _valid_rows(document, _USAGE, _MOST_ROLES)
    return {RoleKey.of_parts(*row[:3]): Usage(*row[3:]) for row in rows}, damaged


def parse_console_pages(
    document: dict[str, Any],
) -> tuple[dict[RoleKey, list[PageChoice]], list[str]]:
    """Return each role's pages, the last used first, and "roles" for each invalid record."""
    rows, damaged = _valid_rows(document, _PAGES, MOST_PAGE_ROLES)
    return {
        RoleKey.of_parts(*key): [PageChoice(*page) for page in pages] for *key, pages in rows
    }, damaged


def parse_role_keys(document: dict[str, Any]) -> list[RoleKey]:
    rows, _damaged = _valid_rows(document, fields.row(*_KEY), _MOST_ROLES)
    return [RoleKey.of_parts(*row) for row in rows]


def _valid_rows(
    document: dict[str, Any], check: Check, most: int
) -> tuple[list[list[Any]], list[str]]:
    _, rows = fields.read(document, {"version": _VERSION, "roles": fields.a_list(most)})
    checked = map(fields.valid_or_none(check), rows, itertools.repeat("roles"))
    valid = [row for row in checked if row is not None]
    return valid, ["roles"] * (len(rows) - len(valid))
