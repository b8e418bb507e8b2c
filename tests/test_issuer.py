"""Tokens go to what issued them, through the installed commands, with a real planted server.

The planted server is on this machine, which is all that an address in a cloned repository's
variables may name: it must hear of no token that AWS issued.
"""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core import issuer
from ssohelper.core.model import ClientRegistration, Secret
from ssohelper.emulator.server import Emulator
from tests.conftest import Home

KEY = ("--session", "corp", "--account-id", "000030000003", "--role-name", "ReadOnlyAccess")
RULE_SETS = ("sso/2019-06-10", "sso-oidc/2019-06-10", "sts/2011-06-15")
REFUSED = re.compile(
    r"was made at AWS, and its (token is|role credentials are) not sent to a server on this machine"
)


class Planted:
    """A server that notes what comes, and answers as if it were AWS that refuses nothing."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        planted = self

        class Handler(BaseHTTPRequestHandler):
            def _note(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size).decode("latin-1")
                planted.heard.append(f"{self.command} {self.path}\n{self.headers}\n{body}")
                self.send_response(503)
                self.end_headers()

            do_GET = do_POST = do_CONNECT = do_PUT = _note

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def planted() -> Iterator[Planted]:
    server = Planted()
    yield server
    server.close()


@pytest.fixture
def signed_in(home, emulator) -> Home:
    """A home with a session whose token, and client, AWS issued to us."""
    home.add_session("corp")
    sign_in(home, emulator, "aws/us-east-1")
    return home


def sign_in(home: Home, emulator: Emulator, issued_by: str | None, seconds: int = 3600) -> None:
    home.write_token(emulator.issue_token("ana", seconds=seconds), issuer=issued_by)


def facts(home: Home, **changed: str):
    """Return the facts of the sign-in, after a change of some."""
    path = home.path / ".local" / "state" / "ssohelper" / "sign-ins" / "corp.json"
    found = {**json.loads(path.read_text()), **changed}
    path.write_text(json.dumps(found))
    return found


def plant(home: Home, url: str) -> dict[str, str]:
    """Write rule sets in both folders that lead to the address; return variables that do so too."""
    plant_models(home.path / "data", url)
    plant_models(home.path / ".aws" / "models", url)
    proxies = {**dict.fromkeys(PROXIES, url), "NO_PROXY": "", "no_proxy": ""}
    return {"AWS_DATA_PATH": str(home.path / "data"), "AWS_ENDPOINT_URL": url, **proxies}


def plant_models(folder: Path, url: str) -> None:
    rule = {"conditions": [], "endpoint": {"url": url, "properties": {}}, "type": "endpoint"}
    rules = {"version": "1.0", "parameters": {}, "rules": [rule]}
    for name in RULE_SETS:
        place = folder / name
        place.mkdir(parents=True)
        (place / "endpoint-rule-set-1.json").write_text(json.dumps(rules))


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
COMMANDS = (
    ("credential-process", *KEY),
    ("list", "--refresh", "--session", "corp"),
    ("whoami", "corp:000030000003/ReadOnlyAccess"),
    ("exec", "corp:000030000003/ReadOnlyAccess", "--", "true"),
    ("logout", "corp"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("seconds", [3600, 5], ids=["valid", "to be renewed"])
def test_a_planted_server_hears_no_aws_token(signed_in, emulator, planted, run, command, seconds):
    """Each service's own variable, the general one, rule sets in both folders, and proxies."""
    sign_in(signed_in, emulator, "aws/us-east-1", seconds)
    variables = ("_SSO", "_SSO_OIDC", "_STS", "_IAM", "_SIGNIN", "_S3")
    env = {f"AWS_ENDPOINT_URL{each}": planted.url for each in variables}
    answer = run(*command, env={**plant(signed_in, planted.url), **env})
    assert answer.returncode == 3, answer.stderr
    assert REFUSED.search(answer.stderr)
    assert "unset AWS_ENDPOINT_URL_S" in answer.stderr
    assert planted.heard == []


@pytest.mark.parametrize("command", COMMANDS[:3], ids=lambda command: command[0])
def test_models_and_proxies_move_no_token_of_this_machine(home, emulator, planted, run, command):
    home.add_session("corp")
    sign_in(home, emulator, "loopback", 5)
    run.ok(*command, env=plant(home, planted.url))
    assert planted.heard == []
    assert emulator.counters["CreateToken"] == 1


def test_a_token_of_this_machine_does_not_go_to_aws(home, emulator, planted, run):
    """AWS's place is taken by a proxy that hears of each attempt to connect."""
    home.add_session("corp")
    sign_in(home, emulator, "loopback")
    for variable in ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "NO_PROXY", "no_proxy"):
        home.env.pop(variable, None)
    answer = run("credential-process", *KEY, env={"HTTPS_PROXY": planted.url})
    assert answer.returncode == 3, answer.stderr
    assert (answer.stdout, answer.stderr.count("\n")) == ("", 1)
    assert "login corp --force" in answer.stderr
    assert planted.heard == []
    # The proxy is what such a token would be sent through.
    sign_in(home, emulator, "aws/us-east-1")
    assert run("credential-process", *KEY, env={"HTTPS_PROXY": planted.url}).returncode == 6
    assert planted.heard[0].startswith("CONNECT portal.sso.us-east-1.amazonaws.com:443")


def test_a_sign_in_of_ours_is_recorded_and_so_is_its_renewal(home, emulator, run):
    home.add_session("corp")
    home.browser()
    assert run("login", "corp").returncode == 0
    signed_in = facts(home)
    assert signed_in["issuer"] == signed_in["client_issuer"] == "loopback"
    # A token of another tool that we renew is ours from then on.
    sign_in(home, emulator, None, 5)
    run.ok("credential-process", *KEY)
    renewed = facts(home)
    assert renewed["issuer"] == "loopback"
    assert renewed["token_ids"] != signed_in["token_ids"]


@pytest.mark.parametrize("grant", ["--device-code", "browser"])
def test_a_client_secret_of_awss_is_not_sent_to_this_machine(home, emulator, run, app: App, grant):
    """A new client is registered in its place."""
    home.add_session("corp")
    home.browser()
    session = app.config.read().sso_sessions()[0]
    grants = ("authorization_code", "refresh_token") if grant == "browser" else ()
    theirs = ClientRegistration("awss-client", Secret("AWSS-SECRET"), 2**32, grants)
    app.tokens.save_registration(session, theirs)
    known = {"client": issuer.client_hash(theirs), "client_issuer": "aws/us-east-1"}
    app.tokens.save_facts("corp", app.tokens.load_facts("corp")._replace(**known))
    run.ok("login", "corp", *([grant] if grant != "browser" else []))
    assert emulator.counters["RegisterClient"] == 1
    assert facts(home)["client_issuer"] == "loopback"
    kept = [path.read_text() for path in home.token_folder.glob("*.json")]
    assert not any("AWSS-SECRET" in text for text in kept)


@pytest.mark.parametrize(
    ("issued_by", "said", "files"),
    [
        ("aws/us-east-1", "unset AWS_ENDPOINT_URL_SSO", 1),
        ("loopback", "on this machine only", 0),  # its server is no longer named
    ],
)
def test_a_sign_out_that_cannot_reach_the_issuer_forgets_only_a_sign_in_of_this_machine(
    home, emulator, run, issued_by, said, files
):
    home.add_session("corp")
    sign_in(home, emulator, issued_by)
    for variable in ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC") if not files else ():
        home.env.pop(variable)
    answer = run("logout", "corp")
    assert answer.returncode == 3
    assert said in answer.stderr
    assert len(list(home.token_folder.glob("*.json"))) == files


@pytest.mark.parametrize(
    ("variable", "command"),
    [("AWS_ENDPOINT_URL_STS", "whoami"), ("AWS_ENDPOINT_URL_SIGNIN", "console")],
)
def test_aws_role_keys_do_not_go_to_this_machine(home, emulator, planted, run, variable, command):
    home.add_session("corp")
    home.browser()
    sign_in(home, emulator, "loopback")
    role = "corp:000030000003/ReadOnlyAccess"
    assert run("credential-process", *KEY).returncode == 0
    # The credentials are cached; from here on the sign-in counts as one at AWS.
    facts(home, issuer="aws/us-east-1")
    answer = run(command, role, env={variable: planted.url})
    assert answer.returncode == 3, answer.stderr
    assert f"unset {variable}" in answer.stderr
    assert planted.heard == []
