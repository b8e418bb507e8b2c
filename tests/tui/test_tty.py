"""The terminal's size and its end, asked of real pseudo-terminals."""

import os
import select
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from ssohelper.tui import tty


class Terminal(NamedTuple):
    """A pseudo-terminal: the emulator's side, and that of the programs in it."""

    master: int
    slave: int

    def resize(self, columns: int, lines: int) -> None:
        termios.tcsetwinsize(self.slave, (lines, columns))  # type: ignore[attr-defined]


Stream = Callable[[str, int | None], None]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(*os.openpty())
    yield made
    for descriptor in made:
        try:
            os.close(descriptor)
        except OSError:  # the test has closed this descriptor
            continue


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stream]:
    """Replace a standard stream by this descriptor, or by the None of a closed one."""
    with ExitStack() as at_end:

        def replace(name: str, descriptor: int | None) -> None:
            file = None
            if descriptor is not None:
                file = at_end.enter_context(open(descriptor, "r+b", 0, closefd=False))
            monkeypatch.setattr(sys, f"__{name}__", file)

        yield replace


@pytest.fixture
def in_pipes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All three streams are a pipe."""
    read, write = os.pipe()
    with open(read, "rb", 0) as file, open(write, "wb", 0):
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, f"__{name}__", file)
        yield


def test_in_a_command_substitution_the_size_is_that_of_stderr(terminal, streams, in_pipes):
    terminal.resize(77, 33)
    streams("stderr", terminal.slave)
    assert tty.terminal_size() == (77, 33)


def test_a_terminal_that_does_not_know_its_size_and_a_closed_stream_are_passed_over(
    terminal: Terminal, streams: Stream, in_pipes: None
) -> None:
    other = Terminal(*os.openpty())
    terminal.resize(0, 0)
    other.resize(50, 20)
    streams("stderr", terminal.slave)
    streams("stdin", None)
    streams("stdout", other.slave)
    assert tty.terminal_size() == (50, 20)
    for descriptor in other:
        os.close(descriptor)


def test_without_a_terminal_the_size_is_the_environments(in_pipes, monkeypatch):
    monkeypatch.setenv("COLUMNS", "61")
    monkeypatch.setenv("LINES", "17")
    assert tty.terminal_size() == (61, 17)


def test_what_was_typed_is_counted_and_a_closed_stdin_has_nothing(terminal, streams):
    streams("stdin", terminal.slave)
    assert tty.count_bytes_to_read() == 0
    os.write(terminal.master, b"ab\n")
    assert select.select([terminal.slave], [], [], 60)[0]
    assert tty.count_bytes_to_read() == 3
    streams("stdin", None)
    assert tty.count_bytes_to_read() == 0


def test_a_terminal_that_is_closed_is_noticed(terminal: Terminal, streams: Stream) -> None:
    hung_up = threading.Event()
    streams("stdin", terminal.slave)
    assert not tty.has_hung_up()
    tty.call_at_hangup(hung_up.set)
    assert not hung_up.is_set()
    os.close(terminal.master)
    assert hung_up.wait(60)
    assert tty.has_hung_up()


def test_without_stdin_and_stderr_nothing_is_watched(streams: Stream) -> None:
    before = threading.active_count()
    streams("stdin", None)
    streams("stderr", None)
    tty.call_at_hangup(lambda: pytest.fail("no terminal was closed"))
    assert threading.active_count() == before
    assert not tty.has_hung_up()
