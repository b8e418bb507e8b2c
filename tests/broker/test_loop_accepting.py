"""A broker that cannot accept more callers pauses until it can: it uses no CPU meanwhile."""

import errno
import socket
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from ssohelper.broker import loop
from ssohelper.broker.loop import Loop


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
    made.wake(later=loop._ACCEPT_PAUSE_SECONDS)
    assert listener.attempts == 2
    listener.error = None
    made.wake(later=loop._ACCEPT_PAUSE_SECONDS)
    [connection] = made._connections
    connection.close()
    made.close()


def test_at_its_limit_of_callers_it_leaves_the_next_one_in_the_queue(listener, caller, monkeypatch):
    monkeypatch.setattr(loop, "_MOST_CONNECTIONS", 1)
    listener.error = None
    made = Waking(listener)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second:
        second.connect(listener.getsockname())
        made.wake(5)
        assert listener.attempts == len(made._connections) == 1
        caller.close()
        made.wake()
        made.wake(later=loop._ACCEPT_PAUSE_SECONDS)
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
