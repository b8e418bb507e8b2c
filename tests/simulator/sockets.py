"""Sockets, selector, threads and queue for the broker's real loop, in virtual time."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from tests.simulator.scheduler import Process, Scheduler, Signal

_numbers = count(1000)
# What a socket takes at once; a reply can be longer.
_BUFFER_BYTES = 700


class _Socket:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._number = next(_numbers)
        self.is_closed = False
        self.changed: Callable[[], None] | None = None

    def setblocking(self, flag: bool) -> None:
        return

    def fileno(self) -> int:
        return -1 if self.is_closed else self._number

    def notify(self) -> None:
        if self.changed is not None:
            self.changed()


class Stream(_Socket):
    """One end of a connection."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.peer: Stream | None = None
        self.incoming = bytearray()

    def recv(self, size: int) -> bytes:
        if self.incoming:
            piece = bytes(self.incoming[:size])
            del self.incoming[:size]
            if self.peer is not None:
                self.peer.notify()
            return piece
        if self._peer_is_closed():
            return b""
        raise BlockingIOError

    def send(self, data: Any) -> int:
        peer = self.peer
        if peer is None or peer.is_closed:
            raise BrokenPipeError
        piece = bytes(data[: max(1, _BUFFER_BYTES - len(peer.incoming))])
        if len(peer.incoming) >= _BUFFER_BYTES:
            raise BlockingIOError
        peer.incoming += piece
        peer.notify()
        return len(piece)

    def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        if self.peer is not None:
            self.peer.notify()

    def is_readable(self) -> bool:
        return bool(self.incoming) or self._peer_is_closed()

    def is_writable(self) -> bool:
        peer = self.peer
        return peer is None or peer.is_closed or len(peer.incoming) < _BUFFER_BYTES

    def _peer_is_closed(self) -> bool:
        return self.peer is not None and self.peer.is_closed


def pair(scheduler: Scheduler) -> tuple[Stream, Stream]:
    one, other = Stream(scheduler), Stream(scheduler)
    one.peer, other.peer = other, one
    return one, other


class Listener(_Socket):
    """A listening socket. Connections wait in it until they are accepted."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self._waiting: list[Stream] = []

    def connect(self) -> Stream:
        if self.is_closed:
            raise ConnectionRefusedError
        ours, theirs = pair(self._scheduler)
        self._waiting.append(theirs)
        self.notify()
        return ours

    def accept(self) -> tuple[Stream, str]:
        if not self._waiting:
            raise BlockingIOError
        stream = self._waiting.pop(0)
        if self._scheduler.current is not None:
            self._scheduler.current.process.at_death.append(stream.close)
        return stream, ""

    def close(self) -> None:
        self.is_closed = True
        for stream in self._waiting:
            stream.close()
        self._waiting.clear()

    def is_readable(self) -> bool:
        return bool(self._waiting)

    def is_writable(self) -> bool:
        return False


class _Key(NamedTuple):
    fileobj: Any
    data: Any


class Selector:
    """Waits in virtual time until one of its streams is ready."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._signal = Signal(scheduler)
        self._registered: dict[Any, tuple[int, Any]] = {}

    def register(self, stream: Any, events: int, data: Any = None) -> None:
        self._registered[stream] = (events, data)
        stream.changed = self._signal.fire

    def unregister(self, stream: Any) -> None:
        del self._registered[stream]
        stream.changed = None

    def modify(self, stream: Any, events: int, data: Any = None) -> None:
        assert stream in self._registered
        self._registered[stream] = (events, data)

    def select(self, seconds: float | None = None) -> list[tuple[_Key, int]]:
        self._scheduler.point()
        ready = self._ready()
        if not ready and (seconds is None or seconds > 0):
            self._signal.wait(seconds)
            ready = self._ready()
        return ready

    def close(self) -> None:
        for stream in self._registered:
            stream.changed = None
        self._registered.clear()

    def _ready(self) -> list[tuple[_Key, int]]:
        found = []
        for stream, (events, data) in self._registered.items():
            now = selectors.EVENT_READ * stream.is_readable()
            now |= selectors.EVENT_WRITE * stream.is_writable()
            if events & now:
                found.append((_Key(stream, data), events & now))
        return found


class Queue:
    """queue.SimpleQueue in virtual time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._items: list[Any] = []
        self._signal = Signal(scheduler)

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._signal.fire()

    def get(self) -> Any:
        while not self._items:
            self._signal.wait()
        return self._items.pop(0)


class StartedThread:
    """threading.Thread as far as the loop uses it: a thread of the process that starts it."""

    def __init__(self, scheduler: Scheduler, target, args=(), daemon=False, name="") -> None:
        self._scheduler = scheduler
        self._work = lambda: (target(*args), None)[1]
        self._name = name

    def start(self) -> None:
        thread = self._scheduler.current
        assert thread is not None
        process: Process = thread.process
        self._scheduler.spawn(process, self._name, self._work)
