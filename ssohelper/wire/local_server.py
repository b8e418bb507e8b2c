"""Serves HTTP to clients on this machine (LocalServer), and checks every client and request.

One thread reads all requests, so that idle and slow clients cost no thread; at most 64 others
answer. Nothing is logged, because requests and answers carry secrets.
"""

import contextlib
import queue
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.local_http import END_OF_HEAD, Answer, RequestHandler
from ssohelper.errors import LocalState, no_more_threads_error
from ssohelper.fastpath import peer

if sys.platform != "win32":
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

HOST = "127.0.0.1"
MOST_THREADS = 64
# How long a client may take to send a request.
HEAD_SECONDS = 5.0
_SEND_SECONDS = 5.0
# The file descriptors that are kept free of clients, for files and for connections to AWS.
_OWN_DESCRIPTORS = 48
_BACKLOG = 512


def _ignore_error(_error: BaseException) -> None:
    pass


def bind_port(port: int = 0) -> socket.socket:
    """Bind a port; 0 means a free port. Raises: LocalState."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        # The option allows the port while connections of a previous server are still closing. On
        # Windows it would let another program bind the same port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as cause:
        bound.close()
        raise LocalState(
            f"port {port} cannot be used: {(cause.strerror or 'not possible').lower()}"
        ) from cause
    return bound


class LocalServer:
    """Answers requests on a bound socket, from `start` to `close`, if the requests obey `rules`.

    An exception of the handler goes to `report`, and the client gets the rules' refusal.
    """

    def __init__(
        self,
        port_or_socket: int | socket.socket,
        make_handler: Callable[[int], RequestHandler],
        report: Callable[[BaseException], None] = _ignore_error,
    ) -> None:
        """`make_handler` is called with the port, or with 0 for a Unix socket. Raises: LocalState."""
        bound = bind_port(port_or_socket) if isinstance(port_or_socket, int) else port_or_socket
        self._listening = bound
        try:
            port = bound.getsockname()[1] if bound.family == socket.AF_INET else 0
            self._handler = make_handler(int(port))
        except BaseException:
            bound.close()
            raise
        self._rules = self._handler.rules
        self._report = report
        self._most_clients = min(self._rules.most_clients, _most_clients_for_descriptors())
        # ordered by the time of connecting
        self._reading: dict[socket.socket, _Client] = {}
        self._answering: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._requests: queue.SimpleQueue[tuple[socket.socket, _Client] | None]
        self._requests = queue.SimpleQueue()
        self._threads = 0
        self._idle = threading.Semaphore(0)
        self._thread = threading.Thread(
            target=self._serve_until_closed, daemon=True, name="ssohelper-local"
        )
        # Whether a client was refused because its user is unknown or another user.
        self.has_refused_a_user = False

    def start(self) -> None:
        """Listen and answer. If no thread can be started, close the server and raise LocalState."""
        try:
            self._listening.listen(_BACKLOG)
            for each in (self._listening, self._woken):
                each.setblocking(False)
                self._selector.register(each, selectors.EVENT_READ)
            self._thread.start()
        except RuntimeError as cause:
            self.close()
            raise no_more_threads_error() from cause
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Answers in progress are still sent. May be called twice."""
        self._listening.close()
        with contextlib.suppress(OSError):
            self._wake.send(b".")
        if self._thread.ident is not None:
            self._thread.join(1.0)
        for each in (self._wake, self._woken, self._selector):
            each.close()

    # -- reading requests, in one thread ------------------------------------------------------

    def _serve_until_closed(self) -> None:
        while self._listening.fileno() >= 0:
            try:
                self._serve_ready_sockets()
            except Exception as error:  # an error of one client: other clients are still answered
                self._report(error)
                time.sleep(0.1)
        for connection in list(self._reading):
            self._close_client(connection)
        for _ in range(self._threads):
            self._requests.put(None)

    def _serve_ready_sockets(self) -> None:
        oldest = next(iter(self._reading.values()), None)
        seconds = max(0.0, oldest.until - time.monotonic()) if oldest else None
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._listening:
                self._accept_client()
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._reading:
                self._read_request_bytes(key.fileobj)
        self._close_late_clients()

    def _accept_client(self) -> None:
        try:
            connection, address = self._listening.accept()
        except OSError:
            # If no descriptor is left, closing another client helps.
            self._close_oldest_client()
            time.sleep(0.01)
            return
        is_ours = _is_client_ours(connection)
        is_local = connection.family != socket.AF_INET or address[:1] == (HOST,)
        may = self._rules.admits_unknown if is_ours is None else is_ours
        self.has_refused_a_user = self.has_refused_a_user or (is_local and not may)
        if not (is_local and may):
            connection.close()
            return
        if len(self._reading) + len(self._answering) >= self._most_clients:
            self._close_oldest_client()
        if len(self._reading) + len(self._answering) >= self._most_clients:
            connection.close()
            return
        connection.setblocking(False)
        until = time.monotonic() + HEAD_SECONDS
        self._reading[connection] = _Client(bytearray(), until, bool(is_ours))
        self._selector.register(connection, selectors.EVENT_READ)
        self._read_request_bytes(connection)  # most clients have sent the request by now

    def _read_request_bytes(self, connection: socket.socket) -> None:
        head = self._reading[connection].head
        try:
            part = connection.recv(self._rules.head_limit_bytes + 1)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        head += part
        if not part:
            self._close_client(connection)
        elif END_OF_HEAD in head or len(head) > self._rules.head_limit_bytes:
            self._hand_over_to_thread(connection)

    def _close_late_clients(self) -> None:
        now = time.monotonic()
        for connection, client in list(self._reading.items()):
            if client.until > now:
                return
            self._close_client(connection)

    def _close_oldest_client(self) -> None:
        for connection in self._reading:
            self._close_client(connection)
            return

    def _close_client(self, connection: socket.socket) -> None:
        self._stop_reading_from_client(connection)
        connection.close()

    def _stop_reading_from_client(self, connection: socket.socket) -> "_Client":
        self._selector.unregister(connection)
        return self._reading.pop(connection)

    # -- answering requests, in several threads -----------------------------------------------

    def _hand_over_to_thread(self, connection: socket.socket) -> None:
        client = self._stop_reading_from_client(connection)
        if not self._idle.acquire(blocking=False) and self._threads < MOST_THREADS:
            self._start_answering_thread()
        if self._threads:
            self._answering.add(connection)
            self._requests.put((connection, client))
        else:
            connection.close()

    def _start_answering_thread(self) -> None:
        name = f"ssohelper-answer-{self._threads + 1}"
        # If no new thread can start, the present threads answer.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=self._answer_clients, daemon=True, name=name).start()
            self._threads += 1

    def _answer_clients(self) -> None:
        while (taken := self._requests.get()) is not None:
            connection, client = taken
            answer = self._make_answer_for_client(client)
            try:
                # It is no error if the client closes the connection meanwhile.
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(_SEND_SECONDS)
                    connection.sendall(answer.encoded())
                    connection.shutdown(socket.SHUT_WR)
            except Exception as error:
                self._report(error)
            self._answering.discard(connection)
            self._idle.release()
            if answer.after is not None:
                answer.after()

    def _make_answer_for_client(self, client: "_Client") -> Answer:
        request = self._rules.parse_request(bytes(client.head), is_ours=client.is_ours)
        if request is None:
            return self._rules.refusal
        try:
            return self._handler.answer(request)
        except Exception as error:
            self._report(error)
            return self._rules.refusal


class _Client(NamedTuple):
    """A connected client. Its request must arrive before `until`."""

    head: bytearray
    until: float
    is_ours: bool


def _is_client_ours(connection: socket.socket) -> bool | None:
    """Return whether the client's user is ours or root; None if the system cannot tell.

    Only Linux tells the user of a TCP connection. On other systems each client counts as ours, and
    only the token, the random path or the OAuth state protects the server.
    """
    uid = peer.find_peer_uid(connection)
    if uid is not None:
        return peer.is_allowed_user(uid)
    return True if connection.family == socket.AF_INET and sys.platform != "linux" else None


def _most_clients_for_descriptors() -> int:
    if sys.platform != "win32":
        limit = getrlimit(RLIMIT_NOFILE)[0]
        if limit != RLIM_INFINITY:
            return max(8, limit - _OWN_DESCRIPTORS)
    return sys.maxsize
