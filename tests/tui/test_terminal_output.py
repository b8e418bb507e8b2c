"""What is written reaches the terminal; one that is closed or stalled holds up nothing for ever."""

import fcntl
import os
import pty
import select
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from ssohelper.tui.terminal_output import TerminalOutput

# The longest wait: reached only if something is broken.
SECONDS = 60
# More than the queue and a terminal hold, with line ends that the terminal does not change.
TEXTS = [f"{number:04d}é" + "x" * 4000 for number in range(60)]


class Pty(NamedTuple):
    master: int
    slave: int
    output: TerminalOutput
    thread: threading.Thread

    def read(self, ends_with: str) -> str:
        """Read until this text was written."""
        found = b""
        while not found.endswith(ends_with.encode()):
            assert select.select([self.master], [], [], SECONDS)[0], found[-99:]
            found += os.read(self.master, 1 << 16)
        return found.decode(errors="replace")


@pytest.fixture(params=["full screen", "picker"])
def terminal(request: pytest.FixtureRequest) -> Iterator[Pty]:
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8", closefd=False) as stream:
        output = TerminalOutput(stream, is_full_screen=request.param == "full screen")
        before = threading.enumerate()
        output.start()
        (thread,) = set(threading.enumerate()) - set(before)
        yield Pty(master, slave, output, thread)
    os.close(master)
    os.close(slave)


def start(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def has_ended(thread: threading.Thread) -> bool:
    thread.join(SECONDS)
    return not thread.is_alive()


def write_all(output: TerminalOutput) -> None:
    for text in TEXTS:
        output.write(text)


def write_all_and_close(output: TerminalOutput) -> None:
    write_all(output)
    output.close()


@pytest.mark.parametrize("blocks", [True, False])
def test_all_text_is_written_in_order_before_the_end(terminal: Pty, blocks: bool) -> None:
    """Another program, such as ssh, may have made writes to this terminal return at once."""
    os.set_blocking(terminal.slave, blocks)
    assert bool(fcntl.fcntl(terminal.slave, fcntl.F_GETFL) & os.O_NONBLOCK) is not blocks
    writing = start(lambda: write_all_and_close(terminal.output))
    assert terminal.read(TEXTS[-1]) == "".join(TEXTS)
    assert has_ended(writing)
    terminal.output.start()
    terminal.output.add("once ")
    terminal.output.write("more")
    terminal.output.add(" and more")
    terminal.output.close()
    assert terminal.read(" and more") == "once more and more"


def test_a_closed_terminal_ends_all_waiting(terminal: Pty) -> None:
    writing = start(lambda: write_all(terminal.output))
    os.read(terminal.master, 1)  # the thread writes, and waits for more to be read
    with open(os.devnull) as null:
        os.dup2(null.fileno(), terminal.master)  # closes the terminal's other end
    assert has_ended(writing)
    assert has_ended(start(lambda: write_all_and_close(terminal.output)))


@pytest.mark.parametrize("work", [write_all, TerminalOutput.close], ids=["drawing", "closing"])
def test_a_terminal_that_does_not_read_is_restored_at_a_signal(terminal, work, request):
    if work is not write_all:
        for text in TEXTS[:20]:  # the queue has room for these texts
            terminal.output.write(text)
    working = start(lambda: work(terminal.output))
    terminal.output.end_soon()
    assert has_ended(working)
    assert has_ended(terminal.thread)
    # The texts that wait are dropped.
    assert has_ended(start(lambda: write_all_and_close(terminal.output)))
    seen = terminal.read("\x1b[?25h")
    is_full_screen = "full screen" in request.node.name
    assert ("\x1b[?1049l" in seen) is is_full_screen
    assert seen.count("é") < 10
    last_text, reset = seen.split("\x18")  # a sequence that was cut ends there
    assert last_text.rstrip("x\n\r")[-5:] in [text[:5] for text in TEXTS]
    assert "\x1b[?1003l" in reset
