"""Checks the fields of accounts and roles, in answers of the portal and in saved listings."""

import re
from collections.abc import Sequence
from typing import Any

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import ACCOUNT_ID, Account
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LONGEST_NAME, Check, Damaged

VERSION = 1
# 1,000 pages of 100 hold more accounts than AWS lets an organization have.
MOST_PAGES = 1000
PAGE_SIZE = 100
_MOST_ROWS = MOST_PAGES * PAGE_SIZE
_NEXT_TOKEN = fields.matching(re.compile(r"[!-~]{1,100000}"))


def _text_or_empty(value: object, field: str) -> Any:
    return "" if value is None else fields.checked_text(value, field)


_ACCOUNT_ROW: dict[str, Check] = {
    "accountId": fields.matching(ACCOUNT_ID),
    "accountName": _text_or_empty,
    "emailAddress": _text_or_empty,
}
_LISTING: dict[str, Check] = {
    "version": fields.number(VERSION, VERSION),
    "start_url": fields.text(4096),
    "region": fields.checked_text,
    "listed_at": fields.checked_instant,
    "accounts": lambda value, field: _listed_accounts(
        fields.items(fields.checked_object, _MOST_ROWS)(value, field)
    ),
}


def rows_of_page(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows in a page of accounts or roles, which AWS sends under `key`."""
    return list(fields.items(fields.checked_object, _MOST_ROWS)(answer.get(key), key))


def next_page_token(answer: dict[str, Any]) -> str | None:
    after: str | None = answer.get("nextToken")
    return None if after in (None, "") else str(_NEXT_TOKEN(after, "nextToken"))


def account_of_row(row: dict[str, Any]) -> Account:
    return Account(*fields.read(row, _ACCOUNT_ROW))


def role_name_of_row(row: dict[str, Any]) -> str:
    name: str = fields.checked_text(row.get("roleName") or None, "roleName")
    return name


def parse_listing(document: dict[str, Any]) -> Listing:
    return Listing(*fields.read(document, _LISTING)[1:])


def _listed_accounts(found: Sequence[dict[str, Any]]) -> tuple[ListedAccount, ...]:
    # Each field is checked for all accounts together, which is twice as fast.
    keys = "id", "name", "email", "refused", "answered", "roles"
    columns: list[list[Any]] = [[one.get(key) for one in found] for key in keys]
    ids, names, emails, refused, answered, role_lists = columns
    if not (_are_names(ids) and all(map(ACCOUNT_ID.fullmatch, ids))):
        raise Damaged("id")
    for key, texts in (("name", names), ("email", emails)):
        if not _are_names(texts):
            raise Damaged(key)
    for key, flags in (("refused", refused), ("answered", answered)):
        if not set(map(type, flags)) <= {bool}:
            raise Damaged(key)
    accounts = map(Account, ids, names, emails)
    return tuple(map(ListedAccount, accounts, _role_names(role_lists), refused, answered))


def _role_names(values: list[Any]) -> list[tuple[str, ...]]:
    """Return each account's roles. Accounts with the same roles share one tuple.

    Without sharing, the names of 20,000 roles would take 1 MB more.
    """
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    all_names, as_list = [], fields.a_list(_MOST_ROWS)
    for value in values:
        names = tuple(as_list(value, "roles"))
        try:
            shared = known.get(names)
        except TypeError as cause:  # an item is a list or an object, which has no hash
            raise Damaged("roles") from cause
        if shared is None:
            if not _are_names(names):
                raise Damaged("roles")
            shared = known[names] = names
        all_names.append(shared)
    return all_names


def _are_names(values: Sequence[Any]) -> bool:
    """Return whether all values are texts and none is too long; fast for 100,000 values.

    `join` raises TypeError if a value is no text.
    """
    try:
        return len("".join(values)) <= LONGEST_NAME or max(map(len, values)) <= LONGEST_NAME
    except TypeError:
        return False
