"""OidcClient: AWS's sign-in service (sso-oidc 2019-06-10): clients, device codes, tokens."""

import re
import shlex
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from ssohelper.core import device_flow
from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, DeviceAuthorization, Poll
from ssohelper.core.endpoints import checked_sign_in_url, oidc_endpoint
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SsoSession
from ssohelper.errors import BadAnswer, LoginRequired, RegistrationRejected, SsoHelperError
from ssohelper.wire.clients import (
    Refusal,
    make_client,
    translated,
    warn_about_general_endpoint,
    within,
)

# Registered without a port, used with one: RFC 8252 §7.3. The AWS CLI registers the same one,
# so that both can use one registration.
_REGISTERED_REDIRECT = "http://127.0.0.1/oauth/callback"
_PKCE_GRANTS = ("authorization_code", "refresh_token")
_DEFAULT_SCOPES = ("sso:account:access",)
# A call that a person waits for. Silent ones bring their own deadline.
_CALL_SECONDS = 15.0
_LONGEST_TOKEN_SECONDS = 24 * 3600
# It goes into a header and a file: visible ASCII only. Real ones are below 2 kB.
_OPAQUE = re.compile(r"[\x21-\x7e]{1,16384}")
_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,40}")
_ENDED = (
    "InvalidGrantException",
    "ExpiredTokenException",
    "AccessDeniedException",
    "UnauthorizedClientException",
    "invalid_grant",
    "expired_token",
    "access_denied",
    "unauthorized_client",
)
# A region in which this Identity Center is not says so of the start URL.
_NAMES_THE_PORTAL = ("register_client", "start_device_authorization")
_UNKNOWN_PORTAL = ("InvalidRequestException", "InvalidRequestRegionException")
_CLIENT_UNKNOWN = ("InvalidClientException", "invalid_client")


class OidcClient:
    """The sign-in service of one session's region."""

    def __init__(
        self,
        session: SsoSession,
        environ: Mapping[str, str],
        warn: Callable[[str], None] = lambda _message: None,
    ) -> None:
        self._session = session
        self._environ = environ
        self._warn = warn
        self._service = f"the sign-in service in {session.region}"
        self._endpoint = oidc_endpoint(session.region, environ)

    def register(self, grant: str) -> ClientRegistration:
        """Return a new registration, for "authorization_code" or the device code grant.

        Wire: POST /client/register. The service echoes neither grants nor scopes: ours are kept.
        """
        asked: dict[str, Any] = {
            "clientName": f"ssohelper-{self._session.name}",
            "clientType": "public",
            "scopes": list(self._scopes),
        }
        if grant == "authorization_code":
            asked |= {
                "grantTypes": list(_PKCE_GRANTS),
                "redirectUris": [_REGISTERED_REDIRECT],
                "issuerUrl": self._session.start_url,
            }
        answer = self._asked("register_client", asked)
        expires_at = answer.get("clientSecretExpiresAt")
        if not isinstance(expires_at, int) or not 0 < expires_at < 1 << 33:
            raise self._nonsense("clientSecretExpiresAt")
        return ClientRegistration(
            client_id=self._opaque(answer, "clientId"),
            client_secret=Secret(self._opaque(answer, "clientSecret")),
            expires_at=expires_at,
            grant_types=tuple(asked.get("grantTypes", ())),
            scopes=self._scopes,
        )

    def authorize_url(
        self, registration: ClientRegistration, redirect_uri: str, state: str, challenge: str
    ) -> str:
        """Return the page that a person signs in at. It is ours: nothing of it was sent to us."""
        query = {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge_method": "S256",
            # Plural, as the AWS CLI says it; RFC 6749's `scope` is not what the service reads.
            "scopes": " ".join(self._scopes),
            "code_challenge": challenge,
        }
        place = urlsplit(self._endpoint)
        return f"{place.scheme}://{place.netloc}/authorize?{urlencode(query)}"

    def token_by_code(
        self, registration: ClientRegistration, code: Secret, redirect_uri: str, verifier: Secret
    ) -> tuple[AccessToken, int]:
        """Trade the code of the callback for a token and its life in seconds."""
        asked = {
            "grantType": "authorization_code",
            "code": code.reveal(),
            "redirectUri": redirect_uri,
            "codeVerifier": verifier.reveal(),
        }
        return self._token(registration, asked, None, None)

    def start_device_authorization(self, registration: ClientRegistration) -> DeviceAuthorization:
        """Return a code for a person to confirm; both addresses are checked and rebuilt.

        Raises: BadAnswer for an address that is not AWS's, RegistrationRejected.
        """
        asked = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
            "startUrl": self._session.start_url,
        }
        answer = self._asked("start_device_authorization", asked)
        user_code = answer.get("userCode")
        if not isinstance(user_code, str) or not _USER_CODE.fullmatch(user_code):
            raise self._nonsense("userCode")
        page = self._address(answer.get("verificationUri"))
        complete = answer.get("verificationUriComplete")
        return DeviceAuthorization(
            device_code=Secret(self._opaque(answer, "deviceCode")),
            user_code=user_code,
            verification_uri=page,
            verification_uri_complete=page if complete is None else self._address(complete),
            interval_seconds=device_flow.sensible_interval(answer.get("interval")),
            expires_at=int(time.time()) + device_flow.sensible_life(answer.get("expiresIn")),
        )

    def token_by_device_code(
        self, registration: ClientRegistration, authorization: DeviceAuthorization
    ) -> tuple[AccessToken, int] | Poll:
        """Return token and life, or what the poll brought instead. One try: the caller repeats."""
        asked = {
            "grantType": DEVICE_CODE_GRANT,
            "deviceCode": authorization.device_code.reveal(),
        }
        try:
            return self._token(registration, asked, None, None)
        except _NotYet as answer:
            return answer.poll

    def refresh(self, token: AccessToken, deadline: Deadline) -> tuple[AccessToken, int]:
        """Return the next token and its life in seconds; an omitted refresh token stays.

        Raises: LoginRequired when AWS refuses it for good, AwsUnreachable.
        """
        if token.refresh_token is None or token.client is None:
            raise LoginRequired(f'the sign-in of session "{self._session.name}" cannot be renewed')
        asked = {"grantType": "refresh_token", "refreshToken": token.refresh_token.reveal()}
        return self._token(token.client, asked, token.refresh_token, deadline)

    # -- one call ------------------------------------------------------------------------------

    @property
    def _scopes(self) -> tuple[str, ...]:
        return self._session.scopes or _DEFAULT_SCOPES

    def get_ready(self) -> None:
        """Do now what the first call would have to do before it asks."""
        _ = self._client

    def hang_up(self) -> None:
        """Close connections that nobody uses: the next call opens one of its own."""
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> Any:
        warn_about_general_endpoint(self._environ, self._warn)
        return make_client(
            "sso-oidc", self._session.region, self._endpoint, self._environ, attempts=3
        )

    def _asked(
        self, operation: str, asked: dict[str, Any], deadline: Deadline | None = None
    ) -> dict[str, Any]:
        limit = deadline or Deadline(_CALL_SECONDS, time.monotonic)
        with translated(self._service, lambda refusal: self._refused(refusal, operation)):
            answer = within(limit, lambda: getattr(self._client, operation)(**asked), self._service)
        if not isinstance(answer, dict):
            raise self._nonsense("object")
        return answer

    def _token(
        self,
        registration: ClientRegistration,
        asked: dict[str, Any],
        carried: Secret | None,
        deadline: Deadline | None,
    ) -> tuple[AccessToken, int]:
        """Wire: POST /token. `expiresIn` is seconds."""
        answer = self._asked(
            "create_token",
            {
                "clientId": registration.client_id,
                "clientSecret": registration.client_secret.reveal(),
                **asked,
            },
            deadline,
        )
        life = self._life(answer.get("expiresIn"))
        renewer = carried
        if answer.get("refreshToken") is not None:
            renewer = Secret(self._opaque(answer, "refreshToken"))
        token = AccessToken(
            value=Secret(self._opaque(answer, "accessToken")),
            expires_at=int(time.time()) + life,
            refresh_token=renewer,
            client=registration,
        )
        return token, life

    def _life(self, said: object) -> int:
        if not isinstance(said, int) or isinstance(said, bool) or said <= 0:
            raise self._nonsense("expiresIn")
        if said > _LONGEST_TOKEN_SECONDS:
            self._warn(f"{self._service} promised a token of more than 24 h; it is used for 24 h")
        return min(said, _LONGEST_TOKEN_SECONDS)

    def _refused(self, refusal: Refusal, operation: str) -> SsoHelperError | None:
        name = self._session.name
        if operation in _NAMES_THE_PORTAL and refusal.code in _UNKNOWN_PORTAL:
            url = self._session.start_url
            return BadAnswer(
                f'{self._service} refuses "{url}": {refusal.message or refusal.code}',
                hint="are address and region right? "
                f"ssohelper setup {shlex.quote(url)} --session {name} --region REGION",
            )
        if refusal.code in ("AuthorizationPendingException", "authorization_pending"):
            return _NotYet(Poll.PENDING)
        if refusal.code in ("SlowDownException", "slow_down"):
            return _NotYet(Poll.SLOW_DOWN)
        if refusal.code in _CLIENT_UNKNOWN:
            return RegistrationRejected(
                f'AWS no longer knows the client of session "{name}"',
                hint=f"sign in with: ssohelper login {name} --force",
            )
        if refusal.code in _ENDED:
            return LoginRequired(
                f'the sign-in of session "{name}" was refused by AWS: '
                f"{refusal.message or refusal.code}",
                hint=f"sign in with: ssohelper login {name}",
            )
        return None

    def _address(self, said: object) -> str:
        if not isinstance(said, str):
            raise self._nonsense("verificationUri")
        return checked_sign_in_url(said, self._session.region, self._endpoint)

    def _opaque(self, answer: dict[str, Any], key: str) -> str:
        value = answer.get(key)
        if not isinstance(value, str) or not _OPAQUE.fullmatch(value):
            raise self._nonsense(key)
        return value

    def _nonsense(self, key: str) -> BadAnswer:
        return BadAnswer(f"{self._service} gave an answer that makes no sense ({key})")


class _NotYet(LoginRequired):
    """A poll before the person has confirmed. It does not leave this module."""

    def __init__(self, poll: Poll) -> None:
        super().__init__(f"the sign-in is not confirmed ({poll.value})")
        self.poll = poll
