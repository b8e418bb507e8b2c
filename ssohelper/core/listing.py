"""What a listing of a portal holds: every account with its roles, and which of them answered."""

from typing import NamedTuple

from ssohelper.core.model import Account, Role, SsoSession


class ListedAccount(NamedTuple):
    """An account and the names of its roles.

    `answered`: AWS said what the roles are, or refused to (`refused`). A refused account carries
    the roles of the listing before, and must never be pruned.
    """

    account: Account
    roles: tuple[str, ...] = ()
    refused: bool = False
    answered: bool = True


class Listing(NamedTuple):
    """The accounts and roles that a session's portal offered; `listed_at` is when it was begun.

    The start URL and the region belong to it: a session that points elsewhere has another list.
    """

    start_url: str
    region: str
    listed_at: int
    accounts: tuple[ListedAccount, ...] = ()

    @property
    def complete(self) -> bool:
        return all(listed.answered for listed in self.accounts)

    def is_of(self, session: SsoSession) -> bool:
        """Tell whether this is the list of the portal that the session points at now."""
        return (self.start_url, self.region) == (session.start_url, session.region)

    def roles(self) -> list[Role]:
        """Return every role of every account, in the order of the listing."""
        return [Role(listed.account.id, name) for listed in self.accounts for name in listed.roles]
