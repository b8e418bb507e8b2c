"""Answers browsers' requests: authorization, sign-in, consent, device code.

It keeps each browser's sign-in and the authorization requests that wait for their user.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from ssohelper.emulator import pages
from ssohelper.emulator.core import AuthorizationCode, Center, Client, DeviceAuthorization, SignIn
from ssohelper.emulator.exchange import Answer, Headers, Refusal, Request
from ssohelper.emulator.oidc import is_redirect_allowed
from ssohelper.emulator.organization import World

# How long an authorization code can be redeemed.
_CODE_SECONDS = 600


class PendingRequest(NamedTuple):
    """A request that waits until its user has signed in and consented: /authorize, or a device
    code.
    """

    id: str
    world: World
    query: dict[str, str] | None = None  # the query of GET /authorize (PKCE), or None
    device: DeviceAuthorization | None = None  # the device code to confirm, or None


class Web:
    def __init__(self, center: Center) -> None:
        self._center = center
        self._key = os.urandom(32)
        self._sign_ins: dict[str, SignIn | None] = {}  # by the browser's cookie
        self._pending: dict[str, PendingRequest] = {}
        self.routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/device"): self.show_device_page,
            ("GET", "/"): self.show_device_page,
            ("GET", "/sign-in"): self.show_sign_in_page,
            ("POST", "/sign-in"): self.sign_in,
            ("GET", "/consent"): self.show_consent_page,
            ("POST", "/consent"): self.answer_consent,
            ("POST", "/sign-out"): self.sign_out,
            ("GET", "/favicon.ico"): lambda _request: Answer(204, (), b""),
        }

    def authorize(self, request: Request) -> Answer:
        """Begin a PKCE sign-in: redirect the browser to the sign-in or consent page.

        Wire: GET /authorize with response_type, client_id, redirect_uri, state, code_challenge,
        code_challenge_method=S256, and `scopes` (AWS CLI) or `scope` (RFC 6749).
        A wrong client or redirect URI gets an error page, never a redirect (RFC 6749 4.1.2.1).
        """
        center, query = self._center, request.query
        client = self._find_client(query.get("client_id", ""))
        uri, challenge = query.get("redirect_uri", ""), query.get("code_challenge", "")
        if client.expires_at <= center.now():
            raise self._refusal("The registration of the program that sent you here has expired.")
        if not is_redirect_allowed(client, uri):
            raise self._refusal("The program gave a redirect URI that it has not registered.")
        if query.get("response_type") != "code":
            return _redirect_to_client(query, error="unsupported_response_type")
        if query.get("code_challenge_method") != "S256" or len(challenge) != 43:
            return _redirect_to_client(query, error="invalid_request")
        scopes = (query.get("scopes") or query.get("scope") or "").split()
        if not set(scopes) <= set(client.scopes):
            return _redirect_to_client(query, error="invalid_scope")
        world = center.find_world(client.issuer_url) or center.world
        if center.auto_approve:
            return self._issue_code(query, center.sign_in(center.auto_approve, world))
        return self._ask_user(world, query=query)

    def show_device_page(self, request: Request) -> Answer:
        typed, name = request.query.get("user_code", ""), self._center.world.name
        if not typed:
            return pages.device_code_page(name)
        device = self._center.find_device(typed)
        if device is None or not self._is_waiting(device):
            error = "No device waits for this code. Check it, or start again on the device."
            return pages.device_code_page(name, error, typed)
        return self._ask_user(device.world, device=device)

    def _ask_user(
        self,
        world: World,
        query: dict[str, str] | None = None,
        device: DeviceAuthorization | None = None,
    ) -> Answer:
        """Redirect to the consent page, from which a browser without a sign-in goes to the sign-in
        page.
        """
        pending = PendingRequest(self._center.make_random_id(24), world, query, device)
        self._pending[pending.id] = pending
        return _redirect_to_page("/consent", pending)

    def show_sign_in_page(self, request: Request) -> Answer:
        pending = self._find_pending_request(request.query)
        cookie = self._cookie_of(request)
        cookie, cookie_headers = (cookie, ()) if cookie else self._replace_cookie(None, None)
        answer = pages.sign_in_page(pending.world, self._make_form(cookie, pending))
        return answer._replace(headers=answer.headers + cookie_headers)

    def sign_in(self, request: Request) -> Answer:
        cookie, pending, sent = self._check_form(request)
        name = sent.get("person", "").strip()
        person = pending.world.people.get(name)
        if person is None or not person.enabled:
            error = "There is no such user name."
            if person is not None:
                error = f"{person.display_name} cannot sign in: this user is disabled."
            form = self._make_form(cookie, pending)
            return pages.sign_in_page(pending.world, form, error, name)
        sign_in = self._center.sign_in(name, pending.world)
        _, cookie_headers = self._replace_cookie(cookie, sign_in)
        return _redirect_to_page("/consent", pending, cookie_headers)

    def show_consent_page(self, request: Request) -> Answer:
        pending, cookie = self._find_pending_request(request.query), self._cookie_of(request)
        sign_in = self._sign_in_of(cookie, pending.world)
        if cookie is None or sign_in is None:
            return _redirect_to_page("/sign-in", pending)
        query, device = pending.query or {}, pending.device
        client = self._find_client(device.client_id if device else query.get("client_id", ""))
        uri = urlsplit(query.get("redirect_uri", ""))
        return pages.consent_page(
            pending.world.name,
            pending.world.person(sign_in.person),
            client.name,
            client.scopes,
            self._make_form(cookie, pending),
            user_code=device.user_code if device else "",
            send_to=f"{uri.scheme}://{uri.netloc}" if query else "",
        )

    def answer_consent(self, request: Request) -> Answer:
        cookie, pending, sent = self._check_form(request)
        sign_in = self._sign_in_of(cookie, pending.world)
        if sign_in is None:
            return _redirect_to_page("/sign-in", pending)
        allowed = sent.get("answer") == "allow"
        if pending.query is not None:
            self._pending.pop(pending.id, None)
            if not allowed:
                return _redirect_to_client(pending.query, error="access_denied")
            return self._issue_code(pending.query, sign_in)
        device = pending.device
        if device is None or not self._is_waiting(device):
            raise self._refusal("The device code has expired, or was answered already.")
        device.sign_in = sign_in if allowed else None
        device.status = "approved" if allowed else "denied"
        return pages.result_page(pending.world.name, allowed)

    def sign_out(self, request: Request) -> Answer:
        """End the browser's sign-in. Tokens that programs have stay valid."""
        cookie, pending, _sent = self._check_form(request)
        _, cookie_headers = self._replace_cookie(cookie, None)
        return _redirect_to_page("/sign-in", pending, cookie_headers)

    def _refusal(self, message: str, status: int = 400) -> Refusal:
        return pages.refusal(self._center.world, message, status)

    def _find_client(self, client_id: str) -> Client:
        client = self._center.clients.get(client_id)
        if client is None:
            raise self._refusal("The program that sent you here is not registered.")
        return client

    def _is_waiting(self, device: DeviceAuthorization) -> bool:
        return device.status == "pending" and device.expires_at > self._center.now()

    def _issue_code(self, query: dict[str, str], sign_in: SignIn) -> Answer:
        center = self._center
        code = AuthorizationCode(
            center.make_secret("AC", 80),
            query["client_id"],
            query["redirect_uri"],
            query["code_challenge"],
            sign_in,
            center.now() + _CODE_SECONDS,
        )
        center.codes[code.value] = code
        return _redirect_to_client(query, code=code.value)

    def _cookie_of(self, request: Request) -> str | None:
        return request.find_cookie(self._center.cookie_name("emulator"), self._sign_ins)

    def _replace_cookie(self, old: str | None, sign_in: SignIn | None) -> tuple[str, Headers]:
        """Replace the cookie at each sign-in and sign-out, which prevents session fixation."""
        self._sign_ins.pop(old or "", None)
        cookie = self._center.make_secret("SIGNIN", 40)
        self._sign_ins[cookie] = sign_in
        name = self._center.cookie_name("emulator")
        return cookie, (("Set-Cookie", f"{name}={cookie}; Path=/; HttpOnly; SameSite=Lax"),)

    def _sign_in_of(self, cookie: str | None, world: World) -> SignIn | None:
        found = self._sign_ins.get(cookie or "")
        is_valid = found and found.world is world and found.is_live_at(self._center.now())
        return found if is_valid else None

    def _find_pending_request(self, sent: dict[str, str]) -> PendingRequest:
        """Return the waiting request. Raises: Refusal with an error page, if there is none with
        this id.
        """
        found = self._pending.get(sent.get("request", ""))
        if found is None:
            raise self._refusal("This sign-in request has ended, or was never received.")
        return found

    def _make_form(self, cookie: str, pending: PendingRequest) -> pages.Form:
        return pages.Form(pending.id, self._csrf_token(cookie, pending.id))

    def _check_form(self, request: Request) -> tuple[str, PendingRequest, dict[str, str]]:
        """Return the cookie, the waiting request and the fields of a submitted form.

        Raises: Refusal (403) unless the cookie, the CSRF token and the Origin header agree.
        """
        sent = request.form()
        cookie = self._cookie_of(request)
        own_origin = f"http://{request.headers.get('host', '')}"
        proof = self._csrf_token(cookie or "", sent.get("request", ""))
        if (
            cookie is None
            or request.headers.get("origin", own_origin) != own_origin
            or request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
            or not hmac.compare_digest(proof.encode(), sent.get("csrf", "").encode())
        ):
            raise self._refusal("This form was not sent from a page of this sign-in.", 403)
        return cookie, self._find_pending_request(sent), sent

    def _csrf_token(self, cookie: str, request_id: str) -> str:
        return hmac.new(self._key, f"{cookie} {request_id}".encode(), hashlib.sha256).hexdigest()


def _redirect_to_client(query: dict[str, str], **result: str) -> Answer:
    uri = query["redirect_uri"]
    if "state" in query:
        result["state"] = query["state"]
    joint = "&" if urlsplit(uri).query else "?"
    headers = (("Location", f"{uri}{joint}{urlencode(result)}"), ("Cache-Control", "no-store"))
    return Answer(302, headers, b"")


def _redirect_to_page(path: str, pending: PendingRequest, headers: Headers = ()) -> Answer:
    place = ("Location", f"{path}?request={pending.id}")
    return Answer(303, (place, ("Cache-Control", "no-store"), *headers), b"")
