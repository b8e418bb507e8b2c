"""The user at the other end of a socket: real sockets, and as root a real second user."""

import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from ssohelper.fastpath import peer
from ssohelper.fastpath.peer import find_peer_uid, is_allowed_user
from tests.programs import require_program

OTHER = 65534
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc/net is Linux's")

# Connects, says so, and holds the connection until its stdin ends. Words: family, address, port
# or path, and what it does first ("hold", or "shut" its sending side, or "close" the connection).
_CLIENT = """
import socket, sys
family, address, port, act = sys.argv[1:]
client = socket.socket(getattr(socket, family))
client.connect(address if family == "AF_UNIX" else (address, int(port)))
if act == "shut":
    client.shutdown(socket.SHUT_WR)
if act == "close":
    client.close()
print("connected", flush=True)
sys.stdin.read()
"""
# The listener, and how the client reaches it.
WAYS = {
    "unix": (socket.AF_UNIX, "", "AF_UNIX", ""),
    "IPv4": (socket.AF_INET, "127.0.0.1", "AF_INET", "127.0.0.1"),
    "another loopback address": (socket.AF_INET, "127.9.8.7", "AF_INET", "127.9.8.7"),
    "mapped to IPv4": (socket.AF_INET, "127.0.0.1", "AF_INET6", "::ffff:127.0.0.1"),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
each_tcp_way = pytest.mark.parametrize(
    "way", [way for way in WAYS.values() if way[1]], ids=[name for name in WAYS if name != "unix"]
)
Way = tuple[int, str, str, str]


@contextmanager
def connected(way: Way, folder: Path, user: int, act: str = "hold") -> Iterator[socket.socket]:
    """Yield our end of a connection that a process of this user has made."""
    family, bound_to, client_family, address = way
    with socket.socket(family) as listening:
        listening.settimeout(60)
        if family == socket.AF_UNIX:
            folder.chmod(0o755)
            address = str(folder / "s")
            listening.bind(address)
            os.chmod(address, 0o666)
            port = 0
        else:
            listening.bind((bound_to, 0))
            port = listening.getsockname()[1]
        listening.listen()
        argv = [sys.executable, "-I", "-c", _CLIENT, client_family, address, str(port), act]
        if user != os.geteuid():
            argv = [require_program("setpriv"), f"--reuid={user}", "--clear-groups", *argv]
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        ) as client:
            assert client.stdout
            assert client.stdout.readline() == "connected\n"
            with listening.accept()[0] as connection:
                yield connection
            client.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(params=["sock_diag", "tables"])
def only_one_source(request, monkeypatch):
    """Leave the kernel's answer or its tables: the other is missing."""
    if request.param == "tables":
        monkeypatch.setattr(peer, "_NETLINK_SOCK_DIAG", 31)  # a netlink family that no kernel has
    else:
        monkeypatch.setattr(peer, "_TABLES", ())


@ON_LINUX
@each_way
@pytest.mark.usefixtures("only_one_source")
@pytest.mark.parametrize("act", ["hold", "shut"])
@pytest.mark.parametrize(
    "user", [os.geteuid(), pytest.param(OTHER, marks=pytest.mark.needs_root)], ids=["we", "another"]
)
def test_the_user_of_a_process_is_known(way, act, folder, user):
    with connected(way, folder, user, act) as connection:
        assert find_peer_uid(connection) == user


@ON_LINUX
@each_tcp_way
@pytest.mark.usefixtures("only_one_source")
def test_a_client_that_has_closed_its_end_is_unknown(way, folder):
    """The kernel lists a socket that no process holds as root's."""
    with connected(way, folder, os.geteuid(), "close") as connection:
        assert connection.recv(1) == b""
        assert find_peer_uid(connection) is None


@ON_LINUX
def test_two_clients_of_one_port_are_distinguished(folder):
    """A connection is found by the address and port of both ends, not of one end."""
    user = OTHER if os.geteuid() == 0 else os.geteuid()
    with (
        connected(WAYS["IPv4"], folder, user) as theirs,
        socket.socket() as listening,
        socket.socket() as ours,
    ):
        client_port = theirs.getpeername()[1]
        # Our own client has the same port as theirs, at another address.
        ours.bind(("127.0.0.2", client_port))
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        ours.connect(listening.getsockname())
        with listening.accept()[0] as accepted:
            assert find_peer_uid(accepted) == os.geteuid()
            assert find_peer_uid(theirs) == user


@ON_LINUX
def test_without_a_connection_or_sock_diag_and_tables_the_user_is_unknown(folder, monkeypatch):
    with socket.socket() as unconnected:
        assert find_peer_uid(unconnected) is None
    monkeypatch.setattr(peer, "_NETLINK_SOCK_DIAG", 31)
    with connected(WAYS["IPv4"], folder, os.geteuid()) as connection:
        for missing in (str(folder / "none"), "/proc/net/dev"):
            monkeypatch.setattr(peer, "_TABLES", ((missing, b""),))
            assert find_peer_uid(connection) is None


@ON_LINUX
@pytest.mark.usefixtures("only_one_source")
def test_a_client_that_the_kernel_does_not_know_is_unknown():
    """The kernel's error repeats the request, which must not be read as a uid."""
    ends = {"getpeername": lambda: ("127.0.0.1", 1), "getsockname": lambda: ("127.0.0.1", 2)}
    assert find_peer_uid(SimpleNamespace(family=socket.AF_INET, **ends)) is None


def test_our_user_and_root_are_allowed_and_no_other(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    allowed = {uid: is_allowed_user(uid) for uid in (1000, 0, 1001, OTHER, None)}
    assert allowed == {1000: True, 0: True, 1001: False, OTHER: False, None: False}


class Told:
    """A connected unix socket on macOS, with struct xucred of sys/ucred.h."""

    family = socket.AF_UNIX

    def __init__(self, answer: bytes | None) -> None:
        self._answer = answer

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option) == (0, 1)  # SOL_LOCAL, LOCAL_PEERCRED
        if self._answer is None:
            raise OSError(57, "Socket is not connected")
        return self._answer[:size]


def xucred(user: int, version: int = 0) -> bytes:
    return struct.pack("=IIhxx16I", version, user, 2, 20, 12, *[0] * 14)


@pytest.mark.parametrize(
    ("answer", "user"),
    [
        *((xucred(501), 501), (xucred(0), 0)),
        # Another struct, half of it, nothing, an error.
        *((bad, None) for bad in (xucred(501, version=1), xucred(501)[:8], b"", None)),
    ],
)
def test_the_user_of_a_unix_socket_on_macos(answer, user, monkeypatch):
    monkeypatch.setattr(peer, "sys", SimpleNamespace(platform="darwin"))
    assert find_peer_uid(Told(answer)) == user
