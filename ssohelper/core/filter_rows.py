"""The accounts and role names of a list as rows to choose from, each with the filter it stands for.

Pure. A row's filter means exactly its account or role name, as `--account` or `--role` would.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ssohelper.core.choices import Choices, exact_filter
from ssohelper.core.listing import Listing
from ssohelper.core.model import Account
from ssohelper.core.profile_names import is_foreign_id


class FilterRow(NamedTuple):
    """One account, or one role name: what it is called, the rest to show, and its filter."""

    is_account: bool
    name: str
    note: str
    filter: str


def filter_rows(listing: Listing) -> list[FilterRow]:
    """Return a row for each role name, the most frequent first, and then one for each account."""
    counts = Counter(role.name for role in listing.roles())
    rows = [
        FilterRow(False, name, f"role, in {_count(number, 'account')}", exact_filter(name))
        for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    names = Counter(one.account.name.casefold() for one in listing.accounts)
    for listed in sorted(listing.accounts, key=lambda one: one.account.name.casefold()):
        account = listed.account
        is_unique = names[account.name.casefold()] == 1
        note = f"{account.id}, {_count(len(listed.roles), 'role')}"
        rows.append(FilterRow(True, account.name, note, _account_filter(account, is_unique)))
    return rows


def chosen(before: Choices, rows: Iterable[FilterRow]) -> Choices:
    """Return the choices with the filters of these rows.

    The filters of a kind that no row has stay as they were, as with `--account` and `--role`.
    """
    rows = list(rows)
    accounts = tuple(row.filter for row in rows if row.is_account)
    roles = tuple(row.filter for row in rows if not row.is_account)
    found = {"accounts": accounts, "roles": roles}
    return before.choose(**{kind: filters for kind, filters in found.items() if filters})


def _account_filter(account: Account, is_unique: bool) -> str:
    """Return the filter that this account alone matches: its name if it can be one, else its id."""
    name = account.name
    # A filter that begins with "!" leaves out what it matches.
    if not name.strip() or not is_unique or name.startswith("!") or is_foreign_id(name, account):
        return account.id
    return exact_filter(name)


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
