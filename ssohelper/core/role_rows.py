"""Makes the rows of role lists. Other tools' profiles have rows too, in a group at the end."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.model import NEVER_USED, Account, RoleKey, Usage, encoded_profile_name

if TYPE_CHECKING:
    from ssohelper.core.search import Index

# The fields that a search compares, by their number in a Span.
ACCOUNT_NAME, ACCOUNT_ID, ROLE_NAME, EMAIL, PROFILES, SESSION = range(6)
# Stands for the heading above other tools' profiles. A real account never has an empty id.
OTHER_PROFILES = Account("", "other profiles", "")


class RoleRow(NamedTuple):
    """One role of one account of one session.

    `chained` is the key of a role at the end of a chain. With `provider`, the row is another tool's
    profile: `role_name` is its name, and it has no session. A row that is `privileged` comes last,
    and no list proposes it, unless it is a favourite.
    """

    session_name: str
    account: Account
    role_name: str
    profiles: tuple[str, ...] = ()
    usage: Usage = NEVER_USED
    chained: RoleKey | None = None
    provider: str = ""
    privileged: bool = False

    @property
    def comes_last(self) -> bool:
        return self.privileged and not self.usage.favourite

    @property
    def text_beside_name(self) -> str:
        return self.provider or " ".join(self.profiles)

    @property
    def label(self) -> str:
        return f"{self.account.name or self.account.id}/{self.role_name}"

    @property
    def key(self) -> RoleKey:
        return self.chained or RoleKey(self.session_name, self.account.id, self.role_name)

    @property
    def profile_argument(self) -> str:
        """Return what a user types to name this role. Actions use `key` instead."""
        return self.profiles[0] if self.profiles else self.key.text


def rows_without_usage(
    session: str, account: Account, roles: Iterable[tuple[str, bool]]
) -> list[RoleRow]:
    """Make rows without RoleRow's own, slower constructor: most of 20,000 rows are made here."""
    make, kind = tuple.__new__, RoleRow
    return [
        make(kind, (session, account, name, (), NEVER_USED, None, "", privileged))
        for name, privileged in roles
    ]


def foreign_profile_rows(
    names_and_providers: Iterable[tuple[str, str]],
    is_privileged: Callable[[str], bool] = lambda _name: False,
) -> list[RoleRow]:
    """Return rows of other tools' profiles. Their keys hold only a name, unlike any role's key."""
    rows = []
    for name, provider in names_and_providers:
        key = RoleKey("", "", "", encoded_profile_name(name))
        row = RoleRow("", OTHER_PROFILES, name, (name,), NEVER_USED, key, provider)
        rows.append(row._replace(privileged=is_privileged(name)))
    return rows


def ranked_rows(rows: Sequence[RoleRow]) -> list[RoleRow]:
    """Return favourites, then the rows used last, then all others in the given order."""
    used = [row for row in rows if row.usage is not NEVER_USED and row.usage != NEVER_USED]
    if not used:
        return list(rows)
    ids = set(map(id, used))
    unused = [row for row in rows if id(row) not in ids]
    return sorted(used, key=lambda row: usage_sort_key(row.usage)) + unused


def usage_sort_key(usage: Usage) -> tuple[bool, int, int]:
    """Favourites first, then the last used, then the most used."""
    return not usage.favourite, -(usage.last_used_at or 0), -usage.uses


def make_role_index(rows: Sequence[RoleRow]) -> "Index":
    """Return the search index. If `rows` are ranked, used roles precede equal matches.

    Of equal matches, privileged roles come last.
    """
    # Imported here: the full screen appears 1 ms sooner without this module.
    from ssohelper.core.search import Index

    preferred = next((at for at, row in enumerate(rows) if row.usage == NEVER_USED), len(rows))
    columns = [
        [row.account.name for row in rows],
        [row.account.id for row in rows],
        [row.role_name for row in rows],
        [row.account.email for row in rows],
        [row.text_beside_name for row in rows],
        [row.session_name for row in rows],
    ]
    fuzzy, named = (ACCOUNT_NAME, ROLE_NAME), (ACCOUNT_ID, ROLE_NAME, PROFILES)
    return Index(
        columns,
        fuzzy_columns=fuzzy,
        hidden=(EMAIL,),
        preferred=preferred,
        last=[row.comes_last for row in rows],
        named_columns=named,
    )
