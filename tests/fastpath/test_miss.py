"""A miss: how long it waits for the broker."""

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

from ssohelper.app import App
from ssohelper.fastpath import broker_address, miss
from tests.conftest import Home

ARGV = ["--session", "corp", "--account-id", "000030000001", "--role-name", "ReadOnlyAccess"]


@pytest.fixture
def requests(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The requests that a broker in this process receives; it answers each with exit code 5."""
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    received: list[bytes] = []
    with (
        tempfile.TemporaryDirectory(prefix="s") as short,  # pytest's own path is too long
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        monkeypatch.setenv("SSOHELPER_HOME", short)
        folder = broker_address.folder(os.environ)
        os.makedirs(folder, 0o700)
        listener.bind(f"{folder}/{broker_address.name('corp', os.environ)}")
        listener.listen()
        fields = b"\x1f".join([b""] * 8)

        def answer_one() -> None:
            stream, _ = listener.accept()
            with stream:
                received.append(stream.recv(512))
                stream.sendall(b"done 5 0 %d\n" % len(fields) + fields)

        thread = threading.Thread(target=answer_one)
        thread.start()
        yield received
        thread.join(60)


@pytest.mark.parametrize(("elapsed", "most"), [(0.0, 18_000), (7.0, 11_000)])
def test_it_waits_18_s_from_its_start(requests: list[bytes], elapsed: float, most: int) -> None:
    assert miss.answer(ARGV, time.monotonic() - elapsed) == 5
    [request] = requests
    milliseconds = int(request.split()[4])
    assert most - 6_000 < milliseconds <= most


def test_every_other_action_has_the_same_deadline() -> None:
    assert App({}, monotonic=lambda: 100.0).clock.deadline().left() == 18.0
