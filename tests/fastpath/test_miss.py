"""A miss: how long it waits for the broker, and for a sign-in."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock, call

import pytest

from ssohelper.app import App
from ssohelper.fastpath import broker_client, miss

ARGV = ["--session", "corp", "--account-id", "000030000001", "--role-name", "ReadOnlyAccess"]


@pytest.mark.parametrize(("elapsed", "most"), [(0.0, 18.0), (7.0, 11.0)])
def test_it_waits_18_s_from_its_start(monkeypatch, elapsed, most):
    ask = Mock(return_value=(5, b"", b"\x1f".join([b""] * 8)))
    monkeypatch.setattr(broker_client, "ask_broker", ask)
    assert miss.answer_miss(ARGV, time.monotonic() - elapsed) == 5
    assert most - 6 < ask.call_args.args[2] <= most


def test_every_other_action_has_the_same_deadline():
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
def asked(tmp_path, monkeypatch) -> Callable[..., Broker]:
    """Let calls ask a broker that answers with these exit codes; each sleep is a new sign-in."""
    token_file = tmp_path / "token"

    def make(*codes: int | None, signs_in: bool = True) -> Broker:
        made = Broker(token_file, *codes)

        def sleep(_seconds: float) -> bool:
            size = token_file.stat().st_size if token_file.exists() else 0
            if signs_in:
                token_file.write_text("x" * (size + 1))
            return True

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

    def test_the_broker_is_asked_again_only_when_the_token_file_changed(self, asked, monkeypatch):
        broker = asked(SIGNED_OUT, signs_in=False)
        # At last the SDK has ended, so the process does not wait.
        sleep = Mock(side_effect=[True] * 4 + [False])
        monkeypatch.setattr(miss, "_sleep_while_read", sleep)
        assert self.answer() == SIGNED_OUT
        assert (broker.calls, sleep.mock_calls) == (2, [call(1.0)] * 5)

    @pytest.mark.parametrize(
        ("seconds", "began", "code", "calls"),
        [(0, 0.0, SIGNED_OUT, 1), (5, 9.0, SIGNED_OUT, 2), (60, 9.0, ISSUED, 3)],
    )
    def test_it_waits_as_long_as_the_broker_says(self, asked, seconds, began, code, calls):
        """From its own start."""
        broker = asked(SIGNED_OUT, SIGNED_OUT, ISSUED)
        broker.wait_seconds = seconds
        assert (self.answer(began), broker.calls) == (code, calls)

    def test_without_a_wait_one_line_is_printed(self, asked, capfd):
        asked(SIGNED_OUT).wait_seconds = 0
        assert self.answer() == SIGNED_OUT
        assert capfd.readouterr() == ("", "ssohelper: error: signed out\n")

    def test_a_sleep_ends_when_nothing_reads_stdout(self):
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


@pytest.mark.parametrize(
    ("name", "code", "calls"),
    [("SSOHELPER_LOG", ISSUED, 0), ("SSOHELPER_ALLOW", ISSUED, 0), ("X", 9, 1)],  # 9: guarded
)
def test_what_this_process_must_answer_is_left_to_it(asked, monkeypatch, name, code, calls):
    broker = asked(code)
    monkeypatch.setenv(name, "debug")
    assert (miss.answer_miss(ARGV, time.monotonic()), broker.calls) == (None, calls)
