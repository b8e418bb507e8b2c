"""Defines `Center`, which all parts of the emulated Identity Center share.

It holds the organizations, the fault settings, the clock, and everything that was issued, in memory
only. Every secret begins with a canary, a text that is random for each run, so that a search of
files, logs and screens for that text finds any leak.
"""

import os
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ssohelper.emulator.exchange import oidc_error, portal_error
from ssohelper.emulator.faults import Faults
from ssohelper.emulator.organization import World, WorldError

SCOPE = "sso:account:access"
_LETTERS = string.ascii_letters + string.digits
_KEY_ID = string.ascii_uppercase + "234567"
# The letters of user codes. As at AWS, vowels and letters that look like digits are left out.
_USER_CODE = "BCDFGHJKLMNPQRSTVWXZ"


class Client(NamedTuple):
    id: str
    secret: str
    name: str
    scopes: tuple[str, ...]
    expires_at: int
    grant_types: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    issuer_url: str | None = None


@dataclass(eq=False, slots=True)
class SignIn:
    """One sign-in of a person. Its tokens are valid only until it ends."""

    world: World
    person: str
    ends_at: float
    revoked: bool = False

    def is_live_at(self, now: float) -> bool:
        person = self.world.people.get(self.person)
        return not self.revoked and now < self.ends_at and person is not None and person.enabled


class AuthorizationCode(NamedTuple):
    value: str
    client_id: str
    redirect_uri: str
    challenge: str
    sign_in: SignIn
    expires_at: float


@dataclass(eq=False, slots=True)
class DeviceAuthorization:
    """One device code. Its `status` is "pending", "approved", "denied" or "used"."""

    device_code: str
    user_code: str
    client_id: str
    world: World
    expires_at: float
    status: str = "pending"
    sign_in: SignIn | None = None
    polls: int = 0


class AccessToken(NamedTuple):
    value: str
    scopes: tuple[str, ...]
    sign_in: SignIn
    expires_at: float


@dataclass(eq=False, slots=True)
class RefreshToken:
    """A refresh token. `replaced_at` is the time when a newer one replaced it, or None."""

    value: str
    client_id: str
    sign_in: SignIn
    replaced_at: float | None = None


class IssuedCredentials(NamedTuple):
    """Credentials that the portal or STS has issued, with their person and role.

    `is_role_session` is false for the access key of an IAM user, which has no session token.
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
    is_role_session: bool


class Center:
    """One emulated Identity Center, with one or more organizations (`worlds`).

    Threads must hold `lock` to use what was issued. `faults` and each `World` have their own locks.
    """

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self.world = world
        self.worlds = [world]
        self.clock = clock
        self.faults = Faults()
        # Maps a region to the settings that make that region's emulated hosts slow or faulty.
        self.region_faults: dict[str, Faults] = {}
        self.lock = threading.RLock()
        self.canary = _pick_random_letters(_LETTERS, 6)
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.devices: dict[str, DeviceAuthorization] = {}
        self.sign_ins: list[SignIn] = []
        self.tokens: dict[str, AccessToken] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.issued: dict[str, IssuedCredentials] = {}
        self.auto_approve: str | None = None
        self.url = ""  # the emulator's own URL, known once the server has a port

    def now(self) -> float:
        return self.clock() + self.faults.clock_offset_seconds

    def find_world(self, start_url: str | None) -> World | None:
        """Return the organization with this start URL, or None; for None, the first organization.

        As at AWS, case, a trailing slash and a fragment (`#…`) make no difference.
        """
        if start_url is None:
            return self.world
        wanted = _normalize_start_url(start_url)
        return next((w for w in self.worlds if _normalize_start_url(w.start_url) == wanted), None)

    def sign_in(self, person: str, world: World | None = None) -> SignIn:
        """Sign in this user of an emulated organization without a browser; return the sign-in.
        Raises: WorldError if the person does not exist or is disabled."""
        home = world or self.world
        if not home.person(person).enabled:
            raise WorldError(f"{person!r} is disabled")
        sign_in = SignIn(home, person, self.now() + self.faults.sign_in_seconds)
        self.sign_ins.append(sign_in)
        return sign_in

    def client(self, client_id: Any, client_secret: Any) -> Client:
        """Return the client. Raises InvalidClientException if id or secret is wrong or expired."""
        found = self.clients.get(client_id) if isinstance(client_id, str) else None
        if found is None or found.secret != client_secret or found.expires_at <= self.now():
            raise oidc_error("InvalidClientException", "Invalid client provided")
        return found

    def find_sign_in(self, token: str | None) -> SignIn:
        """Return the sign-in of this access token.

        Raises UnauthorizedException (401) if the token is unknown, has expired or lacks the scope
        `sso:account:access`, or if its sign-in has ended.
        """
        found, now = self.tokens.get(token or ""), self.now()
        if (
            found is None
            or found.expires_at <= now
            or not found.sign_in.is_live_at(now)
            or (found.scopes and SCOPE not in found.scopes)
        ):
            raise portal_error("UnauthorizedException", "Session token not found or invalid")
        return found.sign_in

    def cookie_name(self, kind: str) -> str:
        # Browsers send a cookie to all ports of a host, so its name has the emulator's port.
        return f"{kind}_{self.url.rpartition(':')[2]}"

    def make_secret(self, kind: str, length: int = 120) -> str:
        """Return a new secret text: `CNRY-<kind>-<random text of this run>-<random letters>`."""
        return f"CNRY-{kind}-{self.canary}-{_pick_random_letters(_LETTERS, length)}"

    def make_random_id(self, length: int) -> str:
        return _pick_random_letters(_LETTERS, length)

    def make_user_code(self) -> str:
        return f"{_pick_random_letters(_USER_CODE, 4)}-{_pick_random_letters(_USER_CODE, 4)}"

    def find_device(self, user_code: str) -> DeviceAuthorization | None:
        wanted = user_code.strip().upper()
        return next((d for d in self.devices.values() if d.user_code.upper() == wanted), None)

    def add_client(self, name: str, scopes: tuple[str, ...], **more: Any) -> Client:
        secret = self.make_secret("CS", 500)
        expires_at = int(self.now() + self.faults.registration_seconds)
        client = Client(self.make_random_id(22), secret, name, scopes, expires_at, **more)
        self.clients[client.id] = client
        return client

    def issue_credentials(
        self,
        person: str,
        account_id: str,
        role_name: str,
        arn: str,
        seconds: float,
        *,
        is_role_session: bool = True,
    ) -> IssuedCredentials:
        """Issue and return credentials that last `seconds`: those of a role, or an IAM user's key.

        As at AWS, the access key id has 20 characters and a session token about 1,000.
        """
        now = self.now()
        issued = IssuedCredentials(
            ("ASIA" if is_role_session else "AKIA") + _pick_random_letters(_KEY_ID, 16),
            f"CNRYSAK{self.canary}{_pick_random_letters(_LETTERS + '+/', 27)}",
            self.make_secret("ST", 984) + "==" if is_role_session else "",
            person,
            account_id,
            role_name,
            arn,
            now,
            now + seconds,
            is_role_session,
        )
        self.issued[issued.access_key_id] = issued
        return issued

    def end_sign_ins(self, person: str | None = None) -> int:
        """End the sign-ins of this emulated user (None: of all users); return how many ended."""
        with self.lock:
            live = [one for one in self.sign_ins if not one.revoked]
            ending = [one for one in live if person in (None, one.person)]
            for sign_in in ending:
                sign_in.revoked = True
            return len(ending)


def _normalize_start_url(url: str) -> str:
    return url.split("#", 1)[0].rstrip("/").lower()


def _pick_random_letters(alphabet: str, length: int) -> str:
    # Reads urandom once: secrets.choice takes 0.5 ms for a token. Some letters are slightly more
    # likely, which does not matter here.
    table = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    return os.urandom(length).translate(table).decode("ascii")
