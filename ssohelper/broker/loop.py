"""Runs the broker's event loop: serves callers on a unix socket, and calls AWS in threads."""

import collections
import errno
import math
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from ssohelper.broker import wording
from ssohelper.broker.chain_levels import Brokers, ChainFiles
from ssohelper.broker.limits import MOST_CALLS, USABLE_SECONDS
from ssohelper.broker.requests import AskedBy, Caller, Reply, Request, Wait
from ssohelper.core.model import ACCOUNT_ID, CHAIN, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.errors import LoginRequired, SsoHelperError, no_more_threads_error
from ssohelper.fastpath import peer

# A broker ends at the age of 240 s even if it is busy, so that a new installation, settings and
# certificates soon take effect.
IDLE_SECONDS = 8.0
LONGEST_LIFE_SECONDS = 240.0
_LONGEST_SLEEP_SECONDS = 1.0
_MOST_CONNECTIONS = 4000
# Errors of accept(): too many open files of this process or of the system, or no memory.
_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_ACCEPT_PAUSE_SECONDS = 0.05
# To send the whole request.
_REQUEST_SECONDS = 5.0
_LONGEST_REQUEST_BYTES = 512
# Callers wait for at most 50 s.
_LONGEST_WAIT_SECONDS = 60.0


class Connection:
    """Reads a caller's request and sends the reply; never blocks. Calls `on_request` once the
    request is read, `on_close` at the end.
    """

    def __init__(
        self,
        stream: socket.socket,
        selector: selectors.BaseSelector,
        *,
        on_request: Callable[[Caller], None],
        on_close: Callable[["Connection"], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._selector = selector
        self._on_request = on_request
        self._on_close = on_close
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._read = bytearray()
        self._unsent = bytearray()
        self._ends = False
        self.caller: Caller | None = None
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ, self._on_ready)

    def is_late(self, now: float) -> bool:
        limit = _REQUEST_SECONDS if self.caller is None else _LONGEST_WAIT_SECONDS
        return now - self._began_at > limit

    def send(self, data: bytes, *, last: bool = False) -> None:
        """Send the data as fast as the caller reads. If `last`, close the connection afterwards."""
        self._unsent += data
        self._ends = self._ends or last
        self._send_unsent()

    def close(self) -> None:
        if self._stream.fileno() < 0:
            return
        self._selector.unregister(self._stream)
        self._stream.close()
        self._on_close(self)

    def _on_ready(self) -> None:
        if self._unsent:
            self._send_unsent()
        if self._stream.fileno() >= 0:
            self._receive_request()

    def _receive_request(self) -> None:
        try:
            piece = self._stream.recv(_LONGEST_REQUEST_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        if not piece:
            self.close()  # an empty read means that the caller has disconnected
            return
        if self.caller is not None:
            return
        self._read += piece
        if b"\n" in self._read:
            request = parse_request(bytes(self._read), self._monotonic())
            if request is None:
                self.close()
                return
            self.caller = Caller(request, self)
            self._on_request(self.caller)
        elif len(self._read) >= _LONGEST_REQUEST_BYTES:
            self.close()

    def _send_unsent(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._stream.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.close()
            return
        if not self._unsent and self._ends:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._stream, events, self._on_ready)


def parse_request(line: bytes, now: float) -> Request | None:
    """Return the request in a caller's line, or None if the line has another form.

    The form is `ask SESSION ACCOUNT_ID ROLE MILLISECONDS SHARE WAITS PERMITTED PARENT TERMINAL`.
    ROLE may include a chain (`RoleKey.role_part`). MILLISECONDS is the time until the deadline,
    SHARE is `least_share` in thousandths. WAITS: the caller may be told to wait past its deadline.
    PERMITTED: it has a ReleasePermit. PARENT and TERMINAL come from `fastpath.calling_process`, or
    are `-`.
    """
    words = line.decode("ascii", "replace").split("\n")[0].split(" ")
    if len(words) != 10 or words[0] != "ask":
        return None
    session, account_id, role_name, *numbers = words[1:8]
    parent, terminal = ("" if word == "-" else word for word in words[8:])
    if not (SESSION_NAME.fullmatch(session) and ACCOUNT_ID.fullmatch(account_id)):
        return None
    key = RoleKey.of_parts(session, account_id, role_name)
    if not ROLE_NAME.fullmatch(key.role_name) or (
        key.role_part != key.role_name and not CHAIN.fullmatch(key.chain)
    ):
        return None
    if not all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers):
        return None
    milliseconds, share, waits, is_permitted = (int(number) for number in numbers)
    return Request(
        key,
        now,
        now + milliseconds / 1000,
        share / 1000,
        bool(waits),
        bool(is_permitted),
        AskedBy(parent, terminal),
    )


class Work(ChainFiles, Protocol):
    """`get_role_credentials`, `assume_role` and `renew_token` block, so the loop runs them in
    threads.
    """

    def prepare_wait(self, session_name: str) -> Wait | None:
        pass

    def get_role_credentials(self, key: RoleKey, asked_by: AskedBy) -> Reply:
        pass

    def assume_role(self, key: RoleKey, asked_by: AskedBy, source: bytes) -> Reply:
        pass

    def renew_token(self, session_name: str, seen_id: str) -> None:
        pass


class Loop:
    """Runs the broker. Without a listening socket, it serves only the process in which it runs."""

    def __init__(
        self,
        work: Work,
        listener: socket.socket | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._listener = listener
        self._monotonic = monotonic
        # File reads need no thread, so the brokers call these methods of `Work` directly.
        self.find_credentials = work.find_credentials
        self.load_token = work.load_token
        self.read_token_file_fingerprint = work.read_token_file_fingerprint
        self.find_source_role = work.find_source_role
        self.read_config_fingerprint = work.read_config_fingerprint
        self._core = Brokers(self)
        self._selector = selectors.DefaultSelector()
        # On Windows, a selector accepts only sockets, no pipe.
        self._wake_reader, self._wake_writer = socket.socketpair()
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._empty_wake_socket)
        if listener is not None:
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, self._accept_callers)
        self._events: collections.deque[Callable[[], None]] = collections.deque()
        self._wanted: queue.SimpleQueue[tuple[RoleKey, AskedBy, Reply | None] | None] = (
            queue.SimpleQueue()
        )
        self._threads = self._calls_under_way = 0
        self._connections: set[Connection] = set()
        self._replies: dict[Caller, Reply] = {}
        self._renewals = 0  # how many token renewals are under way
        self._held: set[Caller] = set()  # the callers whose reply waits for the end of a renewal
        self._accept_again_at: float | None = None

    def run_until_idle(self, remove_socket_file: Callable[[], None]) -> None:
        """Serve callers until the broker is idle or too old; then call `remove_socket_file`."""
        began_at = active_at = self._monotonic()
        while True:
            now = self._monotonic()
            is_old = now - began_at >= LONGEST_LIFE_SECONDS
            if self._connections or not self._core.is_idle(now):
                active_at = now
            if self._listener and (is_old or now - active_at >= IDLE_SECONDS):
                remove_socket_file()
                self._stop_listening()
            if not self._listener and not self._connections and self._core.is_done:
                self.close()
                return
            self._handle_next_events()

    def answer_request(self, caller: Caller) -> Reply:
        self._core.handle_request(caller, self._monotonic())
        while caller not in self._replies:
            self._handle_next_events()
        return self._replies.pop(caller)

    def close(self) -> None:
        for _ in range(self._threads):
            self._wanted.put(None)
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _stop_listening(self) -> None:
        self._accept_callers()  # callers whose connections wait in the socket are still served
        if self._listener is not None:
            if self._accept_again_at is None:
                self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _handle_next_events(self) -> None:
        now = self._monotonic()
        self._resume_accepting(now)
        seconds = min(self._core.find_next_wake_time(now) - now, _LONGEST_SLEEP_SECONDS)
        if self._accept_again_at is not None:
            seconds = min(seconds, self._accept_again_at - now)
        seconds = min([seconds, *(_hold_ends_at(caller) - now for caller in self._held)])
        for key, _events in self._selector.select(max(0.0, seconds)):
            key.data()
        while self._events:
            self._events.popleft()()
        now = self._monotonic()
        for connection in [one for one in self._connections if one.is_late(now)]:
            connection.close()
        for caller in [one for one in self._held if not self._must_hold_reply(one)]:
            self._held.discard(caller)
            self._core.handle_request(caller, now)  # a sign-out may have come while the loop waited
        self._core.start_due_work(now)

    def may_renew_in_background(self) -> bool:
        # Without a listener this process serves only itself, and would end before the renewal is
        # done.
        return self._listener is not None and self._work.may_renew_in_background()

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        return self._start_role_call(key, asked_by, None)

    def start_assuming_role(self, key: RoleKey, asked_by: AskedBy, source: Reply) -> None:
        self._start_role_call(key, asked_by, source)

    def _start_role_call(self, key: RoleKey, asked_by: AskedBy, source: Reply | None) -> float:
        self._calls_under_way += 1
        if self._calls_under_way > self._threads and self._threads < MOST_CALLS:
            if self._start_daemon_thread(self._do_queued_role_calls):
                self._threads += 1
            elif not self._threads:
                self._report(self._report_call_end, key, no_more_threads_error())
                return self._monotonic()
        self._wanted.put((key, asked_by, source))
        return self._monotonic()

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        self._renewals += 1
        if not self._start_daemon_thread(partial(self._do_token_renewal, session_name, seen_id)):
            self._report(self._report_renewal_end, session_name, no_more_threads_error())

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        if isinstance(caller.channel, Connection):
            # Rounded up, so that the caller does not give up before the reply comes.
            caller.channel.send(b"wait %d\n" % math.ceil(seconds))

    def reply(self, caller: Caller, reply: Reply) -> None:
        if self._must_hold_reply(caller):
            self._held.add(caller)
            return
        if isinstance(reply.error, LoginRequired):
            session_name = caller.request.key.session_name
            reply = reply._replace(wait=self._work.prepare_wait(session_name))
        if isinstance(caller.channel, Connection):
            caller.channel.send(wording.encode_reply(reply), last=True)
        else:
            self._replies[caller] = reply

    def _must_hold_reply(self, caller: Caller) -> bool:
        """Return whether the caller must wait until the token renewals under way have ended.

        If processes cannot outlive their caller, its end may end its container and the renewal,
        before the token is saved.
        """
        is_early = self._renewals > 0 and self._monotonic() < _hold_ends_at(caller)
        return is_early and not self.may_renew_in_background()

    def _start_daemon_thread(self, target: Callable[[], None]) -> bool:
        try:
            threading.Thread(target=target, daemon=True).start()
        except RuntimeError:
            return False
        return True

    def _do_queued_role_calls(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            key, asked_by, source = wanted
            outcome: Reply | SsoHelperError
            try:
                if source is None:
                    outcome = self._work.get_role_credentials(key, asked_by)
                else:
                    outcome = self._work.assume_role(key, asked_by, source.document)
                    outcome = outcome._replace(warnings=(*source.warnings, *outcome.warnings))
            except SsoHelperError as error:
                outcome = error
            self._report(self._report_call_end, key, outcome)

    def _report_call_end(self, key: RoleKey, outcome: Reply | SsoHelperError) -> None:
        self._calls_under_way -= 1
        self._core.note_role_call_end(key, outcome, self._monotonic())

    def _do_token_renewal(self, session_name: str, seen_id: str) -> None:
        error: SsoHelperError | None = None
        try:
            self._work.renew_token(session_name, seen_id)
        except SsoHelperError as found:
            error = found
        self._report(self._report_renewal_end, session_name, error)

    def _report_renewal_end(self, session_name: str, error: SsoHelperError | None) -> None:
        self._renewals -= 1
        self._core.note_renewal_end(session_name, error, self._monotonic())

    def _accept_callers(self) -> None:
        while self._listener is not None:
            if len(self._connections) >= _MOST_CONNECTIONS:
                self._pause_accepting()
                return
            try:
                stream, _address = self._listener.accept()
            except OSError as cause:
                if cause.errno in _NO_MORE_FILES:
                    self._pause_accepting()
                # after other errors, no caller waits for the answer, or the caller has disconnected
                return
            if not peer.is_allowed_user(peer.find_peer_uid(stream)):
                stream.close()
                continue
            self._connections.add(
                Connection(
                    stream,
                    self._selector,
                    on_request=lambda caller: self._core.handle_request(caller, self._monotonic()),
                    on_close=self._forget_connection,
                    monotonic=self._monotonic,
                )
            )

    def _pause_accepting(self) -> None:
        """Stop accepting callers for a moment; they wait in the backlog.

        While accept() fails, the socket stays ready, so the loop would keep a CPU busy.
        """
        if self._listener is not None and self._accept_again_at is None:
            self._accept_again_at = self._monotonic() + _ACCEPT_PAUSE_SECONDS
            self._selector.unregister(self._listener)

    def _resume_accepting(self, now: float) -> None:
        if self._accept_again_at is None or now < self._accept_again_at:
            return
        self._accept_again_at = None
        if self._listener is not None:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept_callers)

    def _forget_connection(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection.caller is not None:
            self._held.discard(connection.caller)
            self._core.forget_caller(connection.caller)

    def _report(self, method: Callable[..., None], *words: object) -> None:
        """Have the event loop's thread call this method, as only that thread may use the broker."""
        self._events.append(partial(method, *words))
        with suppress(OSError):  # the socket's buffer is full, so the loop wakes anyway
            self._wake_writer.send(b"x")

    def _empty_wake_socket(self) -> None:
        with suppress(BlockingIOError):
            self._wake_reader.recv(4096)


def _hold_ends_at(caller: Caller) -> float:
    return min(caller.request.arrived_at + USABLE_SECONDS, caller.request.deadline_at)
