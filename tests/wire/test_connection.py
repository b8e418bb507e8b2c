"""One connection: whether it can be used again, and what it counts while it is read."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.wire import connection as module
from ssohelper.wire.connection import Connection


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield Connection(ours), theirs
    ours.close()
    theirs.close()


def test_a_connection_is_quiet_until_the_server_sends_or_closes(
    pair: tuple[Connection, socket.socket],
) -> None:
    connection, server = pair
    assert connection.is_still_usable()
    server.sendall(b"x")
    assert not connection.is_still_usable()
    connection.set_request_limits(Deadline(20, time.monotonic), 20)
    assert connection.receive_into(bytearray(10)) == 1
    assert connection.is_still_usable()
    server.close()
    assert not connection.is_still_usable()


def test_a_closed_connection_is_not_quiet(pair: tuple[Connection, socket.socket]) -> None:
    connection, _server = pair
    connection.close()
    assert not connection.is_still_usable()


def test_received_bytes_are_counted_for_each_request_and_the_end_is_noticed(
    pair: tuple[Connection, socket.socket],
) -> None:
    connection, server = pair
    connection.set_request_limits(Deadline(20, time.monotonic), 20)
    connection.sendall(b"ask")
    assert server.recv(10) == b"ask"
    server.sendall(b"answer")
    assert connection.makefile("rb").read(6) == b"answer"
    assert (connection.received_bytes, connection.has_ended) == (6, False)
    connection.set_request_limits(Deadline(20, time.monotonic), 20)
    assert connection.received_bytes == 0
    server.close()
    assert connection.receive_into(bytearray(10)) == 0
    assert connection.has_ended


def test_at_the_deadline_nothing_is_begun(pair: tuple[Connection, socket.socket]) -> None:
    connection, server = pair
    at_its_end = Deadline(0, lambda: 1.0)
    connection.set_request_limits(at_its_end, 20)
    for begin in (
        lambda: connection.sendall(b"x"),
        lambda: module._set_handshake_timeout(server, at_its_end),
        lambda: module._connect_tcp("127.0.0.1", 9, at_its_end),
    ):
        with pytest.raises(TimeoutError, match="the deadline has passed"):
            begin()
    assert server.gettimeout() is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_needs_no_thread_for_a_lookup(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    found = module._look_up_addresses(address, 443, Deadline(20, time.monotonic))
    assert [one[4][:2] for one in found] == [(address, 443)]


def test_a_name_lookup_that_hangs_keeps_no_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    threads: list[threading.Thread] = []

    look_up = socket.getaddrinfo

    def hang(host: Any, *more: Any, **named: Any) -> list[Any]:
        if host != b"host.example":  # threads of other tests in this process
            return look_up(host, *more, **named)
        threads.append(threading.current_thread())
        release.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(socket.gaierror, match="no name server answers"):
        module._look_up_addresses("host.example", 443, Deadline(0.2, time.monotonic))
    release.set()
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon
