"""Gets client registrations, device codes and tokens from AWS's sign-in service.

Source: SSO OIDC API 2019-06-10.
"""

import json
import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from ssohelper.core import device_flow, issuer
from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, DeviceAuthorization, Poll
from ssohelper.core.host_variant import DEFAULT_VARIANT, HostVariant
from ssohelper.core.model import (
    AccessToken,
    ClientRegistration,
    IssuedToken,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.service_hosts import checked_sign_in_url, service_url
from ssohelper.errors import BadAnswer, LoginRequired, RegistrationRejected, SsoHelperError
from ssohelper.wire.answers import AwsError, parse_answer_record
from ssohelper.wire.transport import Transport, call_with_retries

# The redirect address is registered without a port and used with one (RFC 8252 §7.3). The AWS CLI
# registers the same address, so both programs can share a registration.
_REGISTERED_REDIRECT = "http://127.0.0.1/oauth/callback"
_PKCE_GRANTS = ("authorization_code", "refresh_token")
_DEFAULT_SCOPES = ("sso:account:access",)
# The time limit of calls that the user waits for. Background calls pass their own deadline.
_CALL_SECONDS = 15.0
_T = TypeVar("_T")
_ENDED = (
    "InvalidGrantException",
    "ExpiredTokenException",
    "AccessDeniedException",
    "UnauthorizedClientException",
)
_POLLS = {"AuthorizationPendingException": Poll.PENDING, "SlowDownException": Poll.SLOW_DOWN}
_REGISTER, _AUTHORIZE_DEVICE, _TOKEN = "/client/register", "/device_authorization", "/token"
# AWS reports an invalid start URL if the region is wrong.
_UNKNOWN_PORTAL = ("InvalidRequestException", "InvalidRequestRegionException")


class OidcClient:
    """`facts` returns the record of the sign-in: its issuer is checked before a secret is sent."""

    def __init__(
        self,
        session: SsoSession,
        environ: Mapping[str, str],
        *,
        facts: Callable[[], SignInFacts],
        variant: HostVariant = DEFAULT_VARIANT,
    ) -> None:
        self._session = session
        self._facts = facts
        self._service = f"the sign-in service in {session.region}"
        self._service_url = service_url("oidc", session.region, environ, variant)
        self._transport = Transport(self._service_url, environ, self._service)

    @property
    def issuer(self) -> str:
        return issuer.issuer_of_service_url(self._service_url, self._session.region)

    def may_receive_secret_of(self, client: ClientRegistration) -> bool:
        issued_by = issuer.client_issuer(client, self._facts())
        return issuer.may_send_secret(issued_by, self._service_url, self._session.region)

    def register_client(self, grant: str) -> ClientRegistration:
        """Register a client for the "authorization_code" or device code grant.

        The answer has neither grants nor scopes, so those of the request are recorded.
        """
        fields: dict[str, Any] = {
            "clientName": f"ssohelper-{self._session.name}",
            "clientType": "public",
            "scopes": list(self._scopes),
        }
        if grant == "authorization_code":
            fields |= {
                "grantTypes": list(_PKCE_GRANTS),
                "redirectUris": [_REGISTERED_REDIRECT],
                "issuerUrl": self._session.aws_url,
            }
        grant_types = tuple(fields.get("grantTypes", ()))
        return self._send_request_repeatedly(
            _REGISTER,
            fields,
            lambda answer: schema.client_from_answer(answer, grant_types, self._scopes),
        )

    def authorize_url(
        self, registration: ClientRegistration, redirect_uri: str, state: str, challenge: str
    ) -> str:
        query = {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge_method": "S256",
            # The name is plural, as in the AWS CLI: the service does not read RFC 6749's `scope`.
            "scopes": " ".join(self._scopes),
            "code_challenge": challenge,
        }
        url = urlsplit(self._service_url)
        return f"{url.scheme}://{url.netloc}/authorize?{urlencode(query)}"

    def get_token_by_code(
        self, registration: ClientRegistration, code: Secret, redirect_uri: str, verifier: Secret
    ) -> IssuedToken:
        fields = {
            "grantType": "authorization_code",
            "code": code.reveal(),
            "redirectUri": redirect_uri,
            "codeVerifier": verifier.reveal(),
        }
        self._check_client(registration)
        return call_with_retries(
            lambda limit: self._request_token(registration, fields, None, limit),
            _CALL_SECONDS,
            is_repeatable=False,
        )

    def start_device_authorization(self, registration: ClientRegistration) -> DeviceAuthorization:
        """Raises: BadAnswer for a sign-in address that is not AWS's, RegistrationRejected."""
        self._check_client(registration)
        fields = {**_client_fields(registration), "startUrl": self._session.aws_url}
        return self._send_request_repeatedly(
            _AUTHORIZE_DEVICE, fields, self._parse_device_authorization
        )

    def _parse_device_authorization(self, answer: dict[str, Any]) -> DeviceAuthorization:
        device_code, user_code = schema.codes_from_answer(answer)
        page = self._checked_sign_in_address(answer.get("verificationUri"))
        complete = answer.get("verificationUriComplete")
        life_seconds = device_flow.sensible_code_life_seconds(answer.get("expiresIn"))
        return DeviceAuthorization(
            device_code=device_code,
            user_code=user_code,
            verification_uri=page,
            verification_uri_complete=page
            if complete is None
            else self._checked_sign_in_address(complete),
            interval_seconds=device_flow.sensible_poll_seconds(answer.get("interval")),
            expires_at=int(time.time()) + life_seconds,
            life_seconds=life_seconds,
        )

    def poll_for_token(
        self, registration: ClientRegistration, authorization: DeviceAuthorization
    ) -> IssuedToken | Poll:
        """Return the token, or why there is none yet."""
        fields = {
            "grantType": DEVICE_CODE_GRANT,
            "deviceCode": authorization.device_code.reveal(),
        }
        self._check_client(registration)
        try:
            limit = Deadline(_CALL_SECONDS, time.monotonic)
            return self._request_token(registration, fields, None, limit)
        except _NotConfirmedYet as answer:
            return answer.poll

    def refresh_token(self, token: AccessToken, deadline: Deadline) -> IssuedToken:
        """Send exactly one request: the refresh token may be single-use.

        Raises: LoginRequired, RegistrationRejected, Throttled, AwsUnreachable, BadAnswer; AnswerLost
        if AWS may have accepted the token; ConfigInvalid, before anything is sent, for a token that
        another server issued.
        """
        if token.refresh_token is None or token.client is None:
            raise LoginRequired(f'the sign-in of session "{self._session.name}" cannot be renewed')
        self._check_issuer(issuer.token_issuer(token, self._facts()))
        fields = {"grantType": "refresh_token", "refreshToken": token.refresh_token.reveal()}
        return self._request_token(token.client, fields, token.refresh_token, deadline)

    # -- sending a request --------------------------------------------------------------------

    @property
    def _scopes(self) -> tuple[str, ...]:
        return self._session.scopes or _DEFAULT_SCOPES

    def _check_client(self, client: ClientRegistration) -> None:
        self._check_issuer(issuer.client_issuer(client, self._facts()))

    def _check_issuer(self, issued_by: str | None) -> None:
        issuer.check_secret_destination(issued_by, "oidc", self._service_url, self._session)

    def _send_request_repeatedly(
        self, path: str, fields: dict[str, Any], parse: Callable[[dict[str, Any]], _T]
    ) -> _T:
        return call_with_retries(
            lambda limit: self._send_request(path, fields, parse, limit),
            _CALL_SECONDS,
            is_repeatable=False,
        )

    def _send_request(
        self,
        path: str,
        fields: dict[str, Any],
        parse: Callable[[dict[str, Any]], _T],
        deadline: Deadline,
    ) -> _T:
        # A late answer of CreateToken still holds the next refresh token.
        read_seconds = deadline.seconds_left() if path == _TOKEN else None
        answer = self._transport.send(
            "POST",
            path,
            headers={"Content-Type": "application/json"},
            body=json.dumps(fields).encode("ascii"),
            read_seconds=read_seconds,
            deadline=deadline,
        )
        return parse_answer_record(
            answer, self._service, lambda error: self._special_error_of(error, path), parse
        )

    def _request_token(
        self,
        registration: ClientRegistration,
        fields: dict[str, Any],
        refresh_token: Secret | None,
        deadline: Deadline,
    ) -> IssuedToken:
        return self._send_request(
            _TOKEN,
            {**_client_fields(registration), **fields},
            lambda answer: schema.token_from_answer(
                answer, registration, refresh_token, int(time.time())
            ),
            deadline,
        )

    def _special_error_of(self, error: AwsError, path: str) -> SsoHelperError | None:
        name = self._session.name
        if path != _TOKEN and error.name in _UNKNOWN_PORTAL:
            url, portal = self._session.start_url, self._session.aws_url
            refused = f'"{portal}"' if portal == url else f'"{portal}" (reached from "{url}")'
            return BadAnswer(
                f"{self._service} refuses {refused}: {error.message or error.name}",
                hint="are start URL and region right? "
                f"ssohelper setup {shlex.quote(url)} --session {name} --region REGION",
            )
        if path == _TOKEN and error.name in _POLLS:
            return _NotConfirmedYet(_POLLS[error.name])
        if error.name == "InvalidClientException":
            return RegistrationRejected(
                f'AWS no longer knows the client registration of session "{name}"',
                hint=f"sign in with: ssohelper login {name} --force",
            )
        if error.name in _ENDED:
            return LoginRequired(
                f'the sign-in of session "{name}" was refused by AWS: '
                f"{error.message or error.name}",
                hint=f"sign in with: ssohelper login {name}",
            )
        return None

    def _checked_sign_in_address(self, address: object) -> str:
        if not isinstance(address, str):
            raise Damaged("verificationUri")
        return checked_sign_in_url(address, self._session.region, self._service_url)


def _client_fields(client: ClientRegistration) -> dict[str, str]:
    return {"clientId": client.client_id, "clientSecret": client.client_secret.reveal()}


class _NotConfirmedYet(LoginRequired):
    """Raised and caught in this module: AWS was polled before the user confirmed the sign-in."""

    def __init__(self, poll: Poll) -> None:
        super().__init__(f"the sign-in is not confirmed ({poll.value})")
        self.poll = poll
