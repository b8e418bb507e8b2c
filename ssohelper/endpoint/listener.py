"""A listening socket whose idle and slow clients cost nothing: one thread reads all heads.

Only a whole request reaches one of at most 64 threads. Who has not sent one within 5 seconds is
hung up on, and the oldest of them goes when there are too many, so the right one always gets in.
"""

import contextlib
import queue
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable

from ssohelper import crash
from ssohelper.endpoint.request import END_OF_HEAD, HEAD_LIMIT_BYTES

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")
import resource

MOST_THREADS = 64
HEAD_SECONDS = 5.0
_SEND_SECONDS = 5.0
# Each takes a descriptor; those that answering takes, files and a connection to AWS, stay free.
_MOST_READING = 400
_OWN_DESCRIPTORS = 48
_BACKLOG = 512

# Gets all that came, the empty line included; returns the whole answer.
Answer = Callable[[bytes], bytes]
# Says of a new connection whether it may ask at all.
Welcome = Callable[[socket.socket], bool]


class Listener:
    """Answers on a socket that listens already, from `start` to `close`."""

    def __init__(self, listening: socket.socket, answer: Answer, welcome: Welcome) -> None:
        self._listening = listening
        self._answer = answer
        self._welcome = welcome
        self._reading: dict[socket.socket, _Reading] = {}  # the oldest first
        self._most_reading = _most_reading()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._asked: queue.SimpleQueue[tuple[socket.socket, bytes] | None] = queue.SimpleQueue()
        self._threads = 0
        self._idle = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True, name="ssohelper-listener")

    def start(self) -> None:
        self._listening.listen(_BACKLOG)
        for each in (self._listening, self._woken):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._thread.start()

    def close(self) -> None:
        """Stop listening at once; answers that are being made are still sent."""
        self._listening.close()
        with contextlib.suppress(OSError):
            self._wake.send(b".")
        if self._thread.ident is not None:
            self._thread.join(1.0)
        for each in (self._wake, self._woken, self._selector):
            each.close()

    # -- the one thread that reads -----------------------------------------------------------------

    def _run(self) -> None:
        while self._listening.fileno() >= 0:
            try:
                self._round()
            except Exception as error:  # of one client: the others are served on
                crash.report(error, sys.exc_info()[2])
                time.sleep(0.1)
        for connection in list(self._reading):
            self._drop(connection)
        for _ in range(self._threads):
            self._asked.put(None)

    def _round(self) -> None:
        for key, _ in self._selector.select(self._patience()):
            if key.fileobj is self._listening:
                self._accept()
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._reading:
                self._read(key.fileobj)
        self._hang_up_late_ones()

    def _patience(self) -> float | None:
        for reading in self._reading.values():
            return max(0.0, reading.until - time.monotonic())
        return None

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            # No descriptor left, or the client has gone: room helps with the one, time with both.
            self._drop_oldest()
            time.sleep(0.01)
            return
        if not self._welcome(connection):
            connection.close()
            return
        connection.setblocking(False)
        if len(self._reading) >= self._most_reading:
            self._drop_oldest()
        self._reading[connection] = _Reading(time.monotonic() + HEAD_SECONDS)
        self._selector.register(connection, selectors.EVENT_READ)
        self._read(connection)  # most have said all by now

    def _read(self, connection: socket.socket) -> None:
        reading = self._reading[connection]
        try:
            part = connection.recv(HEAD_LIMIT_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        reading.head += part
        if not part:
            self._drop(connection)
        elif END_OF_HEAD in reading.head or len(reading.head) > HEAD_LIMIT_BYTES:
            self._forget(connection)
            self._hand_over(connection, bytes(reading.head))

    def _hang_up_late_ones(self) -> None:
        now = time.monotonic()
        for connection, reading in list(self._reading.items()):
            if reading.until > now:
                return
            self._drop(connection)

    def _drop_oldest(self) -> None:
        for connection in self._reading:
            self._drop(connection)
            return

    def _drop(self, connection: socket.socket) -> None:
        self._forget(connection)
        connection.close()

    def _forget(self, connection: socket.socket) -> None:
        del self._reading[connection]
        self._selector.unregister(connection)

    # -- the threads that answer -------------------------------------------------------------------

    def _hand_over(self, connection: socket.socket, head: bytes) -> None:
        if not self._idle.acquire(blocking=False) and self._threads < MOST_THREADS:
            self._add_thread()
        if self._threads:
            self._asked.put((connection, head))
        else:
            connection.close()

    def _add_thread(self) -> None:
        name = f"ssohelper-answer-{self._threads + 1}"
        with contextlib.suppress(RuntimeError):  # the system gives no more: those there are do
            threading.Thread(target=self._work, daemon=True, name=name).start()
            self._threads += 1

    def _work(self) -> None:
        while True:
            asked = self._asked.get()
            if asked is None:
                return
            connection, head = asked
            # Who hangs up in the middle hears nothing, and nobody else hears of it.
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_SEND_SECONDS)
                connection.sendall(self._answer(head))
                connection.shutdown(socket.SHUT_WR)
            self._idle.release()


def _most_reading() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return _MOST_READING
    return max(8, min(_MOST_READING, limit - _OWN_DESCRIPTORS))


class _Reading:
    """What a client has sent so far, and until when it may go on."""

    __slots__ = ("head", "until")

    def __init__(self, until: float) -> None:
        self.head = bytearray()
        self.until = until
