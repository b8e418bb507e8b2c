"""A broker that cannot accept more callers pauses until it can: it uses no CPU meanwhile."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path
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


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Full]:
    made = Full(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(tmp_path / "s"))
    made.listen()
    yield made
    made.close()


@pytest.fixture
def caller(tmp_path: Path, listener: Full) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.connect(str(tmp_path / "s"))
    yield made
    made.close()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_a_free_descriptor_it_accepts_again_after_a_pause(listener, caller, error):
    clock, listener.error = Clock(), error
    made = Loop(Mock(), listener, monotonic=clock)
    for _ in range(5):
        made._handle_next_events()
    assert listener.attempts == 1
    clock.now += loop._ACCEPT_PAUSE_SECONDS
    made._handle_next_events()
    assert listener.attempts == 2
    listener.error = None
    clock.now += loop._ACCEPT_PAUSE_SECONDS
    made._handle_next_events()
    assert len(made._connections) == 1
    for connection in list(made._connections):
        connection.close()
    made.close()


def test_at_its_limit_of_callers_it_leaves_the_next_one_in_the_queue(
    listener: Full, caller: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_MOST_CONNECTIONS", 1)
    clock, listener.error = Clock(), None
    made = Loop(Mock(), listener, monotonic=clock)
    second = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    second.connect(str(tmp_path / "s"))
    for _ in range(5):
        made._handle_next_events()
    assert listener.attempts == len(made._connections) == 1
    caller.close()
    made._handle_next_events()
    clock.now += loop._ACCEPT_PAUSE_SECONDS
    made._handle_next_events()
    assert listener.attempts == 2
    second.close()
    made._handle_next_events()
    made.close()


def test_during_the_pause_it_can_stop_listening(listener: Full, caller: socket.socket) -> None:
    made = Loop(Mock(), listener, monotonic=Clock())
    made._handle_next_events()
    made._stop_listening()
    made._handle_next_events()
    assert listener.fileno() == -1
    made.close()
