"""The endpoint serves a chain's credentials: by `serve` and by `exec --server`."""

import json
import socket
from pathlib import Path

from tests.chains.conftest import DEPLOY_ACCOUNT, JUMP_ACCOUNT, Chained
from tests.conftest import SCRIPT
from tests.endpoint.world import Program

_ASK = (
    'curl -s -H "Authorization: $(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")" '
    '"$AWS_CONTAINER_CREDENTIALS_FULL_URI"'
)


def ask(path: Path) -> tuple[int, dict[str, str]]:
    """Ask the endpoint's socket; return the status and the document."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        came = b""
        while part := client.recv(65536):
            came += part
    head, _, body = came.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def role_of(chained: Chained, document: dict[str, str]) -> tuple[str, str]:
    found = chained.emulator.issued.get(document["AccessKeyId"])
    assert found is not None
    return found.account_id, found.role_name


def test_serve_gives_the_role_at_the_end_of_the_chain(chained):
    path = chained.home.path / "sso.sock"
    with Program([SCRIPT, "serve", "deploy", "--socket", str(path)], chained.home) as program:
        program.says("credential_process = ")
        status, document = ask(path)
        assert (status, document["AccountId"]) == (200, DEPLOY_ACCOUNT)
        assert role_of(chained, document) == (DEPLOY_ACCOUNT, "Deploy")
        assert ask(path) == (status, document)
    assert chained.issued == (1, 2)


def test_serve_gives_nothing_of_a_chain_after_a_sign_out(chained, run):
    path = chained.home.path / "sso.sock"
    with Program([SCRIPT, "serve", "jump", "--socket", str(path)], chained.home) as program:
        program.says("credential_process = ")
        assert ask(path)[0] == 200
        assert run("logout", "corp").returncode == 0
        status, document = ask(path)
        assert status != 200
        assert "AccessKeyId" not in document


def test_exec_with_a_server_gives_the_command_the_chain(chained, run):
    done = run.ok("exec", "--server", "jump", "--", "sh", "-c", _ASK)
    assert role_of(chained, json.loads(done.stdout)) == (JUMP_ACCOUNT, "Jump")
    assert f'account {JUMP_ACCOUNT}, role "Jump"' in done.stderr
