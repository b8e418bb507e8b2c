"""Planted botocore models and endpoint rules redirect no token and no signed request."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.loaders import Loader

from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.emulator.server import Emulator
from ssohelper.errors import ConfigInvalid
from ssohelper.wire import clients
from tests.conftest import Home

# All calls of a sign-in and its use, with the real classes, in a process that starts with the
# planted variables and home: botocore determines its folders when it is imported.
PROGRAM = """
import sys, time
from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, Poll
from ssohelper.core.model import Role, SignInFacts, SsoSession
from ssohelper.wire.account import StsIdentityClient
from ssohelper.wire.federation import Federation
from ssohelper.wire.oidc import OidcClient
from ssohelper.wire.portal import Portal
from ssohelper.wire.role_credentials import get_role_credentials
import os

start_url, region = sys.argv[1:]
session = SsoSession("corp", start_url, region, ("sso:account:access",))
environ, warn = dict(os.environ), lambda message: None
soon = Deadline(60, time.monotonic)
oidc, portal = OidcClient(session, environ, facts=SignInFacts), Portal(session, environ, warn, facts=SignInFacts)
registration = oidc.register_client(DEVICE_CODE_GRANT)
waiting = oidc.start_device_authorization(registration)
answer = Poll.PENDING
while isinstance(answer, Poll):
    answer = oidc.poll_for_token(registration, waiting)
token, _ = oidc.refresh_token(answer[0], soon)
account = next(portal.list_accounts(token))
role = Role(account.id, portal.list_roles(token, account.id)[0])
keys = get_role_credentials(portal, token, role, soon)
print(StsIdentityClient(keys, "eu-west-1", environ, warn).get_caller_identity().account_id)
Federation("us-east-1", environ, warn).get_login_url(keys, start_url, "https://console.aws.amazon.com/")
portal.log_out(token)
"""


class Planted:
    """A server that should get no request, and the files that name it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        planted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                planted.requests.append(f"{self.command} {self.path}")
                self.send_response(500)
                self.end_headers()

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def plant(self, folder: Path) -> None:
        """Write rule sets that send every request of the three services to this server."""
        rules = {
            "version": "1.0",
            "parameters": {
                "Region": {"builtIn": "AWS::Region", "required": False, "type": "String"},
                "Endpoint": {"builtIn": "SDK::Endpoint", "required": False, "type": "String"},
            },
            "rules": [{"conditions": [], "endpoint": {"url": self.url}, "type": "endpoint"}],
        }
        for service in ("sso", "sso-oidc", "sts"):
            (model,) = (Path(Loader.BUILTIN_DATA_PATH) / service).iterdir()
            place = folder / service / model.name
            place.mkdir(parents=True)
            (place / "endpoint-rule-set-1.json").write_text(json.dumps(rules))


@pytest.fixture
def planted() -> Iterator[Planted]:
    made = Planted()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("place", ["AWS_DATA_PATH", "~/.aws/models"])
def test_planted_rule_sets_get_no_request(
    home: Home, emulator: Emulator, planted: Planted, tmp_path: Path, place: str
) -> None:
    folder = tmp_path / "planted" if place == "AWS_DATA_PATH" else home.path / ".aws" / "models"
    planted.plant(folder)
    more = {"AWS_DATA_PATH": str(folder)} if place == "AWS_DATA_PATH" else {}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, emulator.world.start_url, emulator.world.region],
        env={**os.environ, **home.env, **more, "HOME": str(home.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert planted.requests == []
    assert done.returncode == 0, done.stderr
    for operation in ("CreateToken", "GetRoleCredentials", "GetCallerIdentity", "Logout"):
        assert emulator.counters[operation] >= 1


def test_a_signed_request_to_another_origin_is_exit_3_and_not_sent(planted: Planted) -> None:
    keys = RoleCredentials("ASIAEXAMPLEEXAMPLE00", Secret("s"), Secret("t"), 2**31)
    client = clients.make_botocore_client("sts", "eu-west-1", "http://127.0.0.1:9", {}, keys)

    def move(request: object, **_: object) -> None:
        request.url = f"{planted.url}/"  # type: ignore[attr-defined]

    client.meta.events.register("before-send.sts", lambda **_: None)
    client.meta.events.register("request-created.sts", move)
    with pytest.raises(ConfigInvalid, match="not the host that was checked") as caught:
        client.get_caller_identity()
    assert caught.value.exit_code == 3
    assert planted.requests == []


def test_a_newer_version_of_a_model_in_the_users_folder_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sts" / "2099-01-01"
    folder.mkdir(parents=True)
    model = Loader().load_service_model("sts", "service-2")
    model["metadata"] = {**model["metadata"], "apiVersion": "2099-01-01"}
    rules = Loader().load_service_model("sts", "endpoint-rule-set-1")
    for name, content in (("service-2", model), ("endpoint-rule-set-1", rules)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
    assert Loader().determine_latest_version("sts", "service-2") == "2099-01-01"
    keys = RoleCredentials("ASIAEXAMPLEEXAMPLE00", Secret("s"), Secret("t"), 2**31)
    client = clients.make_botocore_client("sts", "eu-west-1", "http://127.0.0.1:9", {}, keys)
    assert client.meta.service_model.api_version == "2011-06-15"
