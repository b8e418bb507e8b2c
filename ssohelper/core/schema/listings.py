"""Checks the fields of accounts and roles, in answers of the portal and in saved listings."""

import re
from collections.abc import Sequence
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
# The keys of an account in a saved listing.
_ACCOUNT_KEYS = ("id", "name", "email", "refused", "answered", "roles")
_NEXT_TOKEN = re.compile(r"[!-~]{1,100000}")


# -- checking the portal's answers with accounts and roles -----------------------------------------


def rows_of_page(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows in one page of accounts or roles. AWS sends them under `key`."""
    found = fields.checked_list(answer.get(key), key, _MOST_ROLES)
    return [fields.checked_object(row, key) for row in found]


def next_page_token(answer: dict[str, Any]) -> str | None:
    """Return the token that requests the next page of a listing; None after the last page."""
    after = answer.get("nextToken")
    return None if after in (None, "") else fields.checked_match(after, "nextToken", _NEXT_TOKEN)


def account_of_row(row: dict[str, Any]) -> Account:
    """Return the account in a row of the portal's answer. AWS may omit the account's name and email."""
    account_id = fields.checked_match(row.get("accountId"), "accountId", ACCOUNT_ID)
    return Account(
        account_id, _text_or_empty(row, "accountName"), _text_or_empty(row, "emailAddress")
    )


def role_name_of_row(row: dict[str, Any]) -> str:
    """Return the role name in a row of the portal's answer. The name may hold any character."""
    name = fields.checked_text(row.get("roleName"), "roleName")
    if not name:
        raise Damaged("roleName")
    return name


def _text_or_empty(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else fields.checked_text(value, key)


# -- checking a saved listing of accounts and roles ------------------------------------------------


def parse_listing(document: dict[str, Any]) -> Listing:
    """Return the listing of accounts and roles that a file holds."""
    if document.get("version") != VERSION:
        raise Damaged("version")
    return Listing(
        fields.checked_text(document.get("start_url"), "start_url", 4096),
        fields.checked_text(document.get("region"), "region"),
        fields.checked_instant(document.get("listed_at"), "listed_at"),
        _parse_listed_accounts(
            fields.checked_list(document.get("accounts"), "accounts", _MOST_ACCOUNTS)
        ),
    )


def _parse_listed_accounts(values: list[Any]) -> tuple[ListedAccount, ...]:
    """Return the accounts. Each field is checked for all of them together: twice as fast."""
    found = [fields.checked_object(value, "accounts") for value in values]
    columns: list[list[Any]] = [[one.get(key) for one in found] for key in _ACCOUNT_KEYS]
    ids, names, emails, refused, answered, role_lists = columns
    if not (_are_names(ids) and all(map(ACCOUNT_ID.fullmatch, ids))):
        raise Damaged("id")
    for key, texts in (("name", names), ("email", emails)):
        if not _are_names(texts):
            raise Damaged(key)
    for key, flags in (("refused", refused), ("answered", answered)):
        if not set(map(type, flags)) <= {bool}:
            raise Damaged(key)
    roles = _parse_role_names(role_lists)
    accounts = map(Account, ids, names, emails)
    return tuple(map(ListedAccount, accounts, roles, refused, answered))


def _parse_role_names(values: list[Any]) -> list[tuple[str, ...]]:
    """Return the names of each account's roles.

    Accounts with the same roles share one tuple. Without that, the names of 20,000 roles would take
    1 MB more.
    """
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    all_names = []
    for value in values:
        names = tuple(fields.checked_list(value, "roles", _MOST_ROLES))
        try:
            shared = known.get(names)
        except TypeError as cause:  # a list or an object, which has no hash
            raise Damaged("roles") from cause
        # Names that equal those of an earlier account were checked already.
        if shared is None:
            if not _are_names(names):
                raise Damaged("roles")
            shared = known[names] = names
        all_names.append(shared)
    return all_names


def _are_names(values: Sequence[Any]) -> bool:
    """Return whether all values are texts and none is too long.

    The values are checked together, because 5,000 accounts have 100,000 roles. `join` refuses a
    value that is no text, and a missing one. If all texts together are short enough, each of them is.
    """
    try:
        return len("".join(values)) <= LONGEST_NAME or max(map(len, values)) <= LONGEST_NAME
    except TypeError:
        return False
