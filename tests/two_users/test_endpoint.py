"""Another user gets nothing from the credentials endpoint, whatever they know of it."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.wire.local_server import HEAD_SECONDS
from tests.conftest import RUN_SECONDS, SCRIPT
from tests.two_users.conftest import ADDRESSES, HUNG_UP, User, get, send, visit


class Serve:
    """A running `serve` with an env file, a token folder and a socket that lets everybody in."""

    def __init__(self, victim: User, descriptors: int = 1000) -> None:
        self.env_file, self.folder = victim.home.path / "job.env", victim.home.path / "token"
        self.socket = victim.home.path.parent / "shared" / "job.sock"
        self.socket.parent.mkdir(exist_ok=True, mode=0o755)
        victim.give(self.socket.parent)
        self.running = victim.start(
            "/bin/sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", SCRIPT, "serve", "job", "--env-file", str(self.env_file), "--token-folder", str(self.folder),
            "--socket", str(self.socket),
        )  # fmt: skip
        self.running.says("http://localhost/")
        os.chmod(self.socket, 0o777)
        lines = dict(line.split("=", 1) for line in self.env_file.read_text().splitlines())
        self.url = lines["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        self.token = Path(lines["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()

    def end(self) -> int:
        return self.running.ends(signal.SIGTERM)


@pytest.fixture
def serve(signed_in) -> Iterator[Serve]:
    running = Serve(signed_in)
    yield running
    running.end()


@pytest.mark.parametrize("via", ADDRESSES)
def test_another_user_gets_nothing_over_tcp_even_with_the_token(serve, signed_in, attacker, via):
    token = f"Authorization: {serve.token}"
    assert visit(attacker, serve.url, token, via=via) in HUNG_UP
    assert '"AccessKeyId"' in visit(signed_in, serve.url, token, via=via)
    assert "403 Forbidden" in visit(signed_in, serve.url, via=via)


def test_another_user_gets_nothing_over_an_open_socket_and_no_token(serve, signed_in, attacker):
    request = get("http://localhost/")
    assert send(attacker, str(serve.socket), None, request).stdout in HUNG_UP
    assert '"AccessKeyId"' in send(signed_in, str(serve.socket), None, request).stdout
    for path in (serve.env_file, serve.folder / "token", serve.folder):
        done = attacker.run("/bin/cat", str(path))
        assert (done.returncode, done.stdout) == (1, "")
        assert "Permission denied" in done.stderr


def test_who_takes_the_port_between_two_runs_learns_no_token_that_works(signed_in, attacker):
    """The container's next poll sends its token to the program that listens at the port then."""
    first = Serve(signed_in)
    assert first.end() == 143
    second = Serve(signed_in)
    try:
        assert second.url == first.url
        assert second.token != first.token
        assert "403 Forbidden" in visit(signed_in, second.url, f"Authorization: {first.token}")
        assert '"AccessKeyId"' in visit(signed_in, second.url, f"Authorization: {second.token}")
    finally:
        second.end()


def test_a_crowd_of_another_user_pushes_no_slow_client_out(signed_in, attacker, homes):
    """Their connections are closed at once: they take none of the places that clients have."""
    script = (
        "import os, socket, sys, time\nopen_ = []\naddress = ('127.0.0.1', int(sys.argv[1]))\n"
        "print('ready', flush=True)\nwhile not os.path.exists(sys.argv[2]): time.sleep(0.01)\n"
        "for _ in range(100): open_.append(socket.create_connection(address))\n"
        "print('all are there', flush=True)\ntime.sleep(600)\n"
    )
    serve = Serve(signed_in, descriptors=90)  # 90 descriptors are enough for 42 clients
    port = int(serve.url.rsplit(":", 1)[1].split("/")[0])
    token = f"Authorization: {serve.token}"
    request = get(serve.url, token).encode().decode("unicode_escape").encode()
    crowd = attacker.start(sys.executable, "-I", "-c", script, str(port), str(homes / "go"))
    crowd.says("ready")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as own:
        own.settimeout(RUN_SECONDS)
        (homes / "go").touch()
        crowd.says("all are there")
        # Accepted in turn: this one is answered after all of the crowd's were.
        assert '"AccessKeyId"' in visit(signed_in, serve.url, token)
        if time.monotonic() - began < HEAD_SECONDS:  # else it was hung up on for being late
            own.sendall(request)
            assert own.recv(100).startswith(b"HTTP/1.1 200 OK")
    crowd.ends(signal.SIGKILL)
    assert serve.end() == 143
