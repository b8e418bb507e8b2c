"""A miss: how long it waits for the broker, and for a sign-in."""

import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.fastpath import broker_address, broker_client, miss
from tests.conftest import Home

ARGV = ["--session", "corp", "--account-id", "000030000001", "--role-name", "ReadOnlyAccess"]


@pytest.fixture
def requests(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The requests that a broker in this process receives; it answers each with exit code 5."""
    for name, value in home.env.items():
        monkeypatch.setenv(name, value)
    received: list[bytes] = []
    with (
        # Pytest's own folder is too long for a socket's path.
        tempfile.TemporaryDirectory(prefix="s") as short,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        monkeypatch.setenv("SSOHELPER_HOME", short)
        folder = broker_address.broker_sockets_folder(os.environ)
        os.makedirs(folder, 0o700)
        listener.bind(f"{folder}/{broker_address.broker_socket_name('corp', os.environ)}")
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
    assert miss.answer_miss(ARGV, time.monotonic() - elapsed) == 5
    [request] = requests
    milliseconds = int(request.split()[4])
    assert most - 6_000 < milliseconds <= most


def test_every_other_action_has_the_same_deadline() -> None:
    assert App({}, monotonic=lambda: 100.0).clock.deadline().seconds_left() == 18.0


SIGNED_OUT, ISSUED = 4, 0
Answer = tuple[int, bytes, bytes]


class Broker:
    """A fake broker: answers with `codes`, then repeats the last; None means that no broker runs."""

    def __init__(self, token_file: Path, *codes: int | None) -> None:
        self.token_file = token_file
        self.codes = list(codes)
        self.wait_seconds = 60
        self.calls = 0

    def ask(self, _key: object, _seconds: float) -> Answer:
        self.calls += 1
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        if code is None:
            raise broker_client.Unavailable("ended")
        if code == ISSUED:
            return ISSUED, b"{}\n", b""
        fields = [b""] * 8
        fields[broker_client.LINE] = b"ssohelper: error: signed out"
        fields[broker_client.WAIT_SECONDS] = b"%d" % self.wait_seconds
        fields[broker_client.WAIT_LINE] = b"ssohelper: notice: waiting"
        fields[broker_client.WATCHED_FILE] = os.fsencode(self.token_file)
        return code, b"", broker_client.SEPARATOR.join(fields)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Broker]:
    """Let calls ask a broker that answers with these exit codes; each sleep is a new sign-in."""
    token_file = tmp_path / "token"

    def make(*codes: int | None, signs_in: bool = True) -> Broker:
        made = Broker(token_file, *codes)

        def sleep(_seconds: float) -> bool:
            if signs_in:
                token_file.write_text("x" * (token_file.stat().st_size + 1))
            return True

        token_file.write_text("x")
        monkeypatch.setattr(miss, "_ask_session_broker", made.ask)
        monkeypatch.setattr(miss, "_sleep_while_read", sleep)
        return made

    return make


class TestWaitingForASignIn:
    def answer(self, began: float = 0.0) -> int | None:
        return miss.answer_miss(ARGV, time.monotonic() - began)

    def test_a_sign_in_ends_the_wait(self, asked, capfdbinary):
        broker = asked(SIGNED_OUT, SIGNED_OUT, SIGNED_OUT, ISSUED)
        assert self.answer() == 0
        assert capfdbinary.readouterr() == (b"{}\n", b"ssohelper: notice: waiting\n")
        assert broker.calls == 4

    def test_while_no_broker_answers_it_asks_again_later(self, asked):
        broker = asked(SIGNED_OUT, None, None, ISSUED)
        assert (self.answer(), broker.calls) == (0, 4)

    def test_the_broker_is_asked_again_only_after_the_token_file_has_changed(
        self, asked: Callable[..., Broker], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broker = asked(SIGNED_OUT, signs_in=False)
        sleeps: list[float] = []

        def sleep(seconds: float) -> bool:
            sleeps.append(seconds)
            return len(sleeps) < 5

        monkeypatch.setattr(miss, "_sleep_while_read", sleep)
        assert self.answer() == SIGNED_OUT  # the SDK has ended, so the process does not wait
        assert (broker.calls, sleeps) == (2, [1.0] * 5)

    @pytest.mark.parametrize(
        ("seconds", "began", "code", "calls"),
        [(0, 0.0, SIGNED_OUT, 1), (5, 9.0, SIGNED_OUT, 2), (60, 9.0, ISSUED, 3)],
    )
    def test_it_waits_as_long_as_the_broker_says_from_its_start(
        self, asked: Callable[..., Broker], seconds: int, began: float, code: int, calls: int
    ) -> None:
        broker = asked(SIGNED_OUT, SIGNED_OUT, ISSUED)
        broker.wait_seconds = seconds
        assert (self.answer(began), broker.calls) == (code, calls)

    def test_without_a_wait_one_line_is_printed(self, asked, capfd):
        asked(SIGNED_OUT).wait_seconds = 0
        assert self.answer() == SIGNED_OUT
        assert capfd.readouterr() == ("", "ssohelper: error: signed out\n")

    def test_a_sleep_ends_when_nothing_reads_stdout(self) -> None:
        reading, writing = os.pipe()
        kept = os.dup(1)
        os.dup2(writing, 1)
        try:
            assert miss._sleep_while_read(0.01)
            os.close(reading)
            assert not miss._sleep_while_read(60)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            os.close(writing)

    def test_a_missing_token_file_differs_from_any_other(self, tmp_path: Path) -> None:
        path = os.fsencode(tmp_path / "token")
        assert miss._read_stamp(path) == (0, 0, 0)
        (tmp_path / "token").write_text("x")
        assert miss._read_stamp(path)[1] == 1


@pytest.mark.parametrize("name", ["SSOHELPER_LOG", "SSOHELPER_ALLOW"])
def test_a_call_that_this_process_must_answer_asks_no_broker(asked, monkeypatch, name):
    broker = asked(ISSUED)
    monkeypatch.setenv(name, "debug")
    assert (miss.answer_miss(ARGV, time.monotonic()), broker.calls) == (None, 0)


def test_a_guarded_role_is_left_to_this_process(asked: Callable[..., Broker]) -> None:
    broker = asked(9)
    assert (miss.answer_miss(ARGV, time.monotonic()), broker.calls) == (None, 1)
