"""What all parts of the emulated Identity Center share: state, knobs, worlds, clock, sign-ins."""

import threading
from collections.abc import Callable
from typing import Any

from ssohelper.emulator.exchange import oidc_error, portal_error
from ssohelper.emulator.faults import Faults
from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.state import AccessToken, Client, SignIn, State

SCOPE = "sso:account:access"


class Center:
    """One Identity Center. `lock` guards `state`; worlds and faults have their own locks."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self.world = world
        self.worlds = [world]
        self.clock = clock
        self.faults = Faults()
        self.state = State()
        self.lock = threading.RLock()
        self.auto_approve: str | None = None
        self.url = ""  # set when the server has its port

    def now(self) -> float:
        """Return the emulator's time, in epoch seconds."""
        return self.clock() + self.faults.clock_offset_seconds

    def world_of(self, start_url: str | None) -> World | None:
        """Return the world of a start URL; spellings that AWS treats as equal match."""
        if start_url is None:
            return self.world
        wanted = _plain_url(start_url)
        if wanted == _plain_url(f"{self.url}/start"):
            return self.world
        return next((w for w in self.worlds if _plain_url(w.start_url) == wanted), None)

    def sign_in(self, person: str, world: World | None = None) -> SignIn:
        """Begin a sign-in session for this person.
        Raises: WorldError for a person who does not exist or is disabled."""
        home = world or self.world
        if not home.person(person).enabled:
            raise WorldError(f"{person!r} is disabled")
        return self.state.begin_sign_in(home, person, self.now(), self.faults.sign_in_seconds)

    def client(self, client_id: Any, client_secret: Any) -> Client:
        """Return the registered client with this id and secret.
        Raises: InvalidClientException, also for an expired registration."""
        found = self.state.clients.get(client_id) if isinstance(client_id, str) else None
        if found is None or found.secret != client_secret or found.expires_at <= self.now():
            raise oidc_error("InvalidClientException", "Invalid client provided")
        return found

    def bearer(self, token: str | None) -> AccessToken:
        """Return this access token if it is valid. Raises: UnauthorizedException (401)."""
        found = self.state.tokens.get(token or "")
        now = self.now()
        if (
            found is None
            or found.expires_at <= now
            or not found.sign_in.is_live_at(now)
            or (found.scopes and SCOPE not in found.scopes)
        ):
            raise portal_error("UnauthorizedException", "Session token not found or invalid")
        return found


def _plain_url(url: str) -> str:
    return url.split("#", 1)[0].rstrip("/").lower()
