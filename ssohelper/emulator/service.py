"""Answers requests to the emulated Identity Center, without sockets (`Service.handle`).

For each call it counts the call, runs callbacks, and waits for the latency, in this order. Then it
takes the first answer that applies: a scripted answer, the answer of the setting `down`, the rate
limit's 429, or the operation's own answer.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from ssohelper.emulator import federation, oidc, portal, sts
from ssohelper.emulator.addresses import find_aws_host
from ssohelper.emulator.core import SCOPE, Center
from ssohelper.emulator.exchange import (
    Answer,
    Refusal,
    Request,
    json_answer,
    oidc_refusal,
    portal_refusal,
)
from ssohelper.emulator.faults import RATE_LIMITED, Faults
from ssohelper.emulator.internet import Internet
from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.state import Client, IssuedCredentials, SignIn
from ssohelper.emulator.tally import Call, Tally, hash_token_shortly
from ssohelper.emulator.web import Web


class Operation(NamedTuple):
    """An operation: its name in counters and fault settings, and the function that performs it."""

    name: str
    run: Callable[[Center, Request], Answer]


_ROUTES: dict[tuple[str, str], Operation] = {
    ("POST", "/client/register"): Operation("RegisterClient", oidc.register_client),
    ("POST", "/device_authorization"): Operation(
        "StartDeviceAuthorization", oidc.start_device_authorization
    ),
    ("POST", "/token"): Operation("CreateToken", oidc.create_token),
    ("GET", "/assignment/accounts"): Operation("ListAccounts", portal.list_accounts),
    ("GET", "/assignment/roles"): Operation("ListAccountRoles", portal.list_account_roles),
    ("GET", "/federation/credentials"): Operation(
        "GetRoleCredentials", portal.get_role_credentials
    ),
    ("POST", "/logout"): Operation("Logout", portal.log_out),
    ("POST", "/"): Operation("GetCallerIdentity", sts.answer_sts_request),
}


class Service:
    """Answers the requests to one emulated Identity Center. Any thread may call any method."""

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        self.center = Center(world, clock)
        self.internet = Internet(self.center)
        self.tally = Tally()
        pages, console = Web(), federation.Console()
        self.routes = {
            **_ROUTES,
            ("GET", "/authorize"): Operation("authorize", pages.authorize),
            ("GET", "/federation"): Operation("federation", console.answer_federation),
            ("POST", "/federation"): Operation("federation", console.answer_federation),
            ("GET", "/console"): Operation("pages", console.show_console),
            **{route: Operation("pages", run) for route, run in pages.routes.items()},
        }
        self._paths = frozenset(path for _, path in self.routes)
        self.wait: Callable[[float], object] = time.sleep

    @property
    def faults(self) -> Faults:
        """The settings that make this emulated Identity Center slow or faulty."""
        return self.center.faults

    def handle(self, request: Request) -> Answer:
        """Answer one request as AWS would, with the faults that a test has set."""
        operation = self.routes.get((request.method, request.path))
        if operation is None:
            is_known_path = request.path in self._paths
            message = "Method not allowed" if is_known_path else "Not found"
            return json_answer({"message": f"{message} (EMULATOR)"}, 405 if is_known_path else 404)
        names, token = _find_operation_names_and_token(operation.name, request)
        self.tally.count_call_by_names(names)
        answer = self._answer_with_faults(operation, names, request)
        is_unanswered = answer.delivery is not None and (
            answer.delivery.never or answer.delivery.reset
        )
        status = 0 if is_unanswered else answer.status
        self.tally.record_answer(
            Call(names[-1], status, request.connection, hash_token_shortly(token))
        )
        return answer

    def _answer_with_faults(
        self, operation: Operation, names: tuple[str, ...], request: Request
    ) -> Answer:
        faults = self._get_faults_for_region_of(request)
        script = faults.count_call_and_find_script(names)
        latency = faults.find_latency_seconds(names)
        if latency > 0:
            self.wait(latency)
        if script is not None and script.answer is not None:
            return script.answer._replace(delivery=script.delivery)
        down = faults.find_answer_if_down(names)
        if down is not None:
            return down
        answer = _add_request_id(self._run_operation(operation, request))
        return answer if script is None else answer._replace(delivery=script.delivery)

    def _get_faults_for_region_of(self, request: Request) -> Faults:
        """Return the faults for a request: those of its region's hosts, or the general faults."""
        aws_host = (
            find_aws_host(request.host) if self.center.region_faults and request.host else None
        )
        return self.center.region_faults.get(aws_host.region if aws_host else "", self.faults)

    def _run_operation(self, operation: Operation, request: Request) -> Answer:
        if operation.name in RATE_LIMITED and not self.faults.is_within_rate_limit():
            refusal = portal_refusal("TooManyRequestsException", "HTTP 429 Unknown Code")
            after = self.faults.retry_after
            extra = (("Retry-After", after),) if after is not None else ()
            return refusal._replace(headers=refusal.headers + extra)
        try:
            with self.center.lock:
                return operation.run(self.center, request)
        except Refusal as refused:
            return refused.answer
        except WorldError as exc:  # the person in auto_approve is unknown or disabled
            return oidc_refusal("AccessDeniedException", str(exc))

    # -- methods for tests and for the control interface ---------------------------

    def approve_device(self, user_code: str, person: str, deny: bool = False) -> None:
        """Approve or deny a device code on behalf of this person.

        Raises: WorldError for an unknown code or person.
        """
        with self.center.lock:
            device = self.center.state.find_device_by_user_code(user_code)
            if device is None:
                raise WorldError(f"there is no device code {user_code!r}")
            device.sign_in = None if deny else self.center.sign_in(person, device.world)
            device.status = "denied" if deny else "approved"

    def issue_token(
        self,
        person: str,
        *,
        start_url: str | None = None,
        scopes: tuple[str, ...] = (SCOPE,),
        seconds: float | None = None,
        client_name: str = "seeded",
    ) -> dict[str, str]:
        """Sign a person in without a browser, and return the content of an AWS token file.

        The content has the keys startUrl, region, accessToken, expiresAt, clientId, clientSecret,
        registrationExpiresAt and, if `scopes` is not empty, refreshToken. `seconds` is how long the
        access token lasts; None means its usual time."""
        center = self.center
        with center.lock:
            world = center.find_world(start_url)
            if world is None:
                raise WorldError(f"no organization has the start URL {start_url!r}")
            client = self._register_client(scopes, client_name)
            sign_in = center.sign_in(person, world)
            token, refresh_token = oidc.issue_tokens(center, client, sign_in)
            if seconds is not None:
                token = token._replace(expires_at=center.now() + seconds)
                center.state.tokens[token.value] = token
        content = {
            "startUrl": start_url or world.start_url,
            "region": world.region,
            "accessToken": token.value,
            "expiresAt": _format_iso_time(token.expires_at),
            "clientId": client.id,
            "clientSecret": client.secret,
            "registrationExpiresAt": _format_iso_time(client.expires_at),
        }
        return content if refresh_token is None else {**content, "refreshToken": refresh_token}

    def _register_client(self, scopes: tuple[str, ...], name: str) -> Client:
        state, center = self.center.state, self.center
        client = Client(
            id=state.make_random_id(22),
            secret=state.make_secret("CS", 500),
            name=name,
            scopes=scopes,
            grant_types=(),
            redirect_uris=(),
            issuer_url=None,
            expires_at=int(center.now() + self.faults.registration_seconds),
        )
        state.clients[client.id] = client
        return client

    def end_sign_ins(self, person: str | None = None) -> int:
        """End the sign-ins of this emulated user (None: of all users); return how many ended."""
        with self.center.lock:
            return self.center.state.end_sign_ins(person)

    def forget_clients(self) -> None:
        """Remove all registered OAuth clients. Their next use gets InvalidClientException."""
        with self.center.lock:
            self.center.state.clients.clear()

    def find_credentials_by_access_key(self, access_key_id: str) -> IssuedCredentials | None:
        """Return the issued credentials with this access key id; None if it was never issued."""
        return self.center.state.issued.get(access_key_id)

    def issue_user_key(self, account_id: str, user_name: str) -> IssuedCredentials:
        """Issue an access key of an IAM user: static keys, as some profiles have."""
        with self.center.lock:
            return self.center.state.issue_user_key(account_id, user_name, self.center.now())

    def sign_ins(self) -> list[SignIn]:
        """Return all sign-ins, including those that have ended."""
        with self.center.lock:
            return list(self.center.state.sign_ins.values())


def _add_request_id(answer: Answer) -> Answer:
    """Return the answer with a request id header, which AWS's services send too."""
    return answer._replace(headers=(*answer.headers, ("x-amzn-RequestId", str(uuid4()))))


def _find_operation_names_and_token(
    operation: str, request: Request
) -> tuple[tuple[str, ...], str | None]:
    """Return the names under which to count a call, and its access or refresh token, or None."""
    if operation == "federation":
        action = federation.find_federation_action(request)
        return ((operation, f"{operation}.{action}") if action else (operation,)), None
    if operation == "GetCallerIdentity" and sts.find_sts_action(request) == "AssumeRole":
        return ("AssumeRole",), request.headers.get("x-amz-security-token")
    if operation != "CreateToken":
        return (operation,), request.headers.get(portal.TOKEN_HEADER)
    body: Any
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("grantType"), str):
        return (operation,), None
    grant = oidc.shorten_grant_type(body["grantType"])
    if grant not in ("device_code", "authorization_code", "refresh_token"):
        return (operation,), None
    token = body.get("refreshToken")
    return (operation, f"{operation}.{grant}"), token if isinstance(token, str) else None


def _format_iso_time(instant: float) -> str:
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
