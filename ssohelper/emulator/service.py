"""Answers requests to the emulated Identity Center, without sockets (`Service.handle`).

For each call it counts the call, runs callbacks, and waits for the latency, in this order. Then it
takes the first answer that applies: a scripted answer, the answer of the setting `down`, the rate
limit's 429, or the operation's own answer.
"""

import hashlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from ssohelper.emulator import federation, oidc, portal, sts
from ssohelper.emulator.addresses import find_aws_host
from ssohelper.emulator.core import SCOPE, Center, IssuedCredentials
from ssohelper.emulator.exchange import (
    Answer,
    Refusal,
    Request,
    iso_time,
    json_answer,
    oidc_error,
    parse_json_object,
)
from ssohelper.emulator.faults import OPERATIONS, RATE_LIMITED, Faults
from ssohelper.emulator.internet import Internet
from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.web import Web


class Call(NamedTuple):
    operation: str
    status: int  # the HTTP status; 0 if the call got no answer
    connection: int
    token: str  # a short hash (`_hash_token`) of the call's access or refresh token, or ""


# The operation's name and what answers its requests.
_ROUTES: dict[tuple[str, str], tuple[str, Callable[[Center, Request], Answer]]] = {
    ("POST", "/client/register"): ("RegisterClient", oidc.register_client),
    ("POST", "/device_authorization"): ("StartDeviceAuthorization", oidc.start_authorization),
    ("POST", "/token"): ("CreateToken", oidc.create_token),
    ("GET", "/assignment/accounts"): ("ListAccounts", portal.list_accounts),
    ("GET", "/assignment/roles"): ("ListAccountRoles", portal.list_account_roles),
    ("GET", "/federation/credentials"): ("GetRoleCredentials", portal.get_role_credentials),
    ("POST", "/logout"): ("Logout", portal.log_out),
    ("POST", "/"): ("GetCallerIdentity", sts.answer_sts_request),
}


class Service(Center):
    """Answers the requests to one emulated Identity Center. Any thread may call any method."""

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        super().__init__(world, clock)
        self.internet = Internet(self)
        self._tally = threading.Lock()
        self._counters: Counter[str] = Counter()
        self._calls: deque[Call] = deque(maxlen=200_000)
        pages, console = Web(self), federation.Console(self)
        self.routes: dict[tuple[str, str], tuple[str, Callable[[Request], Answer]]] = {
            **{route: (name, partial(run, self)) for route, (name, run) in _ROUTES.items()},
            ("GET", "/authorize"): ("authorize", pages.authorize),
            ("GET", "/federation"): ("federation", console.answer_federation),
            ("POST", "/federation"): ("federation", console.answer_federation),
            ("GET", "/console"): ("pages", console.show_console),
            **{route: ("pages", run) for route, run in pages.routes.items()},
        }
        self._paths = frozenset(path for _, path in self.routes)
        self.wait: Callable[[float], object] = time.sleep

    def handle(self, request: Request) -> Answer:
        operation, run = self.routes.get((request.method, request.path), ("", None))
        if run is None:
            is_known_path = request.path in self._paths
            message = "Method not allowed" if is_known_path else "Not found"
            return json_answer({"message": f"{message} (EMULATOR)"}, 405 if is_known_path else 404)
        names, token = _names_and_token(operation, request)
        with self._tally:
            self._counters.update(names)
        answer = self._answer_with_faults(run, names, request)
        status = 0 if answer.delivery.never or answer.delivery.reset else answer.status
        with self._tally:
            self._calls.append(Call(names[-1], status, request.connection, _hash_token(token)))
        return answer

    def _answer_with_faults(
        self, run: Callable[[Request], Answer], names: tuple[str, ...], request: Request
    ) -> Answer:
        faults = self._faults_of(request)
        script = faults.find_script_of_call(names)
        latency = faults.find_latency_seconds(names)
        if latency > 0:
            self.wait(latency)
        if isinstance(script, Answer):
            return script
        down = faults.find_answer_if_down(names)
        if down is not None:
            return down
        if RATE_LIMITED.isdisjoint(names) or self.faults.is_within_rate_limit():
            answer = self._run_operation(run, request)
        else:
            answer = self.faults.throttled_answer()
        answer = answer._replace(headers=(*answer.headers, ("x-amzn-RequestId", str(uuid4()))))
        return answer if script is None else answer._replace(delivery=script)

    def _faults_of(self, request: Request) -> Faults:
        aws_host = find_aws_host(request.host) if self.region_faults and request.host else None
        return self.region_faults.get(aws_host.region if aws_host else "", self.faults)

    def _run_operation(self, run: Callable[[Request], Answer], request: Request) -> Answer:
        try:
            with self.lock:
                return run(request)
        except Refusal as refused:
            return refused.answer
        except WorldError as exc:  # the person in auto_approve is unknown or disabled
            return oidc_error("AccessDeniedException", str(exc)).answer

    # -- for tests and the control interface --------------------------------------------------

    def approve_device(self, user_code: str, person: str = "ana", deny: bool = False) -> None:
        """Approve or deny a device code on behalf of this person.

        Raises: WorldError for an unknown code or person.
        """
        with self.lock:
            device = self.find_device(user_code)
            if device is None:
                raise WorldError(f"there is no device code {user_code!r}")
            device.sign_in = None if deny else self.sign_in(person, device.world)
            device.status = "denied" if deny else "approved"

    def issue_token(
        self,
        person: str = "ana",
        *,
        start_url: str | None = None,
        scopes: Iterable[str] = (SCOPE,),
        seconds: float | None = None,
    ) -> dict[str, str]:
        """Sign a person in without a browser, and return the content of an AWS token file.

        Without `scopes` it has no refreshToken. `seconds` is how long the access token lasts; None
        means its usual time."""
        with self.lock:
            world = self.find_world(start_url)
            if world is None:
                raise WorldError(f"no organization has the start URL {start_url!r}")
            client = self.add_client("seeded", tuple(scopes))
            token, refresh_token = oidc.issue_tokens(self, client, self.sign_in(person, world))
            if seconds is not None:
                token = token._replace(expires_at=self.now() + seconds)
                self.tokens[token.value] = token
        content = {
            "startUrl": start_url or world.start_url,
            "region": world.region,
            "accessToken": token.value,
            "expiresAt": iso_time(token.expires_at),
            "clientId": client.id,
            "clientSecret": client.secret,
            "registrationExpiresAt": iso_time(client.expires_at),
        }
        return content if refresh_token is None else {**content, "refreshToken": refresh_token}

    def issue_user_key(self, account_id: str, user_name: str) -> IssuedCredentials:
        arn = f"arn:aws:iam::{account_id}:user/{user_name}"
        with self.lock:
            return self.issue_credentials(
                user_name, account_id, user_name, arn, float("inf"), is_role_session=False
            )

    @property
    def counters(self) -> Counter[str]:
        with self._tally:
            return Counter(self._counters)

    @property
    def calls(self) -> list[Call]:
        with self._tally:
            return list(self._calls)

    def reset_counters(self) -> None:
        with self._tally:
            self._counters.clear()
            self._calls.clear()


def _names_and_token(operation: str, request: Request) -> tuple[tuple[str, ...], str | None]:
    kind, token = "", request.headers.get(portal.TOKEN_HEADER)
    if operation == "federation":
        kind = request.fields().get("Action", "")
    elif operation == "GetCallerIdentity" and request.fields().get("Action") == "AssumeRole":
        return ("AssumeRole",), request.headers.get("x-amz-security-token")
    elif operation == "CreateToken":
        body = parse_json_object(request.body) or {}
        kind, token = str(body.get("grantType")).rpartition(":")[2], body.get("refreshToken")
    name = f"{operation}.{kind}"
    names = (operation, name) if name in OPERATIONS else (operation,)
    return names, token if isinstance(token, str) else None


def _hash_token(secret: str | None) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:10] if secret else ""
