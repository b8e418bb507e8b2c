"""Makes the rows of the list in which the user chooses filters for role names and accounts.

Pure. A row's filter matches exactly the row's account or role name.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ssohelper.core.choices import Choices, filter_for_exact_text
from ssohelper.core.listing import Listing
from ssohelper.core.profile_names import is_foreign_id
from ssohelper.core.text import count_text


class FilterRow(NamedTuple):
    is_account: bool
    name: str
    note: str
    filter: str


def filter_rows_of_listing(listing: Listing) -> list[FilterRow]:
    rows = []
    counts = Counter(role.name for role in listing.roles())
    for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        note = f"role, in {count_text(number, 'account')}"
        rows.append(FilterRow(False, name, note, filter_for_exact_text(name)))
    names = Counter(one.account.name.casefold() for one in listing.accounts)
    for listed in sorted(listing.accounts, key=lambda one: one.account.name.casefold()):
        account, name = listed.account, listed.account.name
        is_clear = name.strip() and names[name.casefold()] == 1 and not is_foreign_id(name, account)
        # A filter that begins with "!" leaves out what it matches.
        is_clear = is_clear and not name.startswith("!")
        note = f"{account.id}, {count_text(len(listed.roles), 'role')}"
        glob = filter_for_exact_text(name) if is_clear else account.id
        rows.append(FilterRow(True, name, note, glob))
    return rows


def choices_with_filter_rows(before: Choices, rows: Iterable[FilterRow]) -> Choices:
    """Return the choices with the filters of these rows.

    If no row is an account, the account filters stay, as without `--account`. Role filters stay
    likewise.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        kind = "accounts" if row.is_account else "roles"
        found[kind] = (*found.get(kind, ()), row.filter)
    return before.with_chosen_fields(**found)
