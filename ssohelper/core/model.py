"""The nouns of the program, in AWS's own words. Values only: no I/O, no clock."""

import re
from hashlib import sha256
from typing import NamedTuple, NoReturn

# The contract's rule for names of sessions: it becomes a file name and a command argument.
SESSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ACCOUNT_ID = re.compile(r"[0-9]{12}")
# sso-admin's PermissionSetName is [\w+=,.@-]{1,32}, ASCII; "." and ".." would climb out of a folder.
ROLE_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_+=,.@-]{1,32}")


class Secret:
    """A value that no repr, str, format or pickle shows; only reveal() opens it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


class Account(NamedTuple):
    """An AWS account as the portal lists it. `id` is text: its leading zeros count."""

    id: str
    name: str
    email: str


class Role(NamedTuple):
    """A permission set in one account; `name` is the permission set's, as the portal lists it."""

    account_id: str
    name: str


class SsoSession(NamedTuple):
    """An [sso-session] section: one person's sign-in at one portal."""

    name: str
    start_url: str
    region: str
    scopes: tuple[str, ...]

    def key_of(self, role: Role) -> "RoleKey":
        """Return what this role's credentials are kept under."""
        return RoleKey(self.name, *role)


class Profile(NamedTuple):
    """A profile that is resolved as far as it can be: session, account and role are known."""

    name: str
    session: SsoSession
    role: Role
    region: str | None

    @property
    def key(self) -> "RoleKey":
        return self.session.key_of(self.role)


class ClientRegistration(NamedTuple):
    """What RegisterClient gave: good for refreshes until `expires_at` (90 days)."""

    client_id: str
    client_secret: Secret
    expires_at: int
    grant_types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


class AccessToken(NamedTuple):
    """What a sign-in gave. Refreshable when both refresh token and client are there."""

    value: Secret
    expires_at: int
    refresh_token: Secret | None
    client: ClientRegistration | None

    @property
    def id(self) -> str:
        """Return a name of the token that does not show it: files and arguments may hold it."""
        return sha256(self.value.reveal().encode()).hexdigest()[:16]


class RoleCredentials(NamedTuple):
    """Keys of one role, until `expires_at` (epoch seconds)."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: int


class CachedCredentials(NamedTuple):
    """Role credentials with the moment we got them, which tells how long their whole life is.

    `token_id` names the access token that they were asked for with.
    """

    credentials: RoleCredentials
    received_at: int
    token_id: str = ""

    @property
    def life_seconds(self) -> int:
        return self.credentials.expires_at - self.received_at


class SignInFacts(NamedTuple):
    """What we know of a sign-in beside its token; kept in our state folder, never in AWS's file.

    `token_expires_at` names the token whose whole life `token_life_seconds` was observed.
    `observed_hours_seconds` is how long sign-ins last, learnt from an end (core.sign_in_clock).
    `token_ids` are the access tokens of this sign-in that we saw or wrote, the latest last.
    `sent_id` names a refresh token whose answer has not arrived.
    `issuer` is what issued the tokens of `token_ids`, `client_issuer` what registered the client
    that `client` names: "loopback", or a partition and region of AWS (core.issuer).
    What was listed before `person_since` may be another person's; `earlier_user` is who that was,
    where it is known.
    """

    signed_in_at: int | None = None
    ended_at: int | None = None
    observed_hours_seconds: int | None = None
    refreshed_at: int | None = None
    user: str | None = None
    token_expires_at: int | None = None
    token_life_seconds: int | None = None
    person_since: int | None = None
    earlier_user: str | None = None
    token_ids: tuple[str, ...] = ()
    sent_id: str | None = None
    issuer: str | None = None
    client: str | None = None
    client_issuer: str | None = None


class Usage(NamedTuple):
    """When a role was last used (epoch seconds), how often, and whether it is a favourite."""

    last_used_at: int | None = None
    uses: int = 0
    favourite: bool = False

    def used(self, now: int) -> "Usage":
        """Return this usage with one more use, at `now`."""
        return self._replace(last_used_at=now, uses=self.uses + 1)


NEVER_USED = Usage()


class RoleKey(NamedTuple):
    """A role of one session. Lists, caches and actions name a role by it, never by a profile."""

    session_name: str
    account_id: str
    role_name: str

    @property
    def role(self) -> Role:
        return Role(self.account_id, self.role_name)

    @property
    def text(self) -> str:
        """Return the PROFILE argument that means this role: SESSION:ACCOUNT/ROLE."""
        return f"{self.session_name}:{self.account_id}/{self.role_name}"
