"""The browsers that use the pages: each one's sign-in, and the requests that wait for an answer.

A form is accepted only from a page that was sent to the same browser: the cookie, a CSRF token
derived from it, and the Origin header must agree.
"""

import hashlib
import hmac
import os
from typing import NamedTuple

from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import Answer, Refusal, Request
from ssohelper.emulator.organization import World
from ssohelper.emulator.pages import Form, problem
from ssohelper.emulator.state import DeviceAuthorization, SignIn


class Pending(NamedTuple):
    """A request that waits for the user's sign-in or consent."""

    id: str
    world: World
    query: dict[str, str] | None = None  # of /authorize
    device: DeviceAuthorization | None = None  # of /device; neither: the portal page


class Browsers:
    """The browsers' sign-ins and waiting requests, by cookie and by request id."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._sign_ins: dict[str, SignIn | None] = {}
        self._pending: dict[str, Pending] = {}

    def cookie_of(self, center: Center, request: Request) -> str | None:
        """Return the browser's cookie; None when this emulator has not set it."""
        name = _cookie_name(center)
        for pair in request.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name and value in self._sign_ins:
                return value
        return None

    def ensure_cookie(
        self, center: Center, request: Request
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the browser's cookie, a new one if it has none, and the header that sets it."""
        cookie = self.cookie_of(center, request)
        return (cookie, ()) if cookie else self.replace_cookie(center, None, None)

    def replace_cookie(
        self, center: Center, old: str | None, sign_in: SignIn | None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Give the browser a new cookie, as at every sign-in and sign-out (session fixation)."""
        self._sign_ins.pop(old or "", None)
        cookie = center.state.new_secret("SIGNIN", 40)
        self._sign_ins[cookie] = sign_in
        value = f"{_cookie_name(center)}={cookie}; Path=/; HttpOnly; SameSite=Lax"
        return cookie, (("Set-Cookie", value),)

    def sign_in_of(self, center: Center, cookie: str | None, world: World) -> SignIn | None:
        """Return the browser's live sign-in to this organization."""
        sign_in = self._sign_ins.get(cookie or "")
        if sign_in is None or sign_in.world is not world or not sign_in.is_live_at(center.now()):
            return None
        return sign_in

    def add_pending(
        self,
        center: Center,
        world: World,
        query: dict[str, str] | None = None,
        device: DeviceAuthorization | None = None,
    ) -> Pending:
        """Add a request that waits for the user: of /authorize, of a device, or of the portal page."""
        pending = Pending(center.state.new_id(24), world, query, device)
        self._pending[pending.id] = pending
        return pending

    def pending(self, center: Center, request_id: str) -> Pending:
        """Return the waiting request. Raises: Refusal with the problem page when there is none."""
        found = self._pending.get(request_id)
        if found is None:
            message = "This request is over, or was never made here."
            raise Refusal(problem(center.world.name, message))
        return found

    def remove(self, pending: Pending) -> None:
        """Remove a request that has been answered: it can be answered once."""
        self._pending.pop(pending.id, None)

    def form(self, cookie: str, pending: Pending) -> Form:
        """Return the hidden fields of a form that answers this request."""
        return Form(pending.id, self._csrf(cookie, pending.id))

    def check_form(self, center: Center, request: Request) -> tuple[str, Pending, dict[str, str]]:
        """Return cookie, waiting request and fields of a form that one of our pages sent.
        Raises: Refusal with the problem page (403) for any other form."""
        sent = request.form()
        cookie = self.cookie_of(center, request)
        origin = request.headers.get("origin")
        is_own_origin = origin is None or origin == f"http://{request.headers.get('host', '')}"
        site = request.headers.get("sec-fetch-site", "same-origin")
        proof = self._csrf(cookie or "", sent.get("request", ""))
        is_proof_valid = hmac.compare_digest(proof.encode(), sent.get("csrf", "").encode())
        if (
            cookie is None
            or not is_own_origin
            or site not in ("same-origin", "none")
            or not is_proof_valid
        ):
            message = "This form did not come from a page of this sign-in."
            raise Refusal(problem(center.world.name, message, 403))
        return cookie, self.pending(center, sent["request"]), sent

    def _csrf(self, cookie: str, request_id: str) -> str:
        return hmac.new(self._key, f"{cookie} {request_id}".encode(), hashlib.sha256).hexdigest()


def _cookie_name(center: Center) -> str:
    # Cookies apply to all ports of a host: two emulators must not read each other's.
    return f"emulator_{center.url.rpartition(':')[2]}"


def redirect(path: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return a redirect to one of the emulator's pages."""
    return Answer(303, (("Location", path), ("Cache-Control", "no-store"), *headers), b"")
