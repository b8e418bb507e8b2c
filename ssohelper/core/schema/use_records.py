"""Checks the records of the use of roles and of the console.

The first paint of the full screen needs this module, so the module imports little: as a part of
`state_records` it took 3 ms more.
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
from ssohelper.core.schema.fields import Damaged

USAGE_VERSION = 1
# The most roles in the record of used roles: more than any user uses.
_MOST_ROLES = 200_000
_MOST_USES = 1 << 40
PAGES_VERSION = 1
# The most roles whose console pages are remembered, and the most pages of each.
MOST_PAGE_ROLES, MOST_PAGES = 500, 5
_PAGE_WORD = re.compile(r"[a-z0-9-]{1,40}")


def unchecked_usage_records(document: dict[str, Any]) -> list[Any]:
    """Return the records of roles in the usage file, unchecked; `parse_usage` checks each."""
    if document.get("version") != USAGE_VERSION:
        raise Damaged("version")
    return fields.checked_list(document.get("roles"), "roles", _MOST_ROLES)


def parse_usage(record: object) -> tuple[RoleKey, Usage]:
    """Return the role and its usage in one record of the usage file."""
    values = fields.checked_list(record, "roles", 6)
    if len(values) != 6:
        raise Damaged("roles")
    last_used_at = None if values[3] is None else fields.checked_instant(values[3], "last_used_at")
    uses = fields.checked_whole_number(values[4], "uses", 0, _MOST_USES)
    return _parse_role_key(values), Usage(
        last_used_at, uses, fields.checked_boolean(values[5], "favourite")
    )


def unchecked_console_page_records(document: dict[str, Any]) -> list[Any]:
    """Return the records in the file of console pages, unchecked; `parse_console_pages` checks each."""
    if document.get("version") != PAGES_VERSION:
        raise Damaged("version")
    return fields.checked_list(document.get("roles"), "roles", MOST_PAGE_ROLES)


def parse_console_pages(record: object) -> tuple[RoleKey, list[PageChoice]]:
    """Return the role, and the console pages last opened as this role, the last page first."""
    values = fields.checked_list(record, "roles", 4)
    if len(values) != 4:
        raise Damaged("roles")
    found = []
    for page in fields.checked_list(values[3], "pages", MOST_PAGES):
        words = fields.checked_list(page, "pages", 2)
        if len(words) != 2:
            raise Damaged("pages")
        service, region = (fields.checked_match(word, "pages", _PAGE_WORD) for word in words)
        found.append(PageChoice(service, region))
    return _parse_role_key(values), found


def _parse_role_key(values: list[Any]) -> RoleKey:
    session_name = fields.checked_match(values[0], "session", SESSION_NAME)
    account_id = fields.checked_match(values[1], "account_id", ACCOUNT_ID)
    key = RoleKey.of_parts(session_name, account_id, fields.checked_text(values[2], "role_name"))
    fields.checked_match(key.role_name, "role_name", ROLE_NAME)
    if key.chain or key.role_part != values[2]:
        fields.checked_match(key.chain, "role_name", CHAIN)
    return key
