"""Defines the types of the program's values, in AWS's own words. No I/O, no clock."""

import re
from typing import NamedTuple, NoReturn

from ssohelper.errors import ConfigInvalid

# Names of sessions become file names and command arguments.
SESSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A session's name; for a sign-in at a further portal, with its region: `corp@eu-west-1`.
SIGN_IN_NAME = re.compile(SESSION_NAME.pattern + r"(@[a-z0-9-]{1,40})?")
ACCOUNT_ID = re.compile(r"[0-9]{12}")
# AWS's rule (PermissionSetName of sso-admin) is [\w+=,.@-]{1,32}, ASCII. "." and ".." cannot be
# parts of a path.
ROLE_NAME = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_+=,.@-]{1,32}")
# The name of the IAM role that AWS makes for a permission set. The portal does not use this name.
IAM_ROLE_NAME = r"AWSReservedSSO_(.+)_[0-9a-f]{16}"
# The percent-encoded name of a chain's profile.
CHAIN = re.compile(r"(?!\.)[A-Za-z0-9_+=,.@%~-]{1,200}")
# Stands between a role's name and a chain's name, in file names and in requests to a broker.
CHAIN_MARK = "~"
# Stands before a guarded role in lists and prompts. In zsh prompts `!` has a meaning; `@@` has none
# in any shell.
GUARD_SIGN = "@@"
_PLAIN_IN_CHAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
_PERCENT = rb"%([0-9A-F]{2})"


class Secret:
    """A secret text. Only reveal() returns it; repr, str, format and pickle do not."""

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
    id: str
    name: str
    email: str


class Role(NamedTuple):
    """A permission set in one account or, with `chain`, the role at that chain's end."""

    account_id: str
    name: str
    chain: str = ""


class SsoSession(NamedTuple):
    """An [sso-session] section of ~/.aws/config: one user's sign-in at one portal.

    `portal_url` is the portal to which a start URL on a company's own host led; `region` is then
    that portal's region. `is_further`: a portal of the same Identity Center in another region.
    """

    name: str
    start_url: str
    region: str
    scopes: tuple[str, ...]
    portal_url: str | None = None
    is_further: bool = False

    @property
    def sign_in_name(self) -> str:
        return f"{self.name}@{self.region}" if self.is_further else self.name

    @property
    def aws_url(self) -> str:
        return self.portal_url or self.start_url

    def key_of(self, role: Role) -> "RoleKey":
        return RoleKey(self.name, *role)


class Profile(NamedTuple):
    """The session and the role that a command uses.

    `name` is a profile of the config, or [SESSION:]ACCOUNT/ROLE. `assumed` is the role at the end
    of a chain.
    """

    name: str
    session: SsoSession
    role: Role
    region: str | None
    assumed: Role | None = None

    @property
    def shown_role(self) -> Role:
        return self.assumed or self.role

    @property
    def key(self) -> "RoleKey":
        return self.session.key_of(self.role)

    @property
    def json_fields(self) -> dict[str, str]:
        return {"profile": self.name, **self.session.key_of(self.shown_role).json_fields}


class ClientRegistration(NamedTuple):
    client_id: str
    client_secret: Secret
    expires_at: int
    grant_types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


class AccessToken(NamedTuple):
    """A sign-in's token. It can be renewed if `refresh_token` and `client` are set."""

    value: Secret
    expires_at: int
    refresh_token: Secret | None
    client: ClientRegistration | None

    @property
    def id(self) -> str:
        from hashlib import sha256

        return sha256(self.value.reveal().encode()).hexdigest()[:16]


class IssuedToken(NamedTuple):
    token: AccessToken
    life_seconds: int


class RoleCredentials(NamedTuple):
    """The keys of one role, valid until `expires_at` by AWS's clock."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: int


class CachedCredentials(NamedTuple):
    """Role credentials, and when AWS issued them.

    `token_id` is the id of the access token with which the credentials, or the first role of their
    chain, were requested. `chain_id` is the `Chain.id`, "" for an SSO role.
    """

    credentials: RoleCredentials
    received_at: int
    token_id: str = ""
    chain_id: str = ""

    @property
    def life_seconds(self) -> int:
        return self.credentials.expires_at - self.received_at


class SignInFacts(NamedTuple):
    """What ssohelper records about a sign-in, in its own state folder.

    `observed_hours_seconds`: how long sign-ins last, measured when one ended. `token_ids`: ids of
    the access tokens that we read or wrote, the latest last. `notice_stage`: the last notice's
    stage; `notice_end`: the end that it announced (None: a sign-out). `sent_id`: the id of a
    refresh token that was sent without an answer. `client_issuer` registered the client whose hash
    is `client` (core.issuer). A listing from before `person_since` may belong to `earlier_user`.
    `of_token_id`, for a sign-in at a further portal: the id of the token of the session's own
    sign-in that was made together with it.
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
    notice_stage: int | None = None
    notice_end: int | None = None
    sent_id: str | None = None
    issuer: str | None = None
    client: str | None = None
    client_issuer: str | None = None
    of_token_id: str | None = None

    @property
    def last_user(self) -> str | None:
        return self.user or self.earlier_user

    def of_next_sign_in(self, since: int) -> "SignInFacts":
        """Return the facts that also hold for the next sign-in, perhaps of another user."""
        return SignInFacts(
            observed_hours_seconds=self.observed_hours_seconds,
            person_since=since,
            earlier_user=self.last_user,
            client=self.client,
            client_issuer=self.client_issuer,
        )


class Usage(NamedTuple):
    last_used_at: int | None = None
    uses: int = 0
    favourite: bool = False


NEVER_USED = Usage()


class PageChoice(NamedTuple):
    """A page of the console: a service, named as in `ssohelper console --service`; a region."""

    service: str
    region: str


class RoleKey(NamedTuple):
    """A role of one session. Lists, caches and actions identify a role by this key.

    `chain` is the percent-encoded name of the profile that assumes another role (core.chains).
    """

    session_name: str
    account_id: str
    role_name: str
    chain: str = ""

    @property
    def role(self) -> Role:
        return Role(self.account_id, self.role_name, self.chain)

    @property
    def text(self) -> str:
        """The PROFILE argument for this role: SESSION:ACCOUNT/ROLE, or a chain's name."""
        if self.chain:
            return decoded_profile_name(self.chain)
        return f"{self.session_name}:{self.account_id}/{self.role_name}"

    @property
    def role_part(self) -> str:
        return f"{self.role_name}{CHAIN_MARK}{self.chain}" if self.chain else self.role_name

    @property
    def role_label(self) -> str:
        return f'{self.role_name} + "{self.text}"' if self.chain else self.role_name

    @property
    def parts(self) -> tuple[str, str, str]:
        return self.session_name, self.account_id, self.role_part

    @property
    def json_fields(self) -> dict[str, str]:
        names = self.session_name, self.account_id, self.role_name
        return dict(zip(("session", "account_id", "role_name"), names, strict=True))

    @classmethod
    def of_parts(cls, session_name: str, account_id: str, role_part: str) -> "RoleKey":
        """Return the key with these `parts`, which are not checked."""
        role_name, _, chain = role_part.partition(CHAIN_MARK)
        return cls(session_name, account_id, role_name, chain)


def encoded_profile_name(name: str) -> str:
    data = name.encode("utf-8", "surrogateescape")
    pieces = [chr(b) if chr(b) in _PLAIN_IN_CHAIN else f"%{b:02X}" for b in data]
    return "".join(["%2E" if at == 0 and one == "." else one for at, one in enumerate(pieces)])


def decoded_profile_name(chain: str) -> str:
    data = re.sub(_PERCENT, lambda found: bytes.fromhex(found[1].decode()), chain.encode())
    return data.decode("utf-8", "surrogateescape")


def checked_role(account_id: str, role_name: str, chain: str = "") -> Role:
    """Return the role that a credential_process line names; `chain` is percent-encoded."""
    if not ACCOUNT_ID.fullmatch(account_id):
        raise ConfigInvalid(f'"{account_id}" is not an account id, which has 12 digits')
    if not ROLE_NAME.fullmatch(role_name):
        message = f'"{role_name}" cannot be the name of a role'
        raise ConfigInvalid(message, hint=hint_of_role_name(role_name))
    if chain and not CHAIN.fullmatch(chain):
        raise ConfigInvalid(f'"{chain}" is too long a name for a chain of roles')
    return Role(account_id, role_name, chain)


def hint_of_role_name(name: str) -> str | None:
    found = re.fullmatch(IAM_ROLE_NAME, name)
    return f"this is an IAM role; write the permission set's name: {found[1]}" if found else None
