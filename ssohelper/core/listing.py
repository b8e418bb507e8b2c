"""Holds the accounts and roles of a portal as AWS listed them, and searches them."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.start_url import is_same_session
from ssohelper.core.text import FEW_NAMES, shortened_name_list
from ssohelper.errors import RoleNotAssigned

if TYPE_CHECKING:
    from ssohelper.core.search import Index


class ListedAccount(NamedTuple):
    """`answered`: AWS listed the account's roles, or refused to list them.

    If AWS refused, `roles` are those of the previous listing: `--prune` keeps their profiles.
    """

    account: Account
    roles: tuple[str, ...] = ()
    refused: bool = False
    answered: bool = True


class ListedRole(NamedTuple):
    account: Account
    role_name: str


class Listing(NamedTuple):
    """The accounts and roles that a portal listed; `listed_at` is when (epoch seconds).

    Later, the session of this name may have another portal than `start_url` and `region`.
    """

    start_url: str
    region: str
    listed_at: int
    accounts: tuple[ListedAccount, ...] = ()

    @property
    def is_complete(self) -> bool:
        return all(listed.answered for listed in self.accounts)

    def is_of_portal_of(self, session: SsoSession) -> bool:
        listed = session._replace(start_url=self.start_url, region=self.region)
        return is_same_session(listed, session)

    def roles(self) -> list[Role]:
        return [Role(listed.account.id, name) for listed in self.accounts for name in listed.roles]

    def role_set(self) -> Collection[Role]:
        """Return each role once, in the order of the listing; a lookup is fast."""
        return dict.fromkeys(self.roles()).keys()

    def has_role_named(self, account_text: str, role_name: str) -> bool:
        return any(
            account_text in (one.account.id, one.account.name) and role_name in one.roles
            for one in self.accounts
        )

    def lacks_role(self, role: Role) -> bool:
        """Return whether AWS has answered for every account and has not listed this role."""
        found = [one for one in self.accounts if one.account.id == role.account_id]
        return self.is_complete and not any(one.refused or role.name in one.roles for one in found)

    def hint_about_listed_roles(self, role: Role) -> str:
        """Return the beginning of a hint for a role that AWS refuses: what its account offers.

        Returns "" if the role is listed, or if the account is not listed.
        """
        names = [
            name for one in self.accounts if one.account.id == role.account_id for name in one.roles
        ]
        if not names or role.name in names:
            return ""
        offered = f"the account offers {shortened_name_list(names, FEW_NAMES)}; "
        return did_you_mean(role.name, names) or offered

    def not_listed_error(self, session_name: str, role: Role) -> RoleNotAssigned:
        """Return the error for a role that is not listed; the hint names a similar listed role."""
        names = [other.name for other in self.roles() if other.account_id == role.account_id]
        return RoleNotAssigned(
            f'no role "{role.name}" in account {role.account_id} for session "{session_name}"',
            hint=did_you_mean(role.name, names)
            + f"see: ssohelper list --refresh --session {session_name}",
        )

    def search_roles(self, query: Iterable[str] = ()) -> list[ListedRole]:
        roles = [ListedRole(a.account, role) for a in self.accounts for role in a.roles]
        accounts = [role.account for role in roles]
        names = [role.role_name for role in roles]
        return [roles[number] for number in _make_index(accounts, names).search(query)]

    def search_accounts(self, query: Iterable[str] = ()) -> list[ListedAccount]:
        index = _make_index([listed.account for listed in self.accounts])
        return [self.accounts[number] for number in index.search(query)]


def _make_index(accounts: Sequence[Account], *columns: Sequence[str]) -> "Index":
    """Accounts that match a search equally well keep the order of the listing."""
    from ssohelper.core.search import Index

    emails = [account.email for account in accounts]
    names = [account.name for account in accounts]
    ids = [account.id for account in accounts]
    return Index([emails, names, ids, *columns], hidden=(0,), preferred=len(accounts))
