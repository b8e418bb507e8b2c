"""One caller's connection: the broker goes on whatever the caller sends or does not read."""

import selectors
import socket
from collections.abc import Iterator

import pytest

from ssohelper.broker.loop import Connection, parse_request
from ssohelper.broker.requests import AskedBy, Caller, Request
from ssohelper.core.model import RoleKey

LINE = b"ask corp 001234567890 ReadOnlyAccess 18000 900 1 1 make pts/3\n"
KEY = RoleKey("corp", "001234567890", "ReadOnlyAccess")


class World:
    def __init__(self) -> None:
        self.client, stream = socket.socketpair()
        # A small buffer, so that it is soon full when a caller reads nothing.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.selector = selectors.DefaultSelector()
        self.callers: list[Caller] = []
        self._closed: list[Connection] = []
        calls = {"on_request": self.callers.append, "on_close": self._closed.append}
        self.connection = Connection(stream, self.selector, **calls, monotonic=lambda: 100.0)

    @property
    def closed(self) -> int:
        return len(self._closed)

    def step(self, sent: bytes = b"") -> None:
        """Let the caller send; do what the loop does for streams that are ready."""
        if sent:
            self.client.sendall(sent)
        for found, _events in self.selector.select(0):
            found.data()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.connection.close()
    made.client.close()
    made.selector.close()


def test_a_request_is_parsed():
    assert parse_request(LINE, 100.0) == Request(
        KEY, 100.0, 118.0, 0.9, True, True, AskedBy("make", "pts/3")
    )
    without = parse_request(b"ask corp 001234567890 R 500 0 0 0 - -\n", 1.0)
    assert without == Request(KEY._replace(role_name="R"), 1.0, 1.5)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"ask\n",
        b"put corp 001234567890 ReadOnlyAccess 18000 0 1 0 - -\n",
        b"ask corp 001234567890 ReadOnlyAccess 18000 0 1 0 -\n",
        b"ask corp 001234567890 ReadOnlyAccess 18000 0 1 0 - - 1\n",
        b"ask ../corp 001234567890 ReadOnlyAccess 18000 0 1 0 - -\n",
        b"ask corp 1234 ReadOnlyAccess 18000 0 1 0 - -\n",
        b"ask corp 001234567890 a/b 18000 0 1 0 - -\n",
        b"ask corp 001234567890  18000 0 1 0 - -\n",
        b"ask corp 001234567890 ReadOnlyAccess -1 0 1 0 - -\n",
        b"ask corp 001234567890 ReadOnlyAccess 1e3 0 1 0 - -\n",
        b"ask corp 001234567890 ReadOnlyAccess 9999999 0 1 0 - -\n",
        "ask corp 001234567890 ReadOnlyAccess ١٢ 0 1 0 - -\n".encode(),
        b"\x00\xff\xfe\n",
    ],
)
def test_an_invalid_request_closes_the_connection(line, world):
    assert parse_request(line, 100.0) is None
    world.step(line)
    assert (world.callers, world.closed) == ([], 1)
    assert world.client.recv(1) == b""


def test_a_line_may_arrive_in_pieces(world):
    for piece in (LINE[:7], LINE[7:30], LINE[30:]):
        assert world.callers == []
        world.step(piece)
    (caller,) = world.callers
    assert caller.request.key == KEY
    assert caller.channel is world.connection


def test_a_line_without_an_end_closes_the_connection(world):
    for _ in range(2):
        assert world.closed == 0
        world.step(b"a" * 300)
    assert (world.callers, world.closed) == ([], 1)


def test_what_a_caller_sends_after_its_line_is_ignored(world):
    world.step(LINE + LINE)
    for _ in range(3):
        world.step(b"more\n" * 30)
    assert (len(world.callers), world.closed) == (1, 0)


def test_a_caller_that_disconnects_is_noticed(world):
    world.step(LINE)
    world.client.shutdown(socket.SHUT_RDWR)
    world.step()
    assert world.closed == 1
    world.connection.send(b"too late", last=True)  # sending after the end does no harm
    world.connection.close()
    assert world.closed == 1


def test_a_reply_larger_than_the_buffer_arrives_complete_without_blocking(world):
    world.step(LINE)
    reply = b"x" * 500_000
    world.connection.send(b"wait 30\n")
    world.connection.send(reply, last=True)
    assert world.closed == 0, "the caller has not taken it yet"
    world.client.setblocking(False)
    taken, piece = b"", None
    while piece != b"":
        try:
            taken += (piece := world.client.recv(65536))
        except BlockingIOError:
            world.step()
    assert taken == b"wait 30\n" + reply
    assert world.closed == 1


@pytest.mark.parametrize(
    ("has_asked", "at", "is_late"),
    [
        *((False, 105.0, False), (False, 105.1, True)),
        *((True, 105.1, False), (True, 160.0, False), (True, 160.1, True)),
    ],
)
def test_a_caller_has_5_s_for_its_line_and_60_s_in_all(world, has_asked, at, is_late):
    world.step(LINE if has_asked else b"")
    assert world.connection.is_late(at) is is_late
