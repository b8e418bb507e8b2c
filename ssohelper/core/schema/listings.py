"""Checks the fields of accounts and roles, in answers of the portal and in saved listings."""

import re
from typing import Any

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import ACCOUNT_ID, Account
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LONGEST_NAME, Damaged

VERSION = 1
# 1,000 pages of 100 hold more accounts than AWS lets an organization have.
MOST_PAGES = 1000
PAGE_SIZE = 100
_MOST_ACCOUNTS = _MOST_ROLES = MOST_PAGES * PAGE_SIZE
_NEXT_TOKEN = re.compile(r"[!-~]{1,100000}")


# -- checking answers of the portal ----------------------------------------------------------------


def page(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows of one page of a listing. AWS sends them under `key`."""
    found = fields.rows(answer.get(key), key, _MOST_ROLES)
    return [fields.obj(row, key) for row in found]


def next_token(answer: dict[str, Any]) -> str | None:
    """Return the token with which to request the next page, or None after the last page."""
    after = answer.get("nextToken")
    return None if after in (None, "") else fields.matching(after, "nextToken", _NEXT_TOKEN)


def account(row: dict[str, Any]) -> Account:
    """Return the account in a row of the answer. AWS may omit the account's name and email."""
    account_id = fields.matching(row.get("accountId"), "accountId", ACCOUNT_ID)
    return Account(account_id, _text_if_any(row, "accountName"), _text_if_any(row, "emailAddress"))


def role_name(row: dict[str, Any]) -> str:
    """Return the role name in a row of the answer. The name may hold any character."""
    name = fields.text(row.get("roleName"), "roleName")
    if not name:
        raise Damaged("roleName")
    return name


def _text_if_any(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else fields.text(value, key)


# -- checking a saved listing ----------------------------------------------------------------------


def listing(found: dict[str, Any]) -> Listing:
    """Return the listing that a file holds."""
    if found.get("version") != VERSION:
        raise Damaged("version")
    return Listing(
        fields.text(found.get("start_url"), "start_url", 4096),
        fields.text(found.get("region"), "region"),
        fields.instant(found.get("listed_at"), "listed_at"),
        tuple(map(_listed, fields.rows(found.get("accounts"), "accounts", _MOST_ACCOUNTS))),
    )


def _listed(value: object) -> ListedAccount:
    found = fields.obj(value, "accounts")
    roles = fields.rows(found.get("roles"), "roles", _MOST_ROLES)
    if not _are_names(roles):
        raise Damaged("roles")
    account_id = fields.matching(found.get("id"), "id", ACCOUNT_ID)
    name, email = fields.text(found.get("name"), "name"), fields.text(found.get("email"), "email")
    return ListedAccount(
        Account(account_id, name, email),
        tuple(roles),
        fields.boolean(found.get("refused"), "refused"),
        fields.boolean(found.get("answered"), "answered"),
    )


def _are_names(values: list[Any]) -> bool:
    """Return whether all values are texts and none is too long.

    They are checked together, because 5,000 accounts have 100,000 roles. `join` refuses a value
    that is no text. If all texts together are short enough, so is each.
    """
    try:
        return len("".join(values)) <= LONGEST_NAME or max(map(len, values)) <= LONGEST_NAME
    except TypeError:
        return False
