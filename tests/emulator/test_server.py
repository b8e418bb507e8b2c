import ast
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ssohelper.emulator
from ssohelper.emulator.listener import EmulatorError
from ssohelper.emulator.server import Emulator, refuse_aws_folder, serve_until_signal
from ssohelper.emulator.world import World
from tests.emulator.conftest import PAYMENTS_PROD, fetch

READY = "import sys; from ssohelper.emulator.server import serve_until_signal as serve; serve(0, None, sys.argv[1], 'ana')"


def raw(emu: Emulator, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", emu.port), timeout=30) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_the_emulator_imports_the_standard_library_and_itself_only():
    for file in Path(ssohelper.emulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                ours = name == "ssohelper.emulator" or name.startswith("ssohelper.emulator.")
                assert ours or name.split(".")[0] in sys.stdlib_module_names, (file, name)


class TestLoopbackOnly:
    def test_binding_to_another_address_is_refused(self):
        with pytest.raises(EmulatorError, match=r"127\.0\.0\.1 only"):
            Emulator(host="0.0.0.0")

    def test_it_listens_on_127_0_0_1_only(self, emu: Emulator):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", emu.port), timeout=5).close()

    @pytest.mark.parametrize(
        "host",
        [
            "Host: evil.com",
            "Host: 127.0.0.1",
            "Host: 127.0.0.1.nip.io:{port}",
            "Host: 0.0.0.0:{port}",
            "Host: 127.0.0.1:{port}.",
            "Host: [::1]:{port}",
            "Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}",
            "X: y",
        ],
    )
    def test_a_request_for_another_host_is_refused(self, emu: Emulator, host: str):
        line = host.format(port=emu.port)
        answer = raw(emu, f"GET /start HTTP/1.1\r\n{line}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 ")
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
    def test_they_get_an_error_status(self, emu: Emulator, line: str, headers: str, status: bytes):
        host = f"Host: 127.0.0.1:{emu.port}"
        answer = raw(emu, f"{line} HTTP/1.1\r\n{host}\r\n{headers}\r\n\r\n".encode())
        assert answer.split(b" ")[1] == status

    @pytest.mark.parametrize("noise", [b"", b"\0\xff\r\n\r\n", b"GET /", b"\x16\x03\x01\x02\0\x01"])
    def test_noise_leaves_no_trace_and_the_server_goes_on(
        self, emu: Emulator, noise: bytes, capsys
    ):
        raw(emu, noise)
        assert fetch(emu, "GET", "/device").status == 200
        assert capsys.readouterr() == ("", "")

    def test_a_client_that_closes_early_prints_no_traceback(self, emu: Emulator, capsys):
        emu.faults.script("ListAccounts", 200, body=b"x" * 2000, seconds_per_byte=0.002)
        with socket.create_connection(("127.0.0.1", emu.port)) as client:
            host = f"127.0.0.1:{emu.port}"
            client.sendall(f"GET /assignment/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            client.recv(1)
        assert fetch(emu, "GET", "/device").status == 200
        emu.stop()
        assert capsys.readouterr().err == ""


def test_one_connection_serves_many_requests(emu: Emulator):
    connection = http.client.HTTPConnection("127.0.0.1", emu.port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/assignment/accounts")
        assert connection.getresponse().read()
    connection.close()
    assert [call.connection for call in emu.calls] == [1, 1, 1]


def test_many_simultaneous_requests_are_all_answered(emu: Emulator):
    token = emu.issue_token("ana")["accessToken"]
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name=ReadOnlyAccess"
    gate = threading.Barrier(100)

    def ask(_: int) -> str:
        gate.wait(60)
        answer = fetch(emu, "GET", path, headers={"x-amz-sso_bearer_token": token}, timeout=60)
        key: str = answer.json()["roleCredentials"]["accessKeyId"]
        return key

    with ThreadPoolExecutor(100) as pool:
        keys = set(pool.map(ask, range(100)))
    assert len(keys) == 100
    assert emu.counters["GetRoleCredentials"] == 100


def test_strict_rotation_accepts_one_of_many_refreshes(emu: Emulator):
    emu.faults.set(rotation="strict")
    token = emu.issue_token("ana")
    asked = {name: token[name] for name in ("clientId", "clientSecret", "refreshToken")}
    gate = threading.Barrier(20)

    def refresh(_: int) -> int:
        gate.wait(60)
        answer = fetch(emu, "POST", "/token", {**asked, "grantType": "refresh_token"}, timeout=60)
        return answer.status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(refresh, range(20)))
    assert sorted(statuses) == [200] + [400] * 19


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
        headers = {"x-amz-sso_bearer_token": token}
        assert fetch(emu, "GET", "/assignment/accounts", headers=headers).status == 200


def test_every_answer_names_the_emulator(emu: Emulator):
    assert "EMULATOR" in fetch(emu, "GET", "/assignment/accounts").headers["server"]


def test_the_environment_directs_every_service_to_the_emulator(emu: Emulator):
    environment = emu.environment()
    for service in ("SSO", "SSO_OIDC", "SSOOIDC", "STS", "IAM", "SIGNIN"):
        assert environment[f"AWS_ENDPOINT_URL_{service}"] == emu.url
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


class TestRunner:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_writes_the_ready_file_and_stops_at_a_signal(self, tmp_path: Path, number: int):
        ready = tmp_path / "ready.json"
        with subprocess.Popen(
            [sys.executable, "-c", READY, str(ready)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            line = process.stdout.readline()
            assert "EMULATOR" in line
            # Printed before it is written: wait for the file while the process lives.
            while not ready.exists():
                assert process.poll() is None
            told = json.loads(ready.read_text())
            assert told["url"] in line
            assert told["start_url"] == "https://d-0000000000.awsapps.com/start"
            assert told["region"] == "us-east-1"
            assert told["environment"]["AWS_ENDPOINT_URL_STS"] == told["url"]
            assert "AWS_PROFILE" in told["unset"]
            process.send_signal(number)
            assert process.wait(30) == 0
        assert not ready.exists()
        assert os.listdir(tmp_path) == []

    def test_it_writes_nothing_to_an_aws_folder(self, tmp_path: Path):
        (tmp_path / ".aws").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / ".aws")
        for path in (tmp_path / ".aws" / "ready", tmp_path / "link" / "ready"):
            with pytest.raises(EmulatorError, match=r"\.aws folder"):
                serve_until_signal(0, None, path)
        refuse_aws_folder(tmp_path / "ready")

    def test_a_port_in_use_is_an_error(self, emu: Emulator):
        with pytest.raises(OSError, match="in use"):
            Emulator(port=emu.port).start()
