"""A portal's accounts and roles as AWS listed them, and the search in them."""

from collections.abc import Iterable
from typing import NamedTuple

from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.search import search


class ListedAccount(NamedTuple):
    """An account and the names of its roles.

    `answered`: AWS listed the roles, or refused to (`refused`). A refused account has the roles
    of the listing before; profiles of them must never be pruned.
    """

    account: Account
    roles: tuple[str, ...] = ()
    refused: bool = False
    answered: bool = True


class ListedRole(NamedTuple):
    """A role of a listing, with its account."""

    account: Account
    role_name: str


class Listing(NamedTuple):
    """The accounts and roles that a session's portal listed.

    `listed_at` is when the listing began (epoch seconds). The start URL and the region are part
    of it: it is not the listing of a session that was pointed at another portal since.
    """

    start_url: str
    region: str
    listed_at: int
    accounts: tuple[ListedAccount, ...] = ()

    @property
    def complete(self) -> bool:
        """Return whether every account has answered."""
        return all(listed.answered for listed in self.accounts)

    def is_of(self, session: SsoSession) -> bool:
        """Return whether this is a listing of the portal that the session points at now."""
        return (self.start_url, self.region) == (session.start_url, session.region)

    def roles(self) -> list[Role]:
        """Return every role of every account, in the order of the listing."""
        return [Role(listed.account.id, name) for listed in self.accounts for name in listed.roles]

    def search_roles(self, query: Iterable[str] = ()) -> list[ListedRole]:
        """Return the roles that contain every term of the query, best first."""
        roles = [ListedRole(a.account, role) for a in self.accounts for role in a.roles]
        texts = [(r.account.name, r.account.id, r.role_name, r.account.email) for r in roles]
        return [roles[match.row] for match in search(query, texts)]

    def search_accounts(self, query: Iterable[str] = ()) -> list[ListedAccount]:
        """Return the accounts that contain every term of the query, best first."""
        texts = [(a.account.name, a.account.id, a.account.email) for a in self.accounts]
        return [self.accounts[match.row] for match in search(query, texts)]
