"""Emulates the sso-oidc service: RegisterClient, StartDeviceAuthorization and CreateToken.

Sources: service model sso-oidc 2019-06-10, RFC 7636 (PKCE), RFC 8628 (device codes), RFC 8252
section 7.3 (loopback redirects).
"""

import base64
import hashlib
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ssohelper.emulator.core import (
    AccessToken,
    Center,
    Client,
    DeviceAuthorization,
    RefreshToken,
    SignIn,
)
from ssohelper.emulator.exchange import Answer, Request, json_answer, oidc_error

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_SCOPE = re.compile(r"[\w:./*-]{1,80}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LEGACY_TOKEN_SECONDS = 8 * 3600
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register_client(center: Center, request: Request) -> Answer:
    body = request.json_object()
    name, kind = body.get("clientName"), body.get("clientType")
    if not isinstance(name, str) or not name or not isinstance(kind, str):
        raise oidc_error("InvalidRequestException", "clientName and clientType are required")
    if kind != "public":
        raise oidc_error("InvalidClientMetadataException", "clientType must be public")
    scopes, grants = _get_string_list(body, "scopes"), _get_string_list(body, "grantTypes")
    redirects = _get_string_list(body, "redirectUris")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise oidc_error("InvalidScopeException", "Invalid scope requested")
    if not all(grant in _GRANTS for grant in grants):
        raise oidc_error("UnsupportedGrantTypeException", "Unsupported grant type")
    if not all(_is_loopback_uri(uri) for uri in redirects):
        raise oidc_error("InvalidRedirectUriException", "Only loopback redirect URIs are allowed")
    if "authorization_code" in grants and not redirects:
        raise oidc_error("InvalidRedirectUriException", "redirectUris is required")
    issuer = body.get("issuerUrl")
    if issuer is not None and (not isinstance(issuer, str) or center.find_world(issuer) is None):
        raise oidc_error("InvalidRequestException", "Invalid issuer URL provided")
    client = center.add_client(
        name, scopes, grant_types=grants, redirect_uris=redirects, issuer_url=issuer
    )
    return json_answer(
        {
            "clientId": client.id,
            "clientSecret": client.secret,
            "clientIdIssuedAt": int(center.now()),
            "clientSecretExpiresAt": client.expires_at,
            "authorizationEndpoint": None,
            "tokenEndpoint": None,
        }
    )


def _get_string_list(body: dict[str, Any], key: str) -> tuple[str, ...]:
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise oidc_error("InvalidRequestException", f"{key} must be a list of strings")
    return tuple(value)


def _is_loopback_uri(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.username
    except ValueError:
        return False


def is_redirect_allowed(client: Client, uri: str) -> bool:
    """Return whether the client has registered this redirect URI. The port does not matter."""
    # The URI is checked before urlsplit, which silently drops CR and LF. In the answer's
    # Location header these would begin another header.
    if not uri.isprintable() or not _is_loopback_uri(uri):
        return False
    given = urlsplit(uri)
    for registered in map(urlsplit, client.redirect_uris):
        same_host = registered.hostname == given.hostname
        same_path = (registered.path or "/") == (given.path or "/")
        if same_host and same_path and registered.query == given.query and not given.fragment:
            return True
    return False


def start_authorization(center: Center, request: Request) -> Answer:
    body = request.json_object()
    client = center.client(body.get("clientId"), body.get("clientSecret"))
    start_url = body.get("startUrl")
    world = center.find_world(start_url) if isinstance(start_url, str) else None
    if world is None:
        raise oidc_error("InvalidRequestException", "Invalid start URL provided")
    if "authorization_code" in client.grant_types and DEVICE_CODE not in client.grant_types:
        raise oidc_error("UnauthorizedClientException", "Client is not authorized for this grant")
    knobs = center.faults
    code = center.make_user_code() if knobs.user_code is None else knobs.user_code
    life = knobs.expires_in if isinstance(knobs.expires_in, int | float) else 600
    device = DeviceAuthorization(
        center.make_secret("DC", 60), str(code), client.id, world, center.now() + life
    )
    center.devices[device.device_code] = device
    page = f"{center.url}/device"
    shown, shown_complete = knobs.verification_uri, knobs.verification_uri_complete
    complete = f"{page}?user_code={device.user_code}"
    return json_answer(
        {
            "deviceCode": device.device_code,
            "userCode": code,
            "verificationUri": page if shown is None else shown,
            "verificationUriComplete": complete if shown_complete is None else shown_complete,
            "expiresIn": knobs.expires_in,
            "interval": knobs.interval,
        }
    )


def create_token(center: Center, request: Request) -> Answer:
    body = request.json_object()
    client = center.client(body.get("clientId"), body.get("clientSecret"))
    redeem = _GRANTS.get(str(body.get("grantType")))
    if redeem is None:
        raise oidc_error("UnsupportedGrantTypeException", "Unsupported grant type provided")
    return redeem(center, client, body)


def _redeem_device_code(center: Center, client: Client, body: dict[str, Any]) -> Answer:
    device = center.devices.get(str(body.get("deviceCode")))
    if device is None or device.client_id != client.id or device.status == "used":
        raise oidc_error("InvalidGrantException", "Invalid device code provided")
    if device.expires_at <= center.now():
        raise oidc_error("ExpiredTokenException", "Device code has expired")
    device.polls += 1
    # `auto_approve` does not apply to the first poll, because at AWS no user can have approved the
    # code by then: clients poll once before the user has seen the code.
    if device.status == "pending" and center.auto_approve and device.polls > 1:
        device.sign_in = center.sign_in(center.auto_approve, device.world)
        device.status = "approved"
    if device.status == "denied":
        raise oidc_error("AccessDeniedException", "Access denied")
    if device.sign_in is None:
        raise oidc_error("AuthorizationPendingException", "Authorization is pending")
    device.status = "used"
    return _token_answer(center, client, device.sign_in)


def _redeem_authorization_code(center: Center, client: Client, body: dict[str, Any]) -> Answer:
    # The code is removed even if the checks below fail, because it can be used only once.
    code = center.codes.pop(str(body.get("code")), None)
    if code is None or code.client_id != client.id or code.expires_at <= center.now():
        raise oidc_error("InvalidGrantException", "Invalid authorization code provided")
    if body.get("redirectUri") != code.redirect_uri:
        raise oidc_error("InvalidGrantException", "Invalid redirect URI provided")
    verifier = body.get("codeVerifier")
    if not isinstance(verifier, str) or not _VERIFIER.fullmatch(verifier):
        raise oidc_error("InvalidRequestException", "Invalid code verifier provided")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    if digest.rstrip(b"=").decode() != code.challenge:
        raise oidc_error("InvalidGrantException", "Invalid code verifier provided")
    return _token_answer(center, client, code.sign_in)


def _redeem_refresh_token(center: Center, client: Client, body: dict[str, Any]) -> Answer:
    now, knobs = center.now(), center.faults
    invalid = oidc_error("InvalidGrantException", "Invalid refresh token provided")
    old = center.refresh_tokens.get(str(body.get("refreshToken")))
    if old is None or old.client_id != client.id or not old.sign_in.is_live_at(now):
        raise invalid
    grace = {"none": math.inf, "grace": knobs.grace_seconds, "strict": -math.inf}[knobs.rotation]
    if old.replaced_at is not None and now - old.replaced_at >= grace:
        if knobs.strict_revokes_session:
            old.sign_in.revoked = True
        raise invalid
    if knobs.rotation != "none" and old.replaced_at is None:
        old.replaced_at = now
    return _token_answer(center, client, old.sign_in, old)


def _token_answer(
    center: Center, client: Client, sign_in: SignIn, old: RefreshToken | None = None
) -> Answer:
    kept = old.value if old and center.faults.rotation == "none" else None
    token, refresh_token = issue_tokens(center, client, sign_in, kept)
    answer: dict[str, Any] = {
        "accessToken": token.value,
        "tokenType": "Bearer",
        "expiresIn": max(0, round(token.expires_at - center.now())),
        "idToken": None,
    }
    if refresh_token and not (center.faults.omit_refresh_token and old):
        answer["refreshToken"] = refresh_token
    return json_answer(answer)


def issue_tokens(
    center: Center, client: Client, sign_in: SignIn, refresh: str | None = None
) -> tuple[AccessToken, str | None]:
    """Create and return an access token and a refresh token, which may be None.

    A given `refresh` is returned as it is. A client without scopes, as of legacy profiles, gets an
    access token of eight hours and no refresh token. No access token outlives its sign-in.
    """
    seconds = center.faults.token_seconds if client.scopes else _LEGACY_TOKEN_SECONDS
    end = min(center.now() + seconds, sign_in.ends_at)
    token = AccessToken(center.make_secret("AT", 400), client.scopes, sign_in, end)
    center.tokens[token.value] = token
    if refresh is None and client.scopes:
        refresh_token = RefreshToken(center.make_secret("RT", 400), client.id, sign_in)
        center.refresh_tokens[refresh_token.value] = refresh_token
        refresh = refresh_token.value
    return token, refresh


_GRANTS: dict[str, Callable[[Center, Client, dict[str, Any]], Answer]] = {
    "authorization_code": _redeem_authorization_code,
    "refresh_token": _redeem_refresh_token,
    DEVICE_CODE: _redeem_device_code,
}
