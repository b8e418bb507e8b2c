"""Checks the records of the use of roles and of the console.

The first paint of the full screen needs these: as a part of `state_records` they took 3 ms more.
"""

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
# More used roles than any user has.
_MOST_ROLES = 200_000
# The most roles whose console pages are remembered, and the most pages of each.
MOST_PAGE_ROLES, MOST_PAGES = 500, 5


def _role_part(value: object, field: str) -> str:
    """Check a role's name, or one with a chain that has a name."""
    text = fields.checked_text(value, field)
    key = RoleKey.of_parts("", "", text)
    fields.checked_match(key.role_name, field, ROLE_NAME)
    if key.role_part != text or key.chain:
        fields.checked_match(key.chain, field, CHAIN)
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


def _file(most_roles: int) -> dict[str, Check]:
    return {
        "version": fields.number(VERSION, VERSION),
        "roles": lambda value, field: fields.checked_list(value, field, most_roles),
    }


_USAGE_FILE, _PAGES_FILE = _file(_MOST_ROLES), _file(MOST_PAGE_ROLES)


def usage_rows(document: dict[str, Any]) -> list[Any]:
    """Return the rows of the usage file, unchecked; `parse_usage` checks each."""
    return list(fields.read(document, _USAGE_FILE)[1])


def parse_usage(record: object) -> tuple[RoleKey, Usage]:
    *key, last_used_at, uses, is_favourite = _USAGE(record, "roles")
    return RoleKey.of_parts(*key), Usage(last_used_at, uses, is_favourite)


def page_rows(document: dict[str, Any]) -> list[Any]:
    """Return the rows of the file of console pages, unchecked; `parse_console_pages` checks each."""
    return list(fields.read(document, _PAGES_FILE)[1])


def parse_console_pages(record: object) -> tuple[RoleKey, list[PageChoice]]:
    """Return the role, and its pages, the last one first."""
    *key, pages = _PAGES(record, "roles")
    return RoleKey.of_parts(*key), [PageChoice(*page) for page in pages]
