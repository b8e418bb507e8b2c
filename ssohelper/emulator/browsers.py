"""Browsers that came to the pages: which sign-in each has, and what each was about to do.

A form is accepted only from the page we gave to that very browser: the cookie, a CSRF token
made from it, and the Origin header must agree.
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
    """What a person was about to do when the pages took over."""

    id: str
    world: World
    query: dict[str, str] | None = None  # of /authorize
    device: DeviceAuthorization | None = None  # of /device; neither: the portal page


class Browsers:
    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._sign_ins: dict[str, SignIn | None] = {}
        self._pending: dict[str, Pending] = {}

    def cookie_of(self, center: Center, request: Request) -> str | None:
        """Return the browser's cookie when it is one of ours."""
        name = _cookie_name(center)
        for pair in request.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name and value in self._sign_ins:
                return value
        return None

    def welcome(self, center: Center, request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the browser's cookie, and the header that sets it if it is new."""
        cookie = self.cookie_of(center, request)
        return (cookie, ()) if cookie else self.renew(center, None, None)

    def renew(
        self, center: Center, old: str | None, sign_in: SignIn | None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Give the browser a new cookie, as at every change of person (session fixation)."""
        self._sign_ins.pop(old or "", None)
        cookie = center.state.secret("SIGNIN", 40)
        self._sign_ins[cookie] = sign_in
        value = f"{_cookie_name(center)}={cookie}; Path=/; HttpOnly; SameSite=Lax"
        return cookie, (("Set-Cookie", value),)

    def sign_in_of(self, center: Center, cookie: str | None, world: World) -> SignIn | None:
        """Return the browser's live sign-in to this organization."""
        sign_in = self._sign_ins.get(cookie or "")
        if sign_in is None or sign_in.world is not world or not sign_in.live_at(center.now()):
            return None
        return sign_in

    def begin(
        self,
        center: Center,
        world: World,
        query: dict[str, str] | None = None,
        device: DeviceAuthorization | None = None,
    ) -> Pending:
        pending = Pending(center.state.plain(24), world, query, device)
        self._pending[pending.id] = pending
        return pending

    def pending(self, center: Center, request_id: str) -> Pending:
        """Return what was about to be done. Raises: the problem page, when it is over."""
        found = self._pending.get(request_id)
        if found is None:
            message = "This request is over, or was never made here."
            raise Refusal(problem(center.world.name, message))
        return found

    def end(self, pending: Pending) -> None:
        """Forget a request that has been answered: it is answered once."""
        self._pending.pop(pending.id, None)

    def form(self, cookie: str, pending: Pending) -> Form:
        return Form(pending.id, self._csrf(cookie, pending.id))

    def accept(self, center: Center, request: Request) -> tuple[str, Pending, dict[str, str]]:
        """Return cookie, request and fields of a form that our own page sent from this browser.
        Raises: the problem page (403) for every other."""
        sent = request.form()
        cookie = self.cookie_of(center, request)
        origin = request.headers.get("origin")
        ours = origin is None or origin == f"http://{request.headers.get('host', '')}"
        site = request.headers.get("sec-fetch-site", "same-origin")
        proof = self._csrf(cookie or "", sent.get("request", ""))
        good = hmac.compare_digest(proof.encode(), sent.get("csrf", "").encode())
        if cookie is None or not ours or site not in ("same-origin", "none") or not good:
            message = "This form did not come from a page of this sign-in."
            raise Refusal(problem(center.world.name, message, 403))
        return cookie, self.pending(center, sent["request"]), sent

    def _csrf(self, cookie: str, request_id: str) -> str:
        return hmac.new(self._key, f"{cookie} {request_id}".encode(), hashlib.sha256).hexdigest()


def _cookie_name(center: Center) -> str:
    # Cookies know no ports: two emulators on one machine must not take each other's.
    return f"emulator_{center.url.rpartition(':')[2]}"


def see(path: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return a redirect to one of our own pages."""
    return Answer(303, (("Location", path), ("Cache-Control", "no-store"), *headers), b"")
