"""Issues and holds the emulated Identity Center's clients, sign-ins, tokens and role credentials.

They are in memory only. Every secret begins with a canary, a text that is random for each run, so
that a search of files, logs and screens for that text finds any leak.
"""

import os
import string
from typing import Any, NamedTuple

from ssohelper.emulator.organization import World

_LETTERS = string.ascii_letters + string.digits
_KEY_ID = string.ascii_uppercase + "234567"
# The letters of user codes. As at AWS, vowels and letters that look like digits are left out.
_USER_CODE = "BCDFGHJKLMNPQRSTVWXZ"


class Client(NamedTuple):
    """A registered client, such as a program that signs its user in."""

    id: str
    secret: str
    name: str
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    issuer_url: str | None
    expires_at: int


class SignIn:
    """One sign-in of a person. Its tokens are valid only until it ends."""

    __slots__ = ("ends_at", "id", "person", "revoked", "started_at", "world")

    def __init__(self, sign_in_id: str, world: World, person: str, now: float, seconds: float):
        self.id = sign_in_id
        self.world = world
        self.person = person
        self.started_at = now
        self.ends_at = now + seconds
        self.revoked = False

    def is_live_at(self, now: float) -> bool:
        """Return whether the sign-in has not ended, and its person still exists and is enabled."""
        person = self.world.people.get(self.person)
        return not self.revoked and now < self.ends_at and person is not None and person.enabled


class AuthorizationCode(NamedTuple):
    """An authorization code of the PKCE flow, which a client has not exchanged for tokens yet."""

    value: str
    client_id: str
    redirect_uri: str
    challenge: str
    sign_in: SignIn
    expires_at: float


class DeviceAuthorization:
    """One device code. Its `status` is "pending", "approved", "denied" or "used"."""

    __slots__ = (
        "client_id", "device_code", "expires_at", "last_poll_at", "polls", "sign_in", "status",
        "user_code", "world",
    )  # fmt: skip

    def __init__(self, device_code: str, user_code: str, client_id: str, world: World, end: float):
        self.device_code = device_code
        self.user_code = user_code
        self.client_id = client_id
        self.world = world
        self.expires_at = end
        self.status = "pending"
        self.sign_in: SignIn | None = None
        self.polls = 0
        self.last_poll_at: float | None = None


class AccessToken(NamedTuple):
    """An access token, and the sign-in that it belongs to."""

    value: str
    scopes: tuple[str, ...]
    sign_in: SignIn
    expires_at: float


class RefreshToken:
    """A refresh token. `replaced_at` is the time when a newer one replaced it, or None."""

    __slots__ = ("client_id", "replaced_at", "sign_in", "value")

    def __init__(self, value: str, client_id: str, sign_in: SignIn) -> None:
        self.value = value
        self.client_id = client_id
        self.sign_in = sign_in
        self.replaced_at: float | None = None


class IssuedCredentials(NamedTuple):
    """Credentials that the portal or STS has issued, with their person and role.

    `is_role_session` is false for the access key of an IAM user, which has no session token.
    `transitive_tags` are the session tags that roles assumed with these credentials inherit.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str
    person: str
    account_id: str
    role_name: str
    arn: str
    issued_at: float
    expires_at: float
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[tuple[str, str], ...] = ()
    is_role_session: bool = True


class State:
    """Everything that the emulator has issued. Threads must hold the lock of `Center` to use it."""

    def __init__(self) -> None:
        self.run = _pick_random_letters(_LETTERS, 6)
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.devices: dict[str, DeviceAuthorization] = {}
        self.sign_ins: dict[str, SignIn] = {}
        self.tokens: dict[str, AccessToken] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.issued: dict[str, IssuedCredentials] = {}

    def make_secret(self, kind: str, length: int = 120) -> str:
        """Return a new secret text: `CNRY-<kind>-<random text of this run>-<random letters>`."""
        return f"CNRY-{kind}-{self.run}-{_pick_random_letters(_LETTERS, length)}"

    def make_random_id(self, length: int) -> str:
        """Return an id of random letters and digits, which is not a secret."""
        return _pick_random_letters(_LETTERS, length)

    def make_user_code(self) -> str:
        """Return a new user code, which the user types or compares during a device sign-in."""
        return f"{_pick_random_letters(_USER_CODE, 4)}-{_pick_random_letters(_USER_CODE, 4)}"

    def find_device_by_user_code(self, user_code: str) -> DeviceAuthorization | None:
        """Return the device code with this user code (in upper or lower case), or None."""
        wanted = user_code.strip().upper()
        return next((d for d in self.devices.values() if d.user_code.upper() == wanted), None)

    def start_sign_in_of_person(
        self, world: World, person: str, now: float, seconds: float
    ) -> SignIn:
        """Begin a sign-in of this person, which lasts `seconds`, and return it."""
        sign_in = SignIn(self.make_random_id(20), world, person, now, seconds)
        self.sign_ins[sign_in.id] = sign_in
        return sign_in

    def issue_role_credentials(
        self, sign_in: SignIn, account_id: str, role_name: str, now: float, seconds: float
    ) -> IssuedCredentials:
        """Issue and return role credentials that last `seconds`.

        As at AWS, the access key id (`ASIA…`) has 20 characters and the session token about 1,000.
        """
        arn = sign_in.world.session_arn(account_id, role_name, sign_in.person)
        return self._make_credentials(sign_in.person, account_id, role_name, arn, now, seconds)

    def issue_assumed_role_credentials(
        self,
        account_id: str,
        role_name: str,
        session_name: str,
        person: str,
        now: float,
        seconds: float,
        *,
        tags: tuple[tuple[str, str], ...],
        transitive_tags: tuple[tuple[str, str], ...],
    ) -> IssuedCredentials:
        """Issue credentials of an IAM role for AssumeRole's answer, and return them."""
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"
        issued = self._make_credentials(person, account_id, role_name, arn, now, seconds)
        issued = issued._replace(tags=tags, transitive_tags=transitive_tags)
        self.issued[issued.access_key_id] = issued
        return issued

    def issue_user_key(self, account_id: str, user_name: str, now: float) -> IssuedCredentials:
        """Issue and return an access key of an IAM user: without session token, never expires."""
        arn = f"arn:aws:iam::{account_id}:user/{user_name}"
        issued = self._make_credentials(user_name, account_id, user_name, arn, now, float("inf"))
        issued = issued._replace(
            access_key_id="AKIA" + issued.access_key_id[4:], session_token="", is_role_session=False
        )
        self.issued[issued.access_key_id] = issued
        return issued

    def _make_credentials(
        self, person: str, account_id: str, role_name: str, arn: str, now: float, seconds: float
    ) -> IssuedCredentials:
        issued = IssuedCredentials(
            access_key_id="ASIA" + _pick_random_letters(_KEY_ID, 16),
            secret_access_key=f"CNRYSAK{self.run}{_pick_random_letters(_LETTERS + '+/', 27)}",
            session_token=self.make_secret("ST", 984) + "==",
            person=person,
            account_id=account_id,
            role_name=role_name,
            arn=arn,
            issued_at=now,
            expires_at=now + seconds,
        )
        self.issued[issued.access_key_id] = issued
        return issued

    def end_sign_ins(self, person: str | None) -> int:
        """End the sign-ins of this emulated user (None: of all users); return how many ended."""
        ended = 0
        for sign_in in self.sign_ins.values():
            if person in (None, sign_in.person) and not sign_in.revoked:
                sign_in.revoked = True
                ended += 1
        return ended

    def summary(self) -> dict[str, Any]:
        """Return how many clients are registered and how many sign-ins there were."""
        return {"clients": len(self.clients), "sign_ins": len(self.sign_ins)}


def _pick_random_letters(alphabet: str, length: int) -> str:
    # Reads urandom once, because secrets.choice takes 0.5 ms for a session token. The modulus makes
    # some letters slightly more likely, which does not matter in an emulator.
    table = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    return os.urandom(length).translate(table).decode("ascii")
