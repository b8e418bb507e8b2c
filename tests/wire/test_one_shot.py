"""The one-shot redirect: one visitor, once, with the right path and host, of the right user."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ssohelper.core.model import Secret
from ssohelper.wire.one_shot import OneShotRedirect

TARGET = "https://signin.aws.amazon.com/federation?Action=login&SigninToken=secret"


@pytest.fixture
def door() -> Iterator[OneShotRedirect]:
    with OneShotRedirect(Secret(TARGET)) as listening:
        yield listening


def ask(
    door: OneShotRedirect, path: str | None = None, method: str = "GET", **headers: str
) -> http.client.HTTPResponse:
    parts = urlsplit(door.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=30)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, parts.path if path is None else path, headers=sent)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_the_first_visitor_is_sent_on_and_nothing_is_kept_of_it(door: OneShotRedirect) -> None:
    answer = ask(door)
    assert (answer.status, answer.getheader("Location")) == (302, TARGET)
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert door.wait(30) == "served"


def test_the_second_gets_nothing(door: OneShotRedirect) -> None:
    ask(door)
    again = ask(door)
    assert (again.status, again.getheader("Location")) == (410, None)


def test_afterwards_nobody_listens(door: OneShotRedirect) -> None:
    ask(door)
    door.close()
    with pytest.raises(ConnectionRefusedError):
        ask(door)


def test_the_path_is_256_random_bits() -> None:
    with OneShotRedirect(Secret(TARGET)) as one, OneShotRedirect(Secret(TARGET)) as two:
        paths = {urlsplit(door.url).path for door in (one, two)}
    assert len(paths) == 2
    assert {len(path) for path in paths} == {1 + 43}  # base64 of 32 bytes


@pytest.mark.parametrize("more", ["x", "/", "?", "?a=b", "/../"])
def test_another_path_gets_nothing_and_uses_nothing_up(door: OneShotRedirect, more: str) -> None:
    path = urlsplit(door.url).path
    for wrong in ("/", "/favicon.ico", path[:-1], path.upper(), path + more):
        answer = ask(door, wrong)
        assert (answer.status, answer.getheader("Location")) == (404, None)
    assert ask(door).status == 302


@pytest.mark.parametrize("host", ["localhost", "evil.example", "127.0.0.1", ""])
def test_another_host_gets_nothing_and_uses_nothing_up(door: OneShotRedirect, host: str) -> None:
    port = urlsplit(door.url).port
    for name in (host, f"{host}:{port}"):
        if name == f"127.0.0.1:{port}":
            continue
        answer = ask(door, Host=name)
        assert (answer.status, answer.getheader("Location")) == (403, None)
    assert ask(door).status == 302


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT"])
def test_another_method_gets_nothing_and_uses_nothing_up(
    door: OneShotRedirect, method: str
) -> None:
    answer = ask(door, method=method, Content_Length="0")
    assert answer.status >= 400
    assert answer.getheader("Location") is None
    assert ask(door).status == 302


def test_silent_connections_do_not_keep_the_right_one_out(door: OneShotRedirect) -> None:
    port = urlsplit(door.url).port
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    began = time.monotonic()
    assert ask(door).status == 302
    assert time.monotonic() - began < 20
    for connection in idle:
        connection.close()


def test_nobody_comes(door: OneShotRedirect) -> None:
    assert door.wait(0.01) == "nobody came"


_LISTENER = """
import sys
from ssohelper.core.model import Secret
from ssohelper.wire.one_shot import OneShotRedirect
with OneShotRedirect(Secret(sys.argv[1])) as door:
    print(door.url, flush=True)
    sys.stdin.readline()
    print(door.wait(0.01), flush=True)
    sys.stdin.readline()
    print(door.wait(30), flush=True)
"""
_VISITOR = """
import http.client, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(sys.argv[2], url.port, timeout=30)
connection.request("GET", url.path, headers={"Host": url.netloc})
answer = connection.getresponse()
print(answer.status, answer.getheader("Location"))
"""


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists() or os.geteuid() != 0, reason="needs Linux and other users"
)
@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_another_user_of_the_machine_is_refused_with_the_right_path(address: str) -> None:
    """Everybody reads the address in the process list, and may be faster than the browser."""

    def visit(url: str, user: int) -> str:
        argv = [sys.executable, "-I", "-c", _VISITOR, url, address]
        done = subprocess.run(argv, user=user, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() or done.stderr

    with subprocess.Popen(
        [sys.executable, "-c", _LISTENER, TARGET],
        user=65534,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        assert listener.stdin
        assert listener.stdout
        url = listener.stdout.readline().strip()
        assert visit(url, 65533) == "403 None"
        print(file=listener.stdin, flush=True)
        assert listener.stdout.readline() == "refused\n"
        assert visit(url, 65534) == f"302 {TARGET}"
        print(file=listener.stdin, flush=True)
        assert listener.stdout.readline() == "served\n"
