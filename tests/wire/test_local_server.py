"""The local HTTP server: its cap on clients, its time limits, and what a failing handler costs."""

import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from ssohelper.core.local_http import Answer, HttpRules, Request, RequestHandler
from ssohelper.core.model import Secret
from ssohelper.errors import LocalState
from ssohelper.wire import local_server
from ssohelper.wire.local_server import LocalServer, bind_port
from tests.left_behind import no_descriptor_left, threads_left_at_most

WAIT_SECONDS = 60
REFUSED = Answer(403, b"refused")


class World:
    """A server whose answers wait for `may_answer`."""

    def __init__(self, most_clients: int = 400) -> None:
        self.errors: list[BaseException] = []
        self.arrived = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.rules = HttpRules(frozenset({"here"}), REFUSED, most_clients=most_clients)
        self.server = LocalServer(0, self.use_port, self.errors.append)
        self.handle: Callable[[Request], Answer] = lambda request: Answer(200, b"answer")
        self._stack = ExitStack()

    def use_port(self, port: int) -> "World":
        self.port = port
        return self

    def answer(self, request: Request) -> Answer:
        self.arrived.release()
        assert self.may_answer.wait(WAIT_SECONDS)
        return self.handle(request)

    def connect(self, sent: bytes = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n") -> socket.socket:
        client = self._stack.enter_context(
            socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS)
        )
        client.sendall(sent)
        return client

    def close(self) -> None:
        self.may_answer.set()
        self.server.close()
        self._stack.close()


@pytest.fixture
def make_world():
    with ExitStack() as stack:

        def make(**more: int) -> World:
            made = World(**more)
            stack.callback(made.close)
            made.server.start()
            return made

        yield make


def received(client: socket.socket) -> bytes:
    """Return everything that arrives until the server closes the connection."""
    data = b""
    with suppress(ConnectionError):
        while part := client.recv(65536):
            data += part
    return data


def test_clients_that_wait_for_their_answer_count_towards_the_cap(make_world):
    world = make_world(most_clients=4)
    waiting = [world.connect() for _ in range(4)]
    for _ in waiting:
        assert world.arrived.acquire(timeout=WAIT_SECONDS)
    client = world.connect(b"")
    with suppress(ConnectionError):
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    assert received(client) == b""
    assert not world.arrived.acquire(blocking=False)
    world.may_answer.set()
    assert [received(client).startswith(b"HTTP/1.1 200 OK") for client in waiting] == [True] * 4
    # Other clients are accepted again; the server counts down just after it has closed a client.
    for _ in range(1000):
        if received(world.connect()).endswith(b"answer"):
            return
    pytest.fail("answered clients still count towards the cap")


def test_at_most_so_many_threads_answer(make_world, monkeypatch):
    monkeypatch.setattr(local_server, "MOST_THREADS", 2)
    world = make_world()
    waiting = [world.connect() for _ in range(4)]
    for _ in range(2):
        assert world.arrived.acquire(timeout=WAIT_SECONDS)
    world.may_answer.set()
    assert all(received(client).endswith(b"answer") for client in waiting)
    assert world.server._threads == 2


def test_at_the_cap_a_new_client_replaces_the_one_that_is_idle_for_longest(make_world):
    world = make_world(most_clients=4)
    world.may_answer.set()
    idle = [world.connect(b"") for _ in range(4)]
    # Clients are accepted in order, so the idle ones are connected.
    assert received(world.connect()).endswith(b"answer")
    assert received(idle[0]) == b""
    idle[3].sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    assert received(idle[3]).endswith(b"answer")


def test_idle_clients_cost_no_thread(make_world):
    world = make_world()
    world.may_answer.set()
    with threads_left_at_most(1):
        for _ in range(100):
            world.connect(b"GET / HTTP/1.1\r\n")
        assert received(world.connect()).endswith(b"answer")


def test_a_process_that_ends_does_not_wait_for_its_server(make_world):
    """At its end, Python waits for each thread that is no daemon."""
    before = set(threading.enumerate())
    world = make_world()
    world.connect()
    assert world.arrived.acquire(timeout=WAIT_SECONDS)
    started = [one for one in set(threading.enumerate()) - before if "ssohelper-" in one.name]
    assert len(started) == 2
    assert all(thread.daemon for thread in started)


def test_a_client_that_sends_too_slowly_is_disconnected(make_world, monkeypatch):
    assert local_server.HEAD_SECONDS == 5
    monkeypatch.setattr(local_server, "HEAD_SECONDS", 0.2)
    world = make_world()
    assert received(world.connect(b"GET / HTTP/1.1\r\n")) == b""


def test_an_exception_in_a_handler_is_reported_and_the_client_is_refused(make_world):
    world = make_world()
    world.may_answer.set()

    def fail(request: Request) -> Answer:
        raise ValueError("CNRY")

    world.handle = fail
    assert received(world.connect()).endswith(b"refused")
    assert [type(error) for error in world.errors] == [ValueError]
    world.handle = lambda request: Answer(302, b"", location=Secret("x\r\nSet-Cookie: a=b"))
    assert received(world.connect()) == b""
    until = time.monotonic() + WAIT_SECONDS
    while len(world.errors) < 2 and time.monotonic() < until:
        time.sleep(0.001)
    assert len(world.errors) == 2
    world.handle = lambda request: Answer(200, b"answer")
    assert received(world.connect()).endswith(b"answer")


def test_an_answer_calls_after_even_when_the_client_has_gone(make_world):
    world = make_world()
    after = threading.Event()
    world.handle = lambda request: Answer(200, b"x" * (8 << 20), after=after.set)
    client = world.connect()
    assert world.arrived.acquire(timeout=WAIT_SECONDS)
    client.close()
    world.may_answer.set()
    assert after.wait(WAIT_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_without_a_thread_or_a_handler_no_descriptor_is_left_open(monkeypatch):
    def fail(_port_or_thread: object) -> RequestHandler:
        raise LocalState("no handler")

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with no_descriptor_left(), pytest.raises(LocalState, match="no handler"):
        LocalServer(0, fail)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with no_descriptor_left():
        server = World().server
        with pytest.raises(LocalState, match="no more threads"):
            server.start()
    server.close()  # the owner of a server closes it in any case


def test_a_port_in_use_is_an_error_that_says_so() -> None:
    with bind_port() as taken:
        taken.listen()
        with pytest.raises(LocalState, match="cannot be used: address already in use"):
            bind_port(taken.getsockname()[1])


@pytest.mark.parametrize(
    "header", ["Cookie: é=1", "X-Same: 1\r\nX-Same: 2", "Sec-Fetch-Site: none", "Origin: null"]
)
def test_only_a_server_for_browsers_accepts_what_only_browsers_send(header: str) -> None:
    head = f"GET /x?y HTTP/1.1\r\nHost: here\r\n{header}\r\n\r\n".encode()
    for_browsers = HttpRules(frozenset({"here"}), REFUSED, 4, for_browsers=True)
    assert (for_browsers.parse_request(head, is_ours=True) is not None) == ("X-Same" not in header)
    assert HttpRules(frozenset({"here"}), REFUSED, 4).parse_request(head, is_ours=True) is None


@pytest.mark.parametrize(
    "line",
    ["Host: here", "Content-Length: 1", "Transfer-Encoding: chunked", "Upgrade: x", "a\0b: c"],
)
def test_every_server_refuses_a_second_host_a_body_and_malformed_headers(line: str) -> None:
    head = f"GET / HTTP/1.1\r\nHost: here\r\n{line}\r\n\r\n".encode()
    for for_browsers in (True, False):
        rules = HttpRules(frozenset({"here"}), REFUSED, 4, for_browsers=for_browsers)
        assert rules.parse_request(head, is_ours=True) is None


@pytest.mark.parametrize(
    ("limit", "clients"), [(resource.RLIM_INFINITY, sys.maxsize), (10, 8), (1000, range(800, 1000))]
)
def test_as_many_clients_are_served_as_there_are_descriptors_for(monkeypatch, limit, clients):
    monkeypatch.setattr(local_server, "getrlimit", lambda _what: (limit, limit))
    found = local_server._most_clients_for_descriptors()
    assert found in (clients if isinstance(clients, range) else [clients])
