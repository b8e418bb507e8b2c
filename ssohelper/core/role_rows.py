"""A role as lists show it: with its account, its profiles and how it is used."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ssohelper.core.model import Account, RoleKey
from ssohelper.core.search import Index
from ssohelper.core.usage import NEVER, Usage, rank

# The fields that a search looks at, in the order of a Span's `field`.
ACCOUNT_NAME, ACCOUNT_ID, ROLE_NAME, EMAIL, PROFILES, SESSION = range(6)


class RoleRow(NamedTuple):
    """One role of one account of one session; `profiles` are the names in ~/.aws/config."""

    session_name: str
    account: Account
    role_name: str
    profiles: tuple[str, ...] = ()
    usage: Usage = NEVER

    @property
    def key(self) -> RoleKey:
        return RoleKey(self.session_name, self.account.id, self.role_name)

    @property
    def profile_argument(self) -> str:
        """Return what the user types for it: its first profile, else SESSION:ACCOUNT/ROLE.

        For display only: actions take `key`.
        """
        return self.profiles[0] if self.profiles else self.key.text


def plain_rows(session_name: str, account: Account, role_names: Iterable[str]) -> list[RoleRow]:
    """Return rows without profile and use: most of 20,000, so not by the slower constructor."""
    make, kind = tuple.__new__, RoleRow
    return [make(kind, (session_name, account, name, (), NEVER)) for name in role_names]


def ranked(rows: Sequence[RoleRow]) -> list[RoleRow]:
    """Return favourites first, then the last used, then all others in the order given."""
    used = [row for row in rows if row.usage is not NEVER and row.usage != NEVER]
    if not used:
        return list(rows)
    chosen = set(map(id, used))
    return sorted(used, key=lambda row: rank(row.usage)) + [r for r in rows if id(r) not in chosen]


def index_of(rows: Sequence[RoleRow]) -> Index:
    """Return the search over these rows; fields as the constants above name them."""
    return Index(
        [
            [row.account.name for row in rows],
            [row.account.id for row in rows],
            [row.role_name for row in rows],
            [row.account.email for row in rows],
            [" ".join(row.profiles) for row in rows],
            [row.session_name for row in rows],
        ]
    )
