"""The sso-oidc service: RegisterClient, StartDeviceAuthorization, CreateToken.

Source: sso-oidc 2019-06-10; PKCE by RFC 7636, device codes by RFC 8628, loopback redirects
by RFC 8252 section 7.3.
"""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from ssohelper.emulator.core import Center
from ssohelper.emulator.exchange import Answer, Request, json_answer, oidc_error
from ssohelper.emulator.state import (
    AccessToken,
    Client,
    DeviceAuthorization,
    RefreshToken,
    SignIn,
)

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_GRANTS = ("authorization_code", "refresh_token", DEVICE_CODE)
_SCOPE = re.compile(r"[\w:./*-]{1,80}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def short_grant(grant_type: Any) -> str:
    """Return the name that counters and scripts use for a grant type."""
    return "device_code" if grant_type == DEVICE_CODE else str(grant_type)


def register_client(center: Center, request: Request) -> Answer:
    """Wire: POST /client/register. Instants in the answer are epoch seconds."""
    asked = request.json_object()
    client = _new_client(center, asked)
    center.state.clients[client.id] = client
    answer: dict[str, Any] = {
        "clientId": client.id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": int(center.now()),
        "clientSecretExpiresAt": client.expires_at,
        "authorizationEndpoint": None,
        "tokenEndpoint": None,
    }
    return json_answer(answer)


def _new_client(center: Center, asked: dict[str, Any]) -> Client:
    name, kind = asked.get("clientName"), asked.get("clientType")
    if not isinstance(name, str) or not name or not isinstance(kind, str):
        raise oidc_error("InvalidRequestException", "clientName and clientType are required")
    if kind != "public":
        raise oidc_error("InvalidClientMetadataException", "clientType must be public")
    scopes, grants = _strings(asked, "scopes"), _strings(asked, "grantTypes")
    redirects = _strings(asked, "redirectUris")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise oidc_error("InvalidScopeException", "Invalid scope requested")
    if not all(grant in _GRANTS for grant in grants):
        raise oidc_error("UnsupportedGrantTypeException", "Unsupported grant type")
    if not all(_loopback(uri) for uri in redirects):
        raise oidc_error("InvalidRedirectUriException", "Only loopback redirect URIs are allowed")
    if "authorization_code" in grants and not redirects:
        raise oidc_error("InvalidRedirectUriException", "redirectUris is required")
    issuer = asked.get("issuerUrl")
    if issuer is not None and (not isinstance(issuer, str) or center.world_of(issuer) is None):
        raise oidc_error("InvalidRequestException", "Invalid issuer URL provided")
    return Client(
        id=center.state.plain(22),
        secret=center.state.secret("CS", 500),
        name=name,
        scopes=scopes,
        grant_types=grants,
        redirect_uris=redirects,
        issuer_url=issuer,
        expires_at=int(center.now() + center.faults.registration_seconds),
    )


def _strings(asked: dict[str, Any], key: str) -> tuple[str, ...]:
    value = asked.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise oidc_error("InvalidRequestException", f"{key} must be a list of strings")
    return tuple(value)


def _loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.username
    except ValueError:
        return False


def redirect_allowed(client: Client, uri: str) -> bool:
    """Say whether a client may be sent back there: as registered, the port left aside."""
    # urlsplit drops CR and LF in silence; they would split the header that redirects.
    if not uri.isprintable() or not _loopback(uri):
        return False
    asked = urlsplit(uri)
    for registered in map(urlsplit, client.redirect_uris):
        same_host = registered.hostname == asked.hostname
        same_path = (registered.path or "/") == (asked.path or "/")
        if same_host and same_path and registered.query == asked.query and not asked.fragment:
            return True
    return False


def start_device_authorization(center: Center, request: Request) -> Answer:
    """Wire: POST /device_authorization. `expiresIn` and `interval` are seconds."""
    asked = request.json_object()
    client = center.client(asked.get("clientId"), asked.get("clientSecret"))
    start_url = asked.get("startUrl")
    world = center.world_of(start_url) if isinstance(start_url, str) else None
    if world is None:
        raise oidc_error("InvalidRequestException", "Invalid start URL provided")
    if "authorization_code" in client.grant_types and DEVICE_CODE not in client.grant_types:
        raise oidc_error("UnauthorizedClientException", "Client is not authorized for this grant")
    knobs, state = center.faults, center.state
    code = state.user_code() if knobs.user_code is None else knobs.user_code
    life = knobs.expires_in if isinstance(knobs.expires_in, int | float) else 600
    device = DeviceAuthorization(
        state.secret("DC", 60), str(code), client.id, world, center.now() + life
    )
    state.devices[device.device_code] = device
    page = f"{center.url}/device"
    complete = f"{page}?user_code={device.user_code}"
    return json_answer(
        {
            "deviceCode": device.device_code,
            "userCode": code,
            "verificationUri": _or(knobs.verification_uri, page),
            "verificationUriComplete": _or(knobs.verification_uri_complete, complete),
            "expiresIn": knobs.expires_in,
            "interval": knobs.interval,
        }
    )


def _or(override: Any, value: str) -> Any:
    return value if override is None else override


def create_token(center: Center, request: Request) -> Answer:
    """Wire: POST /token, three grants. `expiresIn` is seconds."""
    asked = request.json_object()
    client = center.client(asked.get("clientId"), asked.get("clientSecret"))
    grant = asked.get("grantType")
    if grant == DEVICE_CODE:
        return _for_device_code(center, client, asked)
    if grant == "authorization_code":
        return _for_authorization_code(center, client, asked)
    if grant == "refresh_token":
        return _for_refresh_token(center, client, asked)
    raise oidc_error("UnsupportedGrantTypeException", "Unsupported grant type provided")


def _for_device_code(center: Center, client: Client, asked: dict[str, Any]) -> Answer:
    device = center.state.devices.get(str(asked.get("deviceCode")))
    if device is None or device.client_id != client.id or device.status == "used":
        raise oidc_error("InvalidGrantException", "Invalid device code provided")
    now = center.now()
    if device.expires_at <= now:
        raise oidc_error("ExpiredTokenException", "Device code has expired")
    _check_pace(center, device, now)
    device.polls += 1
    # Never on the first poll: clients poll once before a person can have seen the code.
    if device.status == "pending" and center.auto_approve and device.polls > 1:
        device.sign_in = center.sign_in(center.auto_approve, device.world)
        device.status = "approved"
    if device.status == "denied":
        raise oidc_error("AccessDeniedException", "Access denied")
    waits = device.status == "pending" or device.polls <= center.faults.pending_polls
    if waits or device.sign_in is None:
        raise oidc_error("AuthorizationPendingException", "Authorization is pending")
    device.status = "used"
    return _tokens(center, client, device.sign_in)


def _check_pace(center: Center, device: DeviceAuthorization, now: float) -> None:
    last, device.last_poll_at = device.last_poll_at, now
    interval = center.faults.interval
    if not center.faults.enforce_interval or last is None or not isinstance(interval, int | float):
        return
    if now - last < interval * 0.9:
        raise oidc_error("SlowDownException", "Slow down")


def _for_authorization_code(center: Center, client: Client, asked: dict[str, Any]) -> Answer:
    # Taken out whatever follows: a code is good for one try.
    code = center.state.codes.pop(str(asked.get("code")), None)
    if code is None or code.client_id != client.id or code.expires_at <= center.now():
        raise oidc_error("InvalidGrantException", "Invalid authorization code provided")
    if asked.get("redirectUri") != code.redirect_uri:
        raise oidc_error("InvalidGrantException", "Invalid redirect URI provided")
    verifier = asked.get("codeVerifier")
    if not isinstance(verifier, str) or not _VERIFIER.fullmatch(verifier):
        raise oidc_error("InvalidRequestException", "Invalid code verifier provided")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    if digest.rstrip(b"=").decode() != code.challenge:
        raise oidc_error("InvalidGrantException", "Invalid code verifier provided")
    return _tokens(center, client, code.sign_in)


def _for_refresh_token(center: Center, client: Client, asked: dict[str, Any]) -> Answer:
    now, knobs = center.now(), center.faults
    invalid = oidc_error("InvalidGrantException", "Invalid refresh token provided")
    old = center.state.refresh_tokens.get(str(asked.get("refreshToken")))
    if old is None or old.client_id != client.id or not old.sign_in.live_at(now):
        raise invalid
    if old.replaced_at is not None and not _replay_allowed(center, old, now):
        if knobs.strict_revokes_session:
            old.sign_in.revoked = True
        raise invalid
    if knobs.rotation == "none":
        return _tokens(center, client, old.sign_in, refresh=old.value)
    if old.replaced_at is None:
        old.replaced_at = now
    return _tokens(center, client, old.sign_in, refreshing=True)


def _replay_allowed(center: Center, old: RefreshToken, now: float) -> bool:
    knobs = center.faults
    if knobs.rotation == "strict" or old.replaced_at is None:
        return False
    return knobs.rotation == "none" or now - old.replaced_at < knobs.grace_seconds


def _tokens(
    center: Center,
    client: Client,
    sign_in: SignIn,
    refresh: str | None = None,
    refreshing: bool = False,
) -> Answer:
    token, renewer = issue_tokens(center, client, sign_in, refresh)
    answer: dict[str, Any] = {
        "accessToken": token.value,
        "tokenType": "Bearer",
        "expiresIn": max(0, round(token.expires_at - center.now())),
        "idToken": None,
    }
    if renewer and not (center.faults.omit_refresh_token and (refreshing or refresh)):
        answer["refreshToken"] = renewer
    return json_answer(answer)


def issue_tokens(
    center: Center, client: Client, sign_in: SignIn, refresh: str | None = None
) -> tuple[AccessToken, str | None]:
    """Mint an access token, and a refresh token unless one is kept or the client has no scopes.

    A client without scopes (legacy profiles) gets eight hours and nothing to renew with. No
    token outlives its sign-in session."""
    state, knobs, now = center.state, center.faults, center.now()
    seconds = knobs.token_seconds if client.scopes else knobs.legacy_token_seconds
    end = min(now + seconds, sign_in.ends_at)
    token = AccessToken(state.secret("AT", 400), client.scopes, sign_in, end)
    state.tokens[token.value] = token
    if refresh is None and client.scopes:
        renewer = RefreshToken(state.secret("RT", 400), client.id, sign_in)
        state.refresh_tokens[renewer.value] = renewer
        refresh = renewer.value
    return token, refresh
