"""One connection: whether it can be used again, and what it counts while it is read."""

import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.errors import AwsUnreachable, NoConnection
from ssohelper.wire import connection as module
from ssohelper.wire.connection import Connection, Route


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield Connection(ours), theirs
    ours.close()
    theirs.close()


def test_a_connection_is_quiet_until_the_server_sends_or_closes(pair):
    connection, server = pair
    assert connection.is_still_usable()
    server.sendall(b"x")
    assert not connection.is_still_usable()
    connection.set_request_limits(Deadline(20, time.monotonic), 20)
    assert connection.receive_into(bytearray(10)) == 1
    assert connection.is_still_usable()
    server.close()
    assert not connection.is_still_usable()
    connection.close()
    assert not connection.is_still_usable()


def test_received_bytes_are_counted_for_each_request_and_the_end_is_noticed(pair):
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


def test_at_the_deadline_nothing_is_begun(pair):
    connection, server = pair
    at_its_end = Deadline(0, lambda: 1.0)
    connection.set_request_limits(at_its_end, 20)
    for begin in (
        lambda: connection.sendall(b"x"),
        lambda: module._wrap_tls(server, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "a", at_its_end),
        lambda: module._connect_tcp("127.0.0.1", 9, at_its_end),
    ):
        with pytest.raises(TimeoutError, match="the deadline has passed"):
            begin()
    assert server.gettimeout() is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_needs_no_thread_for_a_lookup(monkeypatch, address):
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    found = module._look_up_addresses(address, 443, Deadline(20, time.monotonic))
    assert [one[4][:2] for one in found] == [(address, 443)]


@pytest.fixture
def answer_lookup(monkeypatch):
    """Return a function that sets how the name host.example is looked up."""
    look_up = socket.getaddrinfo

    def set_answer(answer: Callable[[], list[Any]]) -> None:
        def answered(host: Any, *more: Any, **named: Any) -> list[Any]:
            # Threads of other tests in this process look up other names.
            return answer() if host == b"host.example" else look_up(host, *more, **named)

        monkeypatch.setattr(socket, "getaddrinfo", answered)

    return set_answer


def test_a_name_lookup_that_hangs_keeps_no_process_alive(answer_lookup):
    release = threading.Event()
    threads: list[threading.Thread] = []

    def hang() -> list[Any]:
        threads.append(threading.current_thread())
        release.wait(60)
        return []

    answer_lookup(hang)
    with pytest.raises(socket.gaierror, match="no name server answers"):
        module._look_up_addresses("host.example", 443, Deadline(0.2, time.monotonic))
    release.set()
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "secret.example"), "the host name cannot be resolved"),
        (TimeoutError(), "no connection was made in time"),
        (ssl.SSLError(1, "secret.example"), "no TLS connection"),
        (OSError(errno.ECONNREFUSED, "secret.example"), "connection refused"),
        (OSError(errno.ENETUNREACH, "secret.example"), "no route to it"),
        (OSError(errno.EHOSTUNREACH, "secret.example"), "no route to it"),
        (OSError(errno.EMFILE, "secret.example"), "the connection failed"),
    ],
)
def test_the_reason_why_no_connection_was_made_is_told_without_the_address(
    monkeypatch, cause, said
):
    def fail(*_: object) -> Connection:
        raise cause

    monkeypatch.setattr(module, "_open_connection", fail)
    route = Route("the access portal", "secret.example", 443, None, None)
    with pytest.raises(AwsUnreachable) as caught:
        module.connect_by_route(route, Deadline(20, time.monotonic))
    assert caught.value.message == f"the access portal cannot be reached ({said})"
    assert type(caught.value) is NoConnection


def test_a_failed_name_lookup_raises_its_own_error(answer_lookup):
    cause = OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def fail() -> list[Any]:
        raise cause

    answer_lookup(fail)
    with pytest.raises(OSError, match="Too many open files") as caught:
        module._look_up_addresses("host.example", 443, Deadline(20, time.monotonic))
    assert caught.value is cause


def test_a_small_request_is_sent_at_once() -> None:
    """With Nagle's algorithm, the system would hold it back until the server acknowledges."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with module._connect_tcp("127.0.0.1", port, Deadline(20, time.monotonic)) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
