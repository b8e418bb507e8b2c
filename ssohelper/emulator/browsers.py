"""Keeps each browser's sign-in and the authorization requests that wait for their user."""

import hashlib
import hmac
import os
from typing import NamedTuple

from ssohelper.emulator.core import Center, DeviceAuthorization, SignIn
from ssohelper.emulator.exchange import Answer, Refusal, Request
from ssohelper.emulator.organization import World
from ssohelper.emulator.pages import Form, problem_page


class PendingRequest(NamedTuple):
    """Waits until its user has signed in or consented. Without query and device: the portal's page."""

    id: str
    world: World
    query: dict[str, str] | None = None  # the query of GET /authorize (PKCE), or None
    device: DeviceAuthorization | None = None  # the device code to confirm, or None


class Browsers:
    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._sign_ins: dict[str, SignIn | None] = {}
        self._pending: dict[str, PendingRequest] = {}

    def cookie_of(self, center: Center, request: Request) -> str | None:
        return request.find_cookie(_cookie_name(center), self._sign_ins)

    def ensure_cookie(
        self, center: Center, request: Request
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the cookie, and the headers that set it if it is new."""
        cookie = self.cookie_of(center, request)
        return (cookie, ()) if cookie else self.replace_cookie(center, None, None)

    def replace_cookie(
        self, center: Center, old: str | None, sign_in: SignIn | None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Each sign-in and sign-out replaces the cookie, which prevents session fixation."""
        self._sign_ins.pop(old or "", None)
        cookie = center.make_secret("SIGNIN", 40)
        self._sign_ins[cookie] = sign_in
        value = f"{_cookie_name(center)}={cookie}; Path=/; HttpOnly; SameSite=Lax"
        return cookie, (("Set-Cookie", value),)

    def sign_in_of(self, center: Center, cookie: str | None, world: World) -> SignIn | None:
        """None if no sign-in is in force."""
        sign_in = self._sign_ins.get(cookie or "")
        if sign_in is None or sign_in.world is not world or not sign_in.is_live_at(center.now()):
            return None
        return sign_in

    def add_pending_request(
        self,
        center: Center,
        world: World,
        query: dict[str, str] | None = None,
        device: DeviceAuthorization | None = None,
    ) -> PendingRequest:
        pending = PendingRequest(center.make_random_id(24), world, query, device)
        self._pending[pending.id] = pending
        return pending

    def find_pending_request(self, center: Center, request_id: str) -> PendingRequest:
        """Raises: Refusal with an error page, if no request with this id is waiting."""
        found = self._pending.get(request_id)
        if found is None:
            message = "This sign-in request has ended, or this emulator never received it."
            raise Refusal(problem_page(center.world.name, message))
        return found

    def remove_pending_request(self, pending: PendingRequest) -> None:
        self._pending.pop(pending.id, None)

    def make_form(self, cookie: str, pending: PendingRequest) -> Form:
        return Form(pending.id, self._csrf_token(cookie, pending.id))

    def check_form(
        self, center: Center, request: Request
    ) -> tuple[str, PendingRequest, dict[str, str]]:
        """Return the cookie, the waiting request and the fields of a submitted form.

        Raises: Refusal (403) unless the cookie, the CSRF token and the Origin header agree.
        """
        sent = request.form()
        cookie = self.cookie_of(center, request)
        origin = request.headers.get("origin")
        is_own_origin = origin is None or origin == f"http://{request.headers.get('host', '')}"
        site = request.headers.get("sec-fetch-site", "same-origin")
        proof = self._csrf_token(cookie or "", sent.get("request", ""))
        is_proof_valid = hmac.compare_digest(proof.encode(), sent.get("csrf", "").encode())
        if (
            cookie is None
            or not is_own_origin
            or site not in ("same-origin", "none")
            or not is_proof_valid
        ):
            message = "This form was not sent from a page of this sign-in."
            raise Refusal(problem_page(center.world.name, message, 403))
        return cookie, self.find_pending_request(center, sent["request"]), sent

    def _csrf_token(self, cookie: str, request_id: str) -> str:
        return hmac.new(self._key, f"{cookie} {request_id}".encode(), hashlib.sha256).hexdigest()


def _cookie_name(center: Center) -> str:
    # Browsers send a cookie to all ports of a host.
    return f"emulator_{center.url.rpartition(':')[2]}"


def redirect_to_page(path: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(303, (("Location", path), ("Cache-Control", "no-store"), *headers), b"")
