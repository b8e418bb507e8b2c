"""Only the right request gets credentials: the others get 403 or no answer."""

import ctypes
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit

import pytest

from ssohelper.core.local_http import Answer
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.endpoint.serving import CredentialHandler
from ssohelper.endpoint.source import CredentialSource
from tests.endpoint.world import Served, served, wait_for

TOKEN = "t" * 43
KEYS = RoleCredentials("ASIAX", Secret("s"), Secret("t"), 2_000_000_000)
NOBODY = 65534


def request(
    line: str = "GET /credentials HTTP/1.1",
    host: str | None = "127.0.0.1:8000",
    authorization: str | None = TOKEN,
    *more: str,
) -> bytes:
    lines = [line]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"Authorization: {authorization}"] if authorization is not None else []
    return "\r\n".join([*lines, "Accept: application/json", *more, "", ""]).encode("latin-1")


# Each as raw bytes; PORT and TOKEN stand for the running endpoint's own.
HOSTILE: dict[str, bytes] = {
    "no token": request(authorization=None),
    "empty token": request(authorization=""),
    "wrong token": request(authorization="x" * 43),
    "token with a prefix": request(authorization="Bearer " + TOKEN),
    "token with a suffix": request(authorization=TOKEN + "x"),
    "token with a space in front": request(authorization=" " + TOKEN),
    "token with a space behind": request(authorization=TOKEN + " "),
    "token in upper case": request(authorization=TOKEN.upper()),
    "half a token": request(authorization=TOKEN[:20]),
    "token in the query": request(f"GET /credentials?token={TOKEN} HTTP/1.1", authorization=None),
    "token in a cookie": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", None,
                                 f"Cookie: Authorization={TOKEN}"),
    "two tokens, right first": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN,
                                       "Authorization: wrong"),
    "two tokens, wrong first": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", "wrong",
                                       f"Authorization: {TOKEN}"),
    **{
        f"host {host}": request(host=host)
        for host in (
            "evil.com", "127.0.0.1.nip.io:8000", "localhost.evil.com", "127.0.0.1", "127.0.0.1:1",
            "0.0.0.0:8000", "[::]:8000", "[::1]:8000", "2130706433:8000", "LOCALHOST:8000",
            "localhost.:8000", "127.0.0.1:8000.", "127.1:8000", "user@127.0.0.1:8000", "",
        )
    },
    "no host": request("GET /credentials HTTP/1.0", None),
    "two hosts": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN, "Host: evil.com"),
    "absolute address": request("GET http://127.0.0.1:8000/credentials HTTP/1.1"),
    "absolute address of another": request("GET http://evil.com/credentials HTTP/1.1"),
    **{
        mark: request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN, mark)
        for mark in (
            "Origin: null", "Origin: http://127.0.0.1:8000", "Origin: https://evil.com",
            "Referer: http://127.0.0.1:8000/", "Cookie: a=b", "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors",
            "Access-Control-Request-Private-Network: true", "Transfer-Encoding: chunked",
            "Content-Length: 5", "Upgrade: websocket", "Expect: 100-continue", "Trailer: x",
            "Accept:\r\n folded", "Name\0: nul", "X-Name: \xe9", "No-Colon", "Space : x", ": x",
        )
    },
    **{
        method: request(f"{method} /credentials HTTP/1.1")
        for method in ("OPTIONS", "head", "POST", "PUT", "DELETE", "TRACE", "PATCH", "get", "CONNECT")
    },
    **{
        f"path {path}": request(f"GET {path} HTTP/1.1")
        for path in (
            "/", "//credentials", "/credentials/", "/./credentials", "/%63redentials",
            "/x/../credentials", "/credentials;x", "/credentials?x", "/credentials#x", "/Credentials",
            "/" + "c" * 9000,
        )
    },
    **{f"{method} {mark}": request(f"{method} /health HTTP/1.1", host, TOKEN, *more)
       for method in ("GET", "HEAD")
       for mark, host, more in (("of another host", "evil.com", ()),
                                ("of a web page", "127.0.0.1:8000", ("Origin: null",)))},
    "health with a query": request("GET /health?x HTTP/1.1"),
    "HTTP/0.9": b"GET /credentials\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": request("GET /credentials HTTP/3.0"),
    "two spaces": request("GET  /credentials HTTP/1.1"),
    "bare newlines": request().replace(b"\r\n", b"\n") + b"\r\n\r\n",
    "a body": request() + b"x",
    "pipelined": request() * 3,
    "200 headers": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN,
                           *(f"X-{n}: 1" for n in range(200))),
    "a 9 KB header": request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN, "X: " + "x" * 9000),
}  # fmt: skip


def handler(port: int = 8000, get=lambda seconds: KEYS) -> CredentialHandler:
    source = cast(CredentialSource, SimpleNamespace(get_credentials=get))
    return CredentialHandler(source, "000000000001", port, Secret(TOKEN))


def status_of(head: bytes, port: int = 8000) -> int:
    """Return the status of the container handler's answer to this request."""
    asked = handler(port)
    found = asked.rules.parse_request(head, is_ours=True)
    return (asked.rules.refusal if found is None else asked.answer(found)).status


def test_the_right_request_is_answered():
    assert handler().rules.most_clients == 400
    assert status_of(request()) == 200
    assert status_of(request(host="localhost:8000")) == 200
    more = ["User-Agent: Botocore/1.40 (x; y)", "Accept-Encoding: identity", "Content-Length: 0"]
    assert status_of(request("GET /credentials HTTP/1.1", "127.0.0.1:8000", TOKEN, *more)) == 200


def test_port_80_may_be_left_out_of_the_host_header():
    for port, host, status in (
        (80, "127.0.0.1", 200),
        (80, "localhost:80", 200),
        (8000, "127.0.0.1", 403),
        (8000, "127.0.0.1:80", 403),
    ):
        assert status_of(request(host=host), port) == status, (port, host)


def test_an_unexpected_error_is_a_500_without_its_message(home):
    def fail(seconds: float) -> RoleCredentials:
        raise ValueError("CNRY secret")

    asked = handler(get=fail)
    found = asked.rules.parse_request(request(), is_ours=True)
    assert found is not None
    answered = asked.answer(found)
    assert answered.status == 500
    assert answered.body == b'{"code":"InternalError","message":"internal error"}'
    [log] = (home.path / ".local/state/ssohelper/crashes").iterdir()
    assert "ValueError" in log.read_text()
    assert "CNRY" not in log.read_text()


@pytest.mark.parametrize("line", ["GET /health", "HEAD /health", "HEAD /credentials", "HEAD /x"])
@pytest.mark.parametrize("authorization", [None, TOKEN])
def test_health_needs_no_token_and_says_nothing(line, authorization):
    for asked, host in ((handler(), "127.0.0.1:8000"), (handler(0), "localhost")):
        head = request(f"{line} HTTP/1.1", host, authorization)
        found = asked.rules.parse_request(head, is_ours=True)
        assert found is not None
        assert asked.answer(found) == Answer(200, b"")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_wrong_request_is_forbidden(name):
    assert status_of(HOSTILE[name]) == 403


def raw(port: int, data: bytes, source: str = "127.0.0.1") -> bytes:
    """Return the answer to these bytes; b"" when the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0)) as client:
        client.settimeout(10)
        came = b""
        try:
            client.sendall(data)
            while part := client.recv(65536):
                came += part
        except ConnectionError:
            pass
        return came


def of(endpoint: Served, data: bytes) -> bytes:
    """Return the request with the endpoint's own port and token."""
    data = data.replace(b"8000", str(endpoint.port).encode())
    data = data.replace(TOKEN.upper().encode(), endpoint.token.swapcase().encode())
    return data.replace(TOKEN.encode(), endpoint.token.encode())


def test_the_running_endpoint_gives_credentials_to_the_right_request_only(endpoint):
    good = raw(endpoint.port, of(endpoint, request()))
    assert good.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"CNRYSAK" in good
    # No server name, nothing that allows a web page to read it, no caching.
    head = good.partition(b"\r\n\r\n")[0].lower()
    assert b"cache-control: no-store" in head
    assert b"access-control" not in head
    assert b"server:" not in head
    for name, data in HOSTILE.items():
        came = raw(endpoint.port, of(endpoint, data))
        assert b"CNRY" not in came, name
        assert came == b"" or came.startswith(b"HTTP/1.1 403 "), name
    # A TLS hello, and a client with another address of this machine.
    assert raw(endpoint.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n").count(b"CNRY") == 0
    assert raw(endpoint.port, of(endpoint, request()), source="127.0.0.2") == b""
    assert endpoint.get().status == 200


def test_it_listens_on_127_0_0_1_only(endpoint):
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            found += [line.split()[1] for line in lines if f":{endpoint.port:04X} " in line[:30]]
    assert {place.partition(":")[0] for place in found} == {"0100007F"}


@pytest.mark.needs_root
def test_another_user_gets_no_token(endpoint):
    path = endpoint.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert as_nobody(lambda: Path(path).read_text()) == "PermissionError"


@pytest.mark.needs_root
def test_another_user_gets_nothing_even_with_the_token(endpoint):
    asked = of(endpoint, request())
    assert as_nobody(lambda: raw(endpoint.port, asked)) in ("b''", "ConnectionResetError")
    assert b"200 OK" in raw(endpoint.port, asked)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_no_connection_to_aws_stays_open(endpoint):
    """After a sleep it would be dead, and the first renewal would wait for an answer on it."""
    assert endpoint.get().status == 200
    assert endpoint.emulator.counters["GetRoleCredentials"] >= 1
    ends_in = f":{urlsplit(endpoint.emulator.url).port:04X} 01"  # the peer's port, and the state ESTABLISHED
    wait_for(lambda: ends_in not in Path("/proc/net/tcp").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_it_forbids_core_dumps(home, emulator):
    get_dumpable, set_dumpable = 3, 4
    prctl = ctypes.CDLL(None).prctl
    assert prctl(set_dumpable, 1, 0, 0, 0) == 0
    with served(home, emulator):
        assert prctl(get_dumpable, 0, 0, 0, 0) == 0


def as_nobody(do) -> str:  # type: ignore[no-untyped-def]
    """Run a function as the user nobody; return its result, or the name of its error, as text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            said = str(do())
        except BaseException as error:
            said = type(error).__name__
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode()
