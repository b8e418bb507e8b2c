"""The pages that a person meets: authorize, sign-in, consent, device code, portal."""

from collections.abc import Callable
from urllib.parse import urlencode

from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import Answer, Refusal, Request
from ssohelper.emulator.oidc import redirect_allowed
from ssohelper.emulator.state import AuthorizationCode, SignIn


def authorize(center: Center, request: Request) -> Answer:
    """Wire: GET /authorize with response_type, client_id, redirect_uri, state, code_challenge,
    code_challenge_method=S256 and `scopes` (AWS CLI) or `scope` (RFC 6749)."""
    query = request.query
    client = center.state.clients.get(query.get("client_id", ""))
    uri = query.get("redirect_uri", "")
    if client is None or not redirect_allowed(client, uri):
        raise Refusal(Answer(400, (("Content-Type", "text/plain"),), b"bad request"))
    if query.get("response_type") != "code":
        return send_back(uri, query, error="unsupported_response_type")
    if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
        return send_back(uri, query, error="invalid_request")
    if center.auto_approve:
        world = center.world_of(client.issuer_url)
        sign_in = center.sign_in(center.auto_approve, world)
        return _with_code(center, query, sign_in)
    return Answer(501, (), b"")


def _with_code(center: Center, query: dict[str, str], sign_in: SignIn) -> Answer:
    code = AuthorizationCode(
        center.state.secret("AC", 80),
        query["client_id"],
        query["redirect_uri"],
        query["code_challenge"],
        sign_in,
        center.now() + center.faults.code_seconds,
    )
    center.state.codes[code.value] = code
    return send_back(code.redirect_uri, query, code=code.value)


def send_back(uri: str, query: dict[str, str], **more: str) -> Answer:
    if "state" in query:
        more["state"] = query["state"]
    joint = "&" if "?" in uri else "?"
    return Answer(302, (("Location", f"{uri}{joint}{urlencode(more)}"),), b"")


ROUTES: dict[tuple[str, str], Callable[[Center, Request], Answer]] = {}
