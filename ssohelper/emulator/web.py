"""Answers browsers' requests: authorization, sign-in, consent, device code, access portal."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from ssohelper.emulator import pages
from ssohelper.emulator.browsers import Browsers, PendingRequest, redirect_to_page
from ssohelper.emulator.core import AuthorizationCode, Center, Client, SignIn
from ssohelper.emulator.exchange import Answer, Refusal, Request
from ssohelper.emulator.oidc import is_redirect_allowed


class Web:
    def __init__(self) -> None:
        self.browsers = Browsers()
        self.routes: dict[tuple[str, str], Callable[[Center, Request], Answer]] = {
            ("GET", "/device"): self.show_device_page,
            ("GET", "/start"): self.show_portal_page,
            ("GET", "/start/"): self.show_portal_page,
            ("GET", "/sign-in"): self.show_sign_in_page,
            ("POST", "/sign-in"): self.sign_in,
            ("GET", "/consent"): self.show_consent_page,
            ("POST", "/consent"): self.answer_consent,
            ("POST", "/sign-out"): self.sign_out,
            ("GET", "/done"): self.show_result,
            ("GET", "/"): lambda _center, _request: redirect_to_page("/start"),
            ("GET", "/favicon.ico"): lambda _center, _request: Answer(204, (), b""),
        }

    def authorize(self, center: Center, request: Request) -> Answer:
        """Begin a PKCE sign-in: redirect the browser to the sign-in or consent page.

        Wire: GET /authorize with response_type, client_id, redirect_uri, state, code_challenge,
        code_challenge_method=S256, and `scopes` (AWS CLI) or `scope` (RFC 6749).
        A wrong client or redirect URI gets an error page, never a redirect (RFC 6749 4.1.2.1).
        """
        query = request.query
        client, uri = _find_client(center, query)
        challenge = query.get("code_challenge", "")
        if query.get("response_type") != "code":
            return _redirect_to_client(uri, query, error="unsupported_response_type")
        if query.get("code_challenge_method") != "S256" or len(challenge) != 43:
            return _redirect_to_client(uri, query, error="invalid_request")
        scopes = (query.get("scopes") or query.get("scope") or "").split()
        if not set(scopes) <= set(client.scopes):
            return _redirect_to_client(uri, query, error="invalid_scope")
        world = center.find_world(client.issuer_url) or center.world
        if center.auto_approve:
            return _issue_authorization_code(
                center, query, center.sign_in(center.auto_approve, world)
            )
        return self._redirect_to_next_page(
            center, request, self.browsers.add_pending_request(center, world, query=query)
        )

    def show_device_page(self, center: Center, request: Request) -> Answer:
        """If the URL has a code, continue the sign-in."""
        typed = request.query.get("user_code", "")
        if not typed:
            return pages.device_code_page(center.world.name)
        device = center.find_device(typed)
        if device is None or device.status != "pending" or device.expires_at <= center.now():
            error = "No device waits for this code. Check it, or start again on the device."
            return pages.device_code_page(center.world.name, error, typed)
        pending = self.browsers.add_pending_request(center, device.world, device=device)
        return self._redirect_to_next_page(center, request, pending)

    def show_portal_page(self, center: Center, request: Request) -> Answer:
        cookie, cookie_headers = self.browsers.ensure_cookie(center, request)
        pending = self.browsers.add_pending_request(center, center.world)
        sign_in = self.browsers.sign_in_of(center, cookie, center.world)
        if sign_in is None:
            return redirect_to_page(f"/sign-in?request={pending.id}", cookie_headers)
        world = sign_in.world
        rows = [(world.accounts[i], roles) for i, roles in world.roles_of(sign_in.person).items()]
        ends = datetime.fromtimestamp(sign_in.ends_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        form = self.browsers.make_form(cookie, pending)
        return pages.portal_page(world.name, world.person(sign_in.person), rows, ends, form)

    def _redirect_to_next_page(
        self, center: Center, request: Request, pending: PendingRequest
    ) -> Answer:
        cookie, cookie_headers = self.browsers.ensure_cookie(center, request)
        signed_in = self.browsers.sign_in_of(center, cookie, pending.world) is not None
        return redirect_to_page(
            f"/{'consent' if signed_in else 'sign-in'}?request={pending.id}", cookie_headers
        )

    def show_sign_in_page(self, center: Center, request: Request) -> Answer:
        pending = self.browsers.find_pending_request(center, request.query.get("request", ""))
        cookie, cookie_headers = self.browsers.ensure_cookie(center, request)
        form = self.browsers.make_form(cookie, pending)
        answer = pages.sign_in_page(pending.world, form)
        return answer._replace(headers=answer.headers + cookie_headers)

    def sign_in(self, center: Center, request: Request) -> Answer:
        cookie, pending, sent = self.browsers.check_form(center, request)
        name = sent.get("person", "").strip()
        person = pending.world.people.get(name)
        if person is None or not person.enabled:
            error = "There is no such user name."
            if person is not None:
                error = f"{person.display_name} cannot sign in: this user is disabled."
            form = self.browsers.make_form(cookie, pending)
            return pages.sign_in_page(pending.world, form, error, name)
        sign_in = center.sign_in(name, pending.world)
        _, cookie_headers = self.browsers.replace_cookie(center, cookie, sign_in)
        is_portal = pending.query is None and pending.device is None
        return redirect_to_page(
            "/start" if is_portal else f"/consent?request={pending.id}", cookie_headers
        )

    def show_consent_page(self, center: Center, request: Request) -> Answer:
        pending = self.browsers.find_pending_request(center, request.query.get("request", ""))
        cookie, cookie_headers = self.browsers.ensure_cookie(center, request)
        sign_in = self.browsers.sign_in_of(center, cookie, pending.world)
        if sign_in is None:
            return redirect_to_page(f"/sign-in?request={pending.id}", cookie_headers)
        client = _client_of_request(center, pending)
        return pages.consent_page(
            pending.world.name,
            pending.world.person(sign_in.person),
            client.name,
            client.scopes,
            self.browsers.make_form(cookie, pending),
            user_code=pending.device.user_code if pending.device else "",
            send_to=_origin_of(pending.query["redirect_uri"]) if pending.query else "",
        )

    def answer_consent(self, center: Center, request: Request) -> Answer:
        cookie, pending, sent = self.browsers.check_form(center, request)
        sign_in = self.browsers.sign_in_of(center, cookie, pending.world)
        if sign_in is None:
            return redirect_to_page(f"/sign-in?request={pending.id}")
        allowed = sent.get("answer") == "allow"
        if pending.query is not None:
            self.browsers.remove_pending_request(pending)
            if not allowed:
                return _redirect_to_client(
                    pending.query["redirect_uri"], pending.query, "access_denied"
                )
            return _issue_authorization_code(center, pending.query, sign_in)
        device = pending.device
        if device is None or device.status != "pending" or device.expires_at <= center.now():
            raise Refusal(
                pages.problem_page(
                    pending.world.name, "The device code has expired, or was answered already."
                )
            )
        device.sign_in = sign_in if allowed else None
        device.status = "approved" if allowed else "denied"
        return redirect_to_page(f"/done?request={pending.id}")

    def show_result(self, center: Center, request: Request) -> Answer:
        pending = self.browsers.find_pending_request(center, request.query.get("request", ""))
        status = pending.device.status if pending.device else ""
        if status in ("approved", "used", "denied"):
            return pages.result_page(pending.world.name, status != "denied")
        raise Refusal(
            pages.problem_page(
                pending.world.name, "This sign-in request was not allowed or denied yet."
            )
        )

    def sign_out(self, center: Center, request: Request) -> Answer:
        """Tokens that programs have stay valid."""
        cookie, pending, _sent = self.browsers.check_form(center, request)
        _, cookie_headers = self.browsers.replace_cookie(center, cookie, None)
        return redirect_to_page(f"/sign-in?request={pending.id}", cookie_headers)


def _find_client(center: Center, query: dict[str, str]) -> tuple[Client, str]:
    client = center.clients.get(query.get("client_id", ""))
    if client is None or client.expires_at <= center.now():
        message = (
            "The program that sent you here is not registered, or its registration has expired."
        )
        raise Refusal(pages.problem_page(center.world.name, message))
    uri = query.get("redirect_uri", "")
    if not is_redirect_allowed(client, uri):
        message = "The program gave a redirect URI that it has not registered."
        raise Refusal(pages.problem_page(center.world.name, message))
    return client, uri


def _client_of_request(center: Center, pending: PendingRequest) -> Client:
    client_id = pending.query["client_id"] if pending.query else ""
    client = center.clients.get(pending.device.client_id if pending.device else client_id)
    if client is None:
        raise Refusal(
            pages.problem_page(pending.world.name, "The program is no longer registered.")
        )
    return client


def _issue_authorization_code(center: Center, query: dict[str, str], sign_in: SignIn) -> Answer:
    code = AuthorizationCode(
        center.make_secret("AC", 80),
        query["client_id"],
        query["redirect_uri"],
        query["code_challenge"],
        sign_in,
        center.now() + center.faults.code_seconds,
    )
    center.codes[code.value] = code
    return _redirect_to_client(code.redirect_uri, query, code=code.value)


def _redirect_to_client(uri: str, query: dict[str, str], error: str = "", code: str = "") -> Answer:
    """Return a redirect to the client's redirect URI, with the `state` that the client sent."""
    pairs = {"code": code} if code else {"error": error}
    if "state" in query:
        pairs["state"] = query["state"]
    joint = "&" if urlsplit(uri).query else "?"
    headers = (("Location", f"{uri}{joint}{urlencode(pairs)}"), ("Cache-Control", "no-store"))
    return Answer(302, headers, b"")


def _origin_of(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
