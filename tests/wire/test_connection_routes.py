"""How a host is reached: names, TLS, proxies. A failure on the way has sent no request."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.errors import AnswerLost, AwsUnreachable, NoConnection
from ssohelper.wire import connection, transport
from ssohelper.wire.transport import Transport
from tests.wire.raw_server import RawServer, answer, connect_proxy, make_certificate, serving

HOST = "portal.sso.eu-west-1.amazonaws.com"


class Aws(NamedTuple):
    """A TLS server on loopback with AWS's host name and a certificate for it."""

    server: RawServer
    bundle: str
    context: ssl.SSLContext

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_CA_BUNDLE": self.bundle}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    names = f"DNS:{HOST},DNS:localhost,DNS:proxy.example"
    return make_certificate(tmp_path_factory.mktemp("tls"), names)


@pytest.fixture
def aws(certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Aws]:
    bundle, context = certificate
    with serving(answer(b'{"a":1}'), tls=context) as server:
        yield Aws(server, str(bundle), context)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Resolve every name to this machine, names of the table to another port; count the look-ups."""
    table: dict[str, int] = {}
    true = socket.getaddrinfo

    def look_up(host: bytes | str, port: int, *more: object, **named: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        return true("127.0.0.1", table.get(name, port), *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return table


def ask(url: str = f"https://{HOST}", environ=None, seconds: float = 30) -> bytes:
    deadline = Deadline(seconds, time.monotonic)
    return Transport(url, environ or {}, "AWS").send("GET", "/x", deadline=deadline).body


def ask_twice(url: str, environ: dict[str, str]) -> None:
    transport = Transport(url, environ, "AWS")
    for _ in range(2):
        answered = transport.send("GET", "/x", deadline=Deadline(30, time.monotonic))
        assert answered.body == b'{"a":1}'
    transport.close()


class TestTls:
    def test_a_certificate_in_the_bundle_is_trusted(self, aws, names):
        names[HOST] = aws.server.port
        ask_twice(f"https://{HOST}", aws.environ)
        assert aws.server.connections == 1
        assert f"Host: {HOST}\r\n".encode() in aws.server.requests[0]

    def test_a_certificate_of_another_authority_or_host_is_refused(self, aws, names):
        other = "oidc.eu-west-1.amazonaws.com"
        names[HOST] = names[other] = aws.server.port
        for host, environ in ((HOST, {}), (other, aws.environ)):
            with pytest.raises(AwsUnreachable, match="TLS certificate cannot be checked") as caught:
                ask(f"https://{host}", environ)
            assert type(caught.value) is AwsUnreachable
            assert "AWS_CA_BUNDLE" in (caught.value.hint or "")
        assert not aws.server.requests

    def test_a_server_without_tls_or_an_end_of_its_handshake_is_an_error(self, names):
        with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n", "wait", reads=False) as server:
            names[HOST] = server.port
            with pytest.raises(AwsUnreachable, match="no TLS connection") as caught:
                ask()
        assert type(caught.value) is NoConnection
        with serving(b"", "wait", reads=False) as server:
            names[HOST] = server.port
            began = time.monotonic()
            with pytest.raises(AwsUnreachable, match="in time"):
                ask(seconds=0.4)
            assert time.monotonic() - began < 4

    def test_a_body_cut_without_tls_closing_is_a_lost_answer(self, aws, names):
        """Without a Content-Length only TLS's closing message shows that the answer is complete."""
        # No close_notify, as when a device on the network path ends the connection.
        with serving(b'HTTP/1.1 200 OK\r\n\r\n{"a":1}', "close", aws.context) as server:
            names[HOST] = server.port
            with pytest.raises(AnswerLost):
                ask(environ=aws.environ)

    def test_the_bundle_is_the_one_that_botocore_uses(self):
        from botocore.httpsession import get_cert_path

        assert os.path.samefile(connection.find_ca_bundle({}), get_cert_path(True))

    def test_keys_are_not_logged(self, aws, names, tmp_path):
        names[HOST] = aws.server.port
        os.environ["SSLKEYLOGFILE"] = str(tmp_path / "keys")
        try:
            ask(environ=aws.environ)
            assert "SSLKEYLOGFILE" not in os.environ
        finally:
            os.environ.pop("SSLKEYLOGFILE", None)
        assert not (tmp_path / "keys").exists()


class TestProxy:
    @pytest.mark.parametrize("is_tls", [False, True])
    def test_a_proxy_sees_the_tunnel_only_and_no_request(self, aws, names, is_tls):
        with connect_proxy(aws.server.port, aws.context if is_tls else None) as proxy:
            scheme = "https" if is_tls else "http"
            address = f"{scheme}://us%40er:pass@proxy.example:{proxy.port}"
            ask_twice(f"https://{HOST}", {**aws.environ, "HTTPS_PROXY": address})
            assert (proxy.connections, aws.server.connections) == (1, 1)
            (request,) = proxy.requests
        assert request.startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n".encode())
        assert b"Proxy-Authorization: Basic dXNAZXI6cGFzcw==\r\n" in request

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "407"),
            (b"HTTP/1.1 403 Forbidden\r\n\r\n<html>", "403"),
            (b"", "no HTTP answer|closed|failed"),
            (b"HTTP/1.1 200 OK\r\n", "closed the connection"),
            (b"SSH-2.0-OpenSSH\r\n", "no HTTP answer"),
        ],
    )
    def test_a_proxys_refusal_names_it_and_nothing_was_sent(self, names, reply, words):
        with serving(reply, "close") as proxy:
            environ = {"https_proxy": f"http://u:CNRY@proxy.example:{proxy.port}"}
            with pytest.raises(AwsUnreachable, match=words) as caught:
                ask(environ=environ)
            assert len(proxy.requests) == 1
        assert type(caught.value) is AwsUnreachable
        assert "CNRY" not in f"{caught.value.message} {caught.value.hint}"

    def test_a_silent_proxy_ends_at_the_deadline(self, names):
        with serving(b"", "wait", reads=False) as proxy:
            environ = {"https_proxy": f"proxy.example:{proxy.port}"}
            with pytest.raises(AwsUnreachable, match="in time") as caught:
                ask(environ=environ, seconds=0.4)
        assert type(caught.value) is NoConnection

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_this_machine_is_reached_without_a_proxy(self, aws, host):
        with RawServer(lambda connection, number: None) as proxy:
            environ = {**aws.environ, "https_proxy": f"http://127.0.0.1:{proxy.port}"}
            url = f"https://{host}:{aws.server.port}"
            if host == "localhost":
                assert ask(url, environ) == b'{"a":1}'
            else:  # not in the certificate, but reached without the proxy
                with pytest.raises(AwsUnreachable, match="certificate"):
                    ask(url, environ)
            assert proxy.connections == 0


class TestConnecting:
    def test_silent_name_servers_end_at_the_deadline(self, monkeypatch):
        held = threading.Event()

        def look_up(*_: object, **__: object) -> object:
            held.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        began = time.monotonic()
        with pytest.raises(AwsUnreachable, match="name cannot be resolved"):
            ask(seconds=0.3)
        assert time.monotonic() - began < 4
        held.set()

    def test_the_next_address_is_tried(self, aws, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        both = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (closed, aws.server.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
        assert ask(environ=aws.environ) == b'{"a":1}'

    def test_addresses_without_an_answer_end_before_the_deadline(self, monkeypatch):
        """A listener with a full queue drops connection attempts, as a firewall does."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            waiting = [socket.socket() for _ in range(3)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.2)
            monkeypatch.setattr(connection, "_ALL_ADDRESSES_SECONDS", 0.3)
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            began = time.monotonic()
            with pytest.raises(AwsUnreachable, match="no connection was made in time") as caught:
                ask(url)
            assert time.monotonic() - began < 4
            for each in waiting:
                each.close()
        assert type(caught.value) is NoConnection


PROGRAM = """
import json, sys
import http.client, threading
before = set(sys.modules)  # Python 3.11's http.client imports random by itself
# http.client imports email.utils itself; a module of ours that imports it fails here.
sys.modules["email.utils"] = None
import ssohelper.wire.portal, ssohelper.wire.oidc, ssohelper.wire.federation
from ssohelper.wire.transport import Transport
if sys.argv[1] == "https":
    Transport("https://portal.sso.eu-west-1.amazonaws.com", {}, "AWS").prepare_first_call()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {
    "botocore", "boto3", "urllib3", "requests", "certifi", "tomlkit", "urllib.request", "random",
    "encodings.idna", "importlib.metadata",
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_asking_aws_loads_nothing_heavy(scheme):
    environ = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    argv = [sys.executable, "-c", PROGRAM, scheme]
    done = subprocess.run(argv, env=environ, capture_output=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert not loaded & HEAVY
    assert transport.__name__ in loaded
