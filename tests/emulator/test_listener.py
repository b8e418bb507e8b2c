"""The emulator's HTTP server: who may ask it, and what hostile clients get."""

import http.client
import socket

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import fetch, portal


def raw(emu: Emulator, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", emu.port), timeout=30) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


class TestLoopbackOnly:
    def test_it_listens_on_127_0_0_1_only(self, emu):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", emu.port), timeout=5).close()

    def test_a_request_for_another_host_is_refused(self, emu):
        hosts = ["evil.com", "127.0.0.1", "127.0.0.1.nip.io:{port}", "0.0.0.0:{port}"]
        hosts += ["127.0.0.1:{port}.", "[::1]:{port}", "127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}"]
        for line in ("X: y", *(f"Host: {host.format(port=emu.port)}" for host in hosts)):
            answer = raw(emu, f"GET /device HTTP/1.1\r\n{line}\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 403 "), line
        assert emu.counters["pages"] == 0


class TestHostileRequests:
    @pytest.mark.parametrize(
        ("line", "headers", "status"),
        [
            ("POST /token", "Transfer-Encoding: chunked", b"411"),
            ("POST /token", "Content-Length: -1", b"411"),
            ("POST /token", "Content-Length: ten", b"411"),
            ("POST /token", "Content-Length: 9999999", b"413"),
            ("GET http://evil/start", "X: y", b"400"),
            ("GET /nowhere", "X: y", b"404"),
            ("DELETE /token", "X: y", b"405"),
            ("OPTIONS /token", "X: y", b"405"),
            ("GET /token", "X: y", b"405"),
            ("BREW /pot", "X: y", b"501"),
        ],
    )
    def test_they_get_an_error_status(self, emu, line, headers, status):
        host = f"Host: 127.0.0.1:{emu.port}"
        answer = raw(emu, f"{line} HTTP/1.1\r\n{host}\r\n{headers}\r\n\r\n".encode())
        assert answer.split(b" ")[1] == status

    @pytest.mark.parametrize("noise", [b"", b"\0\xff\r\n\r\n", b"GET /", b"\x16\x03\x01\x02\0\x01"])
    def test_noise_leaves_no_trace_and_the_server_goes_on(self, emu, noise, capsys):
        raw(emu, noise)
        assert fetch(emu, "GET", "/device").status == 200
        assert capsys.readouterr() == ("", "")

    def test_a_client_that_closes_early_prints_no_traceback(self, emu, capsys):
        emu.faults.script("ListAccounts", 200, body=b"x" * 2000, seconds_per_byte=0.002)
        with socket.create_connection(("127.0.0.1", emu.port)) as client:
            host = f"127.0.0.1:{emu.port}"
            client.sendall(f"GET /assignment/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            client.recv(1)
        assert fetch(emu, "GET", "/device").status == 200
        emu.stop()
        assert capsys.readouterr().err == ""


def test_one_connection_serves_many_requests(emu):
    connection = http.client.HTTPConnection("127.0.0.1", emu.port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/assignment/accounts")
        assert connection.getresponse().read()
    connection.close()
    assert [call.connection for call in emu.calls] == [1, 1, 1]


def test_stop_closes_connections_and_start_uses_the_same_port():
    emu = Emulator(World.of_size(2, 1)).start()
    url, token = emu.url, emu.issue_token("ana")["accessToken"]
    with socket.create_connection(("127.0.0.1", emu.port), timeout=30) as kept:
        request = f"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1:{emu.port}\r\n\r\n".encode()
        kept.sendall(request)
        assert kept.recv(65536).startswith(b"HTTP/1.1 404")
        emu.stop()
        emu.stop()
        assert kept.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", emu.port), timeout=30)
    # Another test's server would answer this test's clients if it got the port.
    with socket.socket() as another, pytest.raises(OSError, match="in use"):
        another.bind(("127.0.0.1", emu.port))
    with emu.start():
        assert emu.url == url
        assert portal(emu, token).status == 200
