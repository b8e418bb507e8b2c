"""An emulator for each test, and a plain HTTP client."""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ssohelper.emulator import control
from ssohelper.emulator.exchange import Answer, make_request
from ssohelper.emulator.server import Emulator
from ssohelper.emulator.service import Service
from ssohelper.emulator.world import demo_world

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PAYMENTS_PROD = "000030000001"
PAYMENTS_DEV = "000040000001"
VERIFIER = "v" * 64
_DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
CHALLENGE = base64.urlsafe_b64encode(_DIGEST).decode().rstrip("=")
REDIRECT = "http://127.0.0.1:49152/oauth/callback"


# As the AWS CLI registers for PKCE.
REGISTRATION = {
    "clientName": "ssohelper-corp",
    "clientType": "public",
    "scopes": ["sso:account:access"],
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": ["http://127.0.0.1/oauth/callback"],
}


def authorize_query(client_id: str, redirect_uri: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": "s-1",
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
        "code_challenge": CHALLENGE,
    }


class Clock:
    """A clock that only `forward` moves."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Wire:
    """Calls AWS's operations on a Service, without sockets; most return (status, content)."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.service = Service(demo_world(), self.clock)
        self.faults = self.service.faults
        self.world = self.service.world

    def raw(self, method: str, path: str, body: bytes = b"", headers=None, **query: str) -> Answer:
        request = make_request(method, path, urlencode(query), headers or {}, body)
        return control.handle_request(self.service, request)

    def post(self, path: str, **fields: Any) -> tuple[int, Any]:
        answer = self.raw("POST", path, json.dumps(fields).encode())
        return answer.status, json.loads(answer.body)

    def register(self, **more: Any) -> dict[str, str]:
        """Register a client as the AWS CLI does for PKCE."""
        status, client = self.post("/client/register", **{**REGISTRATION, **more})
        assert status == 200, client
        return {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}

    def device(self, client: dict[str, str]) -> dict[str, Any]:
        status, device = self.post("/device_authorization", **client, startUrl=self.world.start_url)
        assert status == 200, device
        return device

    def begin(self, **more: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """Register a client for device codes; return it with a new device code."""
        client = self.register(grantTypes=[], redirectUris=[], **more)
        return client, self.device(client)

    def poll(self, client: dict[str, str], device: dict[str, Any]) -> tuple[int, Any]:
        code = device["deviceCode"]
        return self.post("/token", **client, grantType=DEVICE_GRANT, deviceCode=code)

    def authorize(self, client: dict[str, str], **more: str) -> dict[str, str]:
        """Call /authorize with automatic consent; return the query of the redirect."""
        asked = authorize_query(client["clientId"], REDIRECT) | more
        answer = self.raw("GET", "/authorize", **asked)
        assert answer.status == 302, answer
        location = dict(answer.headers)["Location"]
        assert location.startswith(asked["redirect_uri"])
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def get_code(self, person: str = "ana") -> tuple[dict[str, str], str]:
        """Return a client and its authorization code."""
        self.service.auto_approve = person
        client = self.register()
        return client, self.authorize(client)["code"]

    def redeem(self, client: dict[str, str], code: str, **more: Any) -> tuple[int, Any]:
        fields = {"codeVerifier": VERIFIER, "redirectUri": REDIRECT, "code": code, **more}
        return self.post("/token", **client, grantType="authorization_code", **fields)

    def refresh(self, token: dict[str, str]) -> tuple[int, Any]:
        sent = {name: token[name] for name in ("clientId", "clientSecret", "refreshToken")}
        return self.post("/token", **sent, grantType="refresh_token")

    def portal(self, path: str, token: str, method: str = "GET", **query: str) -> tuple[int, Any]:
        answer = self.raw(method, path, headers={"x-amz-sso_bearer_token": token}, **query)
        return answer.status, json.loads(answer.body) if answer.body else None

    def credentials(self, token: str, account_id: str, role: str) -> tuple[int, Any]:
        query = {"account_id": account_id, "role_name": role}
        return self.portal("/federation/credentials", token, **query)


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]  # header names are in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def fetch(emulator: Emulator, method: str, path: str, body=None, headers=None, timeout=30) -> Reply:
    """Send one request over a new connection; a dict is sent as JSON, text as a form."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=timeout)
    sent = dict(headers or {})
    data = body
    if isinstance(body, dict):
        data = json.dumps(body)
        sent.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read())
    finally:
        connection.close()


def portal(emulator: Emulator, token: str, path="/assignment/accounts", **more: Any) -> Reply:
    return fetch(emulator, "GET", path, headers={"x-amz-sso_bearer_token": token}, **more)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def emu() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator
