"""The broker's loop with real sockets and threads: which callers it answers, and when it ends."""

import contextlib
import errno
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ssohelper.broker import loop as loop_module
from ssohelper.broker.limits import MOST_CALLS
from ssohelper.broker.loop import Connection, Loop, parse_request
from ssohelper.broker.requests import (
    AskedBy,
    Caller,
    FoundCredentials,
    Reply,
    Request,
    Token,
    TokenState,
    Wait,
)
from ssohelper.core.model import RoleKey
from ssohelper.errors import LoginRequired, Refused, RoleNotAssigned, SsoHelperError
from ssohelper.fastpath import peer
from tests.left_behind import threads_left_at_most

PATIENCE_SECONDS = 30.0


class Work:
    """AWS and the stores of a test. While `gate` is not set, all calls wait."""

    assume_role = find_source_role = read_config_fingerprint = Mock()

    def __init__(self) -> None:
        self.gate, self.renewal_gate = threading.Event(), threading.Event()
        self.gate.set()
        self.renewal_gate.set()
        self.called: list[str] = []
        self.asked_by: list[AskedBy] = []
        self.guarded: set[str] = set()
        self.renewed: list[str] = []
        self.found: dict[str, FoundCredentials] = {}
        self.is_background = True
        self.token_state = TokenState.GOOD
        self.wait: Wait | None = None
        self.error: SsoHelperError | None = None
        self.renewal_error: SsoHelperError | None = None
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self.may_renew_in_background = lambda: self.is_background
        self.prepare_wait = lambda _session_name: self.wait
        self.load_token = lambda _session_name: Token(self.token_state, "t1")
        self.read_token_file_fingerprint = lambda _session_name: "f1"

    def find_credentials(self, key: RoleKey, _share: float, *, is_permitted) -> FoundCredentials:
        if key.role_name in self.guarded and not is_permitted:
            raise Refused("a rule guards this role")
        return self.found.get(key.role_name, FoundCredentials())

    def get_role_credentials(self, key: RoleKey, asked_by: AskedBy) -> Reply:
        with self._lock:
            self.called.append(key.role_name)
            self.asked_by.append(asked_by)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        assert self.gate.wait(PATIENCE_SECONDS)
        with self._lock:
            self._at_once -= 1
        if self.error is not None:
            raise self.error
        return Reply(b"document of %s\n" % key.role_name.encode(), warnings=("careful",))

    def renew_token(self, session_name: str, seen_id: str) -> None:
        self.renewed.append(seen_id)
        assert self.renewal_gate.wait(PATIENCE_SECONDS)
        if self.renewal_error is not None:
            raise self.renewal_error
        self.token_state = TokenState.GOOD


class World:
    """A loop that serves in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.work = Work()
        self.address = str(folder / "s")
        self.forgotten = threading.Event()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.address)
        listener.listen(128)
        self.loop = Loop(self.work, listener)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.loop.run_until_idle(self.forgotten.set)

    def start(self) -> "World":
        self._thread.start()
        return self

    def ended(self, seconds: float = PATIENCE_SECONDS) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def connect(self, role: str | None = "A", milliseconds=18000, waits=0, permitted=0):
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(PATIENCE_SECONDS)
        try:
            stream.connect(self.address)
        except OSError:
            stream.close()
            raise
        if role is not None:
            numbers = f"{milliseconds} 0 {waits} {permitted}"
            stream.sendall(f"ask corp 000000000001 {role} {numbers} make -\n".encode())
        return stream


def all_of(stream: socket.socket) -> bytes:
    parts = []
    while piece := stream.recv(65536):
        parts.append(piece)
    stream.close()
    return b"".join(parts)


def wait_until(is_so: Callable[[], object]) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at, "it never came to be"
        time.sleep(0.002)


@pytest.fixture
def world(tmp_path, monkeypatch) -> Iterator[World]:
    monkeypatch.setattr(loop_module, "IDLE_SECONDS", 0.3)
    monkeypatch.setattr("ssohelper.broker.core.RETRY_SECONDS", 0.1)
    made = World(tmp_path)
    yield made
    made.work.gate.set()
    assert made.ended(), "the loop does not end when idle"


def answer(role: str) -> bytes:
    return b"done 0 14 7\ndocument of %s\ncareful" % role.encode()


def test_callers_get_their_documents_and_warnings(world):
    world.start()
    streams = [world.connect(role) for role in "ABA"]
    assert [all_of(stream) for stream in streams] == [answer("A"), answer("B"), answer("A")]


def test_a_guarded_role_is_refused_to_a_caller_that_has_not_checked(world):
    world.work.guarded = {"A"}
    world.start()
    assert all_of(world.connect("A")).startswith(b"done 9 0 ")
    assert world.work.called == []
    assert all_of(world.connect("A", permitted=1)) == answer("A")


def test_50_callers_of_one_role_make_one_call_which_says_who_asked_first(world):
    world.work.gate.clear()
    streams = [world.connect() for _ in range(50)]
    world.start()
    wait_until(lambda: len(world.loop._connections) == 50)
    world.work.gate.set()
    assert {all_of(stream) for stream in streams} == {answer("A")}
    [asked_by] = world.work.asked_by
    assert (asked_by.parent, asked_by.terminal, asked_by.is_background) == ("make", "", False)


def test_calls_of_different_roles_are_under_way_at_the_same_time_up_to_16(world):
    world.start()
    assert all_of(world.connect()) == answer("A")  # before the first answer the limit is 4
    world.work.called.clear()
    world.work.gate.clear()
    streams = [world.connect(f"R{number:02}") for number in range(19)]
    wait_until(lambda: world.work.most_at_once == MOST_CALLS)
    assert len(world.work.called) == MOST_CALLS
    world.work.gate.set()
    assert all(all_of(stream).startswith(b"done 0 ") for stream in streams)
    assert world.work.most_at_once == MOST_CALLS


@pytest.mark.parametrize(
    ("error", "renewal_error", "code"),
    [(RoleNotAssigned("no access"), None, 5), (None, LoginRequired("expired"), 4)],
)
def test_an_error_of_a_call_or_renewal_comes_with_its_exit_code(world, error, renewal_error, code):
    world.work.error, world.work.renewal_error = error, renewal_error
    world.work.token_state = TokenState.ENDED
    world.start()
    assert all_of(world.connect()).startswith(b"done %d 0 " % code)


def test_a_renewal_runs_in_a_thread_before_the_call(world):
    world.work.token_state = TokenState.ENDED
    world.start()
    assert all_of(world.connect()) == answer("A")
    assert world.work.renewed == ["t1"]


@pytest.mark.parametrize("waits", ["not", "until its end", "for a limited time"])
def test_a_reply_waits_for_a_renewal_that_would_end_with_the_caller(world, monkeypatch, waits):
    """In a container, the caller's end may end all processes."""
    if waits == "for a limited time":
        monkeypatch.setattr(loop_module, "USABLE_SECONDS", 0.2)
    world.work.is_background = waits == "not"
    world.work.token_state = TokenState.ENDED
    world.work.renewal_gate.clear()
    world.work.found["cached"] = FoundCredentials(b"cached\n", is_good=True)
    world.start()
    first = world.connect()
    wait_until(lambda: world.work.renewed)
    second = world.connect("cached")
    document = b"cached\n"
    if waits == "until its end":
        wait_until(lambda: world.loop._held)
        document = b"newer \n"  # as after another user's sign-in
        world.work.found["cached"] = FoundCredentials(document, is_good=True)
        world.work.renewal_gate.set()
    assert all_of(second) == b"done 0 7 0\n" + document
    world.work.renewal_gate.set()
    assert all_of(first) == answer("A")


def test_a_caller_that_needs_a_sign_in_is_told_how_it_may_wait(world):
    world.work.error = LoginRequired("expired")
    world.work.wait = Wait(3600, "/token", "waiting")
    world.start()
    assert all_of(world.connect()).endswith(b"\x1f3600\x1f/token\x1fwaiting")


def test_a_caller_that_disconnects_does_not_affect_the_others(world):
    world.work.gate.clear()
    world.start()
    gone, stays = world.connect(), world.connect()
    wait_until(lambda: len(world.loop._connections) == 2)
    gone.close()
    wait_until(lambda: len(world.loop._connections) == 1)
    world.work.gate.set()
    assert all_of(stays) == answer("A")


def test_a_silent_caller_does_not_delay_the_others_and_is_disconnected(world, monkeypatch):
    world.start()
    silent = world.connect(None)
    assert all_of(world.connect()) == answer("A")
    monkeypatch.setattr(loop_module, "_REQUEST_SECONDS", 0.1)
    assert all_of(silent) == b""


@pytest.mark.parametrize("uid", [None, 4_000_000])
def test_another_users_process_is_not_served(world, monkeypatch, uid):
    monkeypatch.setattr(peer, "find_peer_uid", lambda _stream: uid)
    world.start()
    stream = world.connect(None)
    try:
        assert all_of(stream) == b""
    except ConnectionResetError:
        stream.close()
    assert world.work.called == []


def test_a_caller_is_told_to_wait_longer_in_a_separate_line(world):
    world.start()
    assert all_of(world.connect()) == answer("A")
    # Nothing may be sent for a second, and the deadline is less than 2 s away.
    world.loop._core._roles._pace.note_throttled(time.monotonic(), 1.0)
    told, _, rest = all_of(world.connect("B", 1500, 1)).partition(b"\n")
    assert told.split()[0] == b"wait"
    assert 48 <= int(told.split()[1]) <= 50
    assert rest == answer("B")


class TestEnd:
    def test_an_idle_broker_removes_its_address_and_ends_its_threads(self, world):
        with threads_left_at_most(0):
            world.start()
            all_of(world.connect())
            assert world.ended()
        assert world.forgotten.is_set()

    def test_a_broker_does_not_end_while_a_caller_waits(self, world):
        world.work.gate.clear()
        world.start()
        stream = world.connect()
        assert not world.ended(0.8), "it ended though a caller waits"
        assert not world.forgotten.is_set()
        world.work.gate.set()
        assert all_of(stream) == answer("A")

    def test_at_its_age_limit_it_answers_the_present_callers_only(self, world, monkeypatch):
        monkeypatch.setattr(loop_module, "IDLE_SECONDS", 600.0)
        monkeypatch.setattr(loop_module, "LONGEST_LIFE_SECONDS", 0.3)
        world.work.gate.clear()
        world.start()
        stream = world.connect()
        assert world.forgotten.wait(PATIENCE_SECONDS)
        wait_until(lambda: world.loop._listener is None)
        with pytest.raises(ConnectionRefusedError):
            world.connect()
        world.work.gate.set()
        assert all_of(stream) == answer("A")
        assert world.ended()

    def test_a_caller_that_connects_as_it_ends_is_answered(self, world):
        """The listener is closed after its address is removed; until then callers can connect."""
        late: list[socket.socket] = []
        world.loop.run_until_idle(lambda: late.append(world.connect()))
        world.start()  # for the fixture: it ends at once
        assert all_of(late[0]) == answer("A")


class TestAlone:
    """A loop that serves only its own process."""

    def ask(self, work: Work, seconds: float = 18.0) -> Reply:
        now, key = time.monotonic(), RoleKey("corp", "000000000001", "A")
        with contextlib.closing(Loop(work)) as loop:
            assert loop.may_renew_in_background() is False
            return loop.answer_request(Caller(Request(key, now, now + seconds)))

    def test_it_answers_as_a_broker_does_and_leaves_no_thread(self):
        work = Work()
        work.token_state = TokenState.ENDED
        with threads_left_at_most(0):
            assert self.ask(work) == Reply(b"document of A\n", warnings=("careful",))
        assert work.renewed == ["t1"]

    def test_it_ends_at_the_deadline(self):
        work = Work()
        work.gate.clear()
        assert self.ask(work, 0.2).exit_code == 6
        work.gate.set()


# -- a broker that cannot accept more callers pauses until it can ----------------------------------


class Full(socket.socket):
    """A listener whose process is at its limit of open files."""

    error: int | None = errno.EMFILE
    attempts = 0

    def accept(self) -> Any:
        self.attempts += 1
        if self.error is not None:
            raise OSError(self.error, "full")
        return super().accept()


@pytest.fixture
def listener(tmp_path) -> Iterator[Full]:
    with Full(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(tmp_path / "s"))
        made.listen()
        yield made


@pytest.fixture
def caller(listener) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.connect(listener.getsockname())
        yield made


class Waking(Loop):
    """A loop whose clock stands still, except at `wake`."""

    def __init__(self, listener: socket.socket) -> None:
        self.now = 100.0
        super().__init__(Mock(), listener, monotonic=lambda: self.now)

    def wake(self, times: int = 1, *, later: float = 0.0) -> None:
        self.now += later
        for _ in range(times):
            self._handle_next_events()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_a_free_descriptor_it_accepts_again_after_a_pause(listener, caller, error):
    listener.error = error
    made = Waking(listener)
    made.wake(5)
    assert listener.attempts == 1
    made.wake(later=loop_module._ACCEPT_PAUSE_SECONDS)
    assert listener.attempts == 2
    listener.error = None
    made.wake(later=loop_module._ACCEPT_PAUSE_SECONDS)
    [connection] = made._connections
    connection.close()
    made.close()


def test_at_its_limit_of_callers_it_leaves_the_next_one_in_the_queue(listener, caller, monkeypatch):
    monkeypatch.setattr(loop_module, "_MOST_CONNECTIONS", 1)
    listener.error = None
    made = Waking(listener)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second:
        second.connect(listener.getsockname())
        made.wake(5)
        assert listener.attempts == len(made._connections) == 1
        caller.close()
        made.wake()
        made.wake(later=loop_module._ACCEPT_PAUSE_SECONDS)
        assert listener.attempts == 2
    made.wake()
    made.close()


def test_during_the_pause_it_can_stop_listening(listener, caller):
    made = Waking(listener)
    made.wake()
    made._stop_listening()
    made.wake()
    assert listener.fileno() == -1
    made.close()


# -- one caller's connection, whatever the caller sends or does not read -------------------------

LINE = b"ask corp 001234567890 ReadOnlyAccess 18000 900 1 1 make pts/3\n"
KEY = RoleKey("corp", "001234567890", "ReadOnlyAccess")


class OneCaller:
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
def one() -> Iterator[OneCaller]:
    made = OneCaller()
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
def test_an_invalid_request_closes_the_connection(line, one):
    assert parse_request(line, 100.0) is None
    one.step(line)
    assert (one.callers, one.closed) == ([], 1)
    assert one.client.recv(1) == b""


def test_a_line_may_arrive_in_pieces(one):
    for piece in (LINE[:7], LINE[7:30], LINE[30:]):
        assert one.callers == []
        one.step(piece)
    (caller,) = one.callers
    assert caller.request.key == KEY
    assert caller.channel is one.connection


def test_a_line_without_an_end_closes_the_connection(one):
    for _ in range(2):
        assert one.closed == 0
        one.step(b"a" * 300)
    assert (one.callers, one.closed) == ([], 1)


def test_what_a_caller_sends_after_its_line_is_ignored(one):
    one.step(LINE + LINE)
    for _ in range(3):
        one.step(b"more\n" * 30)
    assert (len(one.callers), one.closed) == (1, 0)


def test_a_caller_that_disconnects_is_noticed(one):
    one.step(LINE)
    one.client.shutdown(socket.SHUT_RDWR)
    one.step()
    assert one.closed == 1
    one.connection.send(b"too late", last=True)  # sending after the end does no harm
    one.connection.close()
    assert one.closed == 1


def test_a_reply_larger_than_the_buffer_arrives_complete_without_blocking(one):
    one.step(LINE)
    reply = b"x" * 500_000
    one.connection.send(b"wait 30\n")
    one.connection.send(reply, last=True)
    assert one.closed == 0, "the caller has not taken it yet"
    one.client.setblocking(False)
    taken, piece = b"", None
    while piece != b"":
        try:
            taken += (piece := one.client.recv(65536))
        except BlockingIOError:
            one.step()
    assert taken == b"wait 30\n" + reply
    assert one.closed == 1


@pytest.mark.parametrize(
    ("has_asked", "at", "is_late"),
    [
        *((False, 105.0, False), (False, 105.1, True)),
        *((True, 105.1, False), (True, 160.0, False), (True, 160.1, True)),
    ],
)
def test_a_caller_has_5_s_for_its_line_and_60_s_in_all(one, has_asked, at, is_late):
    one.step(LINE if has_asked else b"")
    assert one.connection.is_late(at) is is_late
