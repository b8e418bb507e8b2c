"""Defines `Center`, the object that all parts of the emulated Identity Center share.

`Center` holds the state, the fault settings, the emulated organizations and the clock.
"""

import threading
from collections.abc import Callable
from typing import Any

from ssohelper.emulator.exchange import oidc_error, portal_error
from ssohelper.emulator.faults import Faults
from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.state import AccessToken, Client, SignIn, State

SCOPE = "sso:account:access"


class Center:
    """One emulated Identity Center, with one or more organizations (`worlds`).

    Threads must hold `lock` to use `state`. Each `World` and `faults` have locks of their own.
    """

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self.world = world
        self.worlds = [world]
        self.clock = clock
        self.faults = Faults()
        # Maps a region to the settings that make that region's emulated hosts slow or faulty.
        self.region_faults: dict[str, Faults] = {}
        self.state = State()
        self.lock = threading.RLock()
        self.auto_approve: str | None = None
        self.url = ""  # the emulator's own URL, known once the server has a port

    def now(self) -> float:
        """Return the time of the emulated servers, in epoch seconds."""
        return self.clock() + self.faults.clock_offset_seconds

    def find_world(self, start_url: str | None) -> World | None:
        """Return the organization with this start URL, or None; for None, the first organization.

        As at AWS, case, a trailing slash and a fragment (`#…`) make no difference.
        """
        if start_url is None:
            return self.world
        wanted = _normalize_start_url(start_url)
        if wanted == _normalize_start_url(f"{self.url}/start"):
            return self.world
        return next((w for w in self.worlds if _normalize_start_url(w.start_url) == wanted), None)

    def sign_in(self, person: str, world: World | None = None) -> SignIn:
        """Sign in this user of an emulated organization without a browser; return the sign-in.
        Raises: WorldError if the person does not exist or is disabled."""
        home = world or self.world
        if not home.person(person).enabled:
            raise WorldError(f"{person!r} is disabled")
        return self.state.start_sign_in_of_person(
            home, person, self.now(), self.faults.sign_in_seconds
        )

    def client(self, client_id: Any, client_secret: Any) -> Client:
        """Return the registered client with this id and secret.
        Raises: InvalidClientException if there is no such client, or its registration has expired.
        """
        found = self.state.clients.get(client_id) if isinstance(client_id, str) else None
        if found is None or found.secret != client_secret or found.expires_at <= self.now():
            raise oidc_error("InvalidClientException", "Invalid client provided")
        return found

    def check_access_token(self, token: str | None) -> AccessToken:
        """Return the emulator's record of the access token with this text.

        Raises: UnauthorizedException (401) if the token is unknown, has expired or lacks the scope
        `sso:account:access`, or if its sign-in has ended.
        """
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


def _normalize_start_url(url: str) -> str:
    return url.split("#", 1)[0].rstrip("/").lower()
