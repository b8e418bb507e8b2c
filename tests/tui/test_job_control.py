"""Signals of job control that arrive at any moment: the full screen goes on, or ends.

A shell sends them at ctrl+z, `fg` and `bg`. The kernel sends SIGCONT after SIGHUP to the program of
a terminal that is closed.
"""

import os
import random
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.processes import state_of
from tests.tui.terminal import SECONDS, Terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def full_screen(shell: Shell) -> Iterator[Terminal]:
    terminal = Terminal([SCRIPT], shell.environ, size=(100, 30))
    terminal.until("20/20")
    yield terminal
    terminal.close()


class Job:
    """The full screen as a job of a real bash."""

    def __init__(self, shell: Shell) -> None:
        environ = {**shell.environ, "PS1": "$ "}
        self.terminal = Terminal(("/bin/bash", "--norc"), environ, size=(100, 30))
        self.terminal.until(lambda: "$" in self.terminal.lines)
        self.terminal.send(f"{SCRIPT}\r")
        self.terminal.until("space Actions")
        self.terminal.send("payments prod readonly")
        self.terminal.until(self.is_drawn)
        [self.pid] = map(
            int, Path(f"/proc/{self._shell}/task/{self._shell}/children").read_text().split()
        )

    @property
    def _shell(self) -> int:
        return int(self.terminal.child.pid)

    def is_drawn(self) -> bool:
        return "1/20" in self.terminal.text and "⏎ Use" in self.terminal.text

    def is_gone(self) -> bool:
        return not Path(f"/proc/{self.pid}").exists()

    def end_with_terminal(self) -> None:
        """Close the terminal, and assert that the program ends."""
        self.terminal.close()
        ends_at = time.monotonic() + SECONDS
        while not self.is_gone():
            assert time.monotonic() < ends_at
            time.sleep(0.02)

    def continue_in_background(self) -> None:
        """Let the shell continue the program, which stops again: it may not use the terminal."""
        # The shell has sent SIGCONT when it runs the second command.
        self.run("bg; echo conti''nued")
        self.terminal.until("continued")
        self.terminal.until(lambda: is_stopped(self.pid))

    def run(self, line: str) -> None:
        """Let the shell, which shows its prompt, run the line on a screen without any other text."""
        before = len(self.terminal.raw)
        self.terminal.send(f"clear; echo cle''ared; {line}\r")
        # Not on the screen, where `fg` may draw over it before it is read.
        self.terminal.until(lambda: b"cleared" in self.terminal.raw[before:])

    def stop(self, number: int) -> None:
        """Stop the program by the signal, or by the key if the number is 0."""
        if number:
            os.kill(self.pid, number)
        else:
            self.terminal.send("\x1a")
        self.terminal.until(lambda: is_stopped(self.pid))
        self.terminal.send("echo pro''mpt\r")
        self.terminal.until("prompt")


@pytest.mark.parametrize("number", long_after(2, [0, signal.SIGSTOP, signal.SIGTSTP]))
def test_fg_continues_the_full_screen_which_bg_does_not(shell: Shell, number: int) -> None:
    job = Job(shell)
    for in_background in (False, True):
        job.stop(number)
        if in_background:
            job.continue_in_background()
        job.run("fg; echo shell-a''gain")
        job.terminal.until(job.is_drawn)
    job.terminal.send("\x11")
    job.terminal.until("shell-again")
    job.terminal.close()


@pytest.mark.parametrize("number", [0, signal.SIGSTOP], ids=["key", "STOP"])
def test_a_stopped_program_can_be_ended(shell: Shell, number: int) -> None:
    """bash sends SIGTERM and then SIGCONT."""
    job = Job(shell)
    job.stop(number)
    job.run("kill %1")
    job.terminal.until(job.is_gone)
    job.terminal.close()


@pytest.mark.parametrize("number", [0, signal.SIGSTOP], ids=["key", "STOP"])
def test_a_stopped_program_ends_with_its_terminal(shell: Shell, number: int) -> None:
    job = Job(shell)
    job.stop(number)
    job.end_with_terminal()


def test_a_program_that_got_the_terminal_may_end_in_the_background(shell: Shell) -> None:
    """The full screen then takes the terminal when `fg` gives it back."""
    shell.environ["SHELL"] = str(shell.home / "some-shell")
    lent = Path(shell.environ["SHELL"])
    lent.write_text("#!/bin/sh\necho le''nt\nsleep 1.5\n")
    lent.chmod(0o755)
    job = Job(shell)
    job.terminal.send("\x1b[18~")
    job.terminal.until("lent")
    job.terminal.send("\x1a")
    job.terminal.until("Stopped")
    job.continue_in_background()
    job.run("fg; echo shell-a''gain")
    job.terminal.until(job.is_drawn)
    press_until(job.terminal, "\x11", lambda: "shell-again" in job.terminal.text)
    job.terminal.close()


@pytest.mark.parametrize("seed", long_after(1, range(1, 21)))
def test_a_program_that_is_stopping_ends_with_its_terminal(shell: Shell, seed: int) -> None:
    job = Job(shell)
    job.terminal.send("\x1a")
    time.sleep(random.Random(seed).random() * 0.3)
    job.end_with_terminal()


def is_stopped(pid: int) -> bool:
    return state_of(pid) == "T"


def stop_and_continue(terminal: Terminal, number: int) -> None:
    """Stop the program by the signal, then continue it as `fg` does."""
    pid = int(terminal.child.pid)
    # SIGTSTP does nothing while the program takes or leaves the terminal.
    repeat_until(terminal, lambda: os.kill(pid, number), lambda: is_stopped(pid))
    os.kill(pid, signal.SIGCONT)


def repeat_until(terminal: Terminal, act: Callable[[], object], what: Callable[[], bool]) -> None:
    """Act again and again, each half second, until the function returns true."""
    ends_at = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < ends_at, f"it never happens:\n{terminal.text}"
        act()
        next_at = time.monotonic() + 0.5
        while not what() and time.monotonic() < next_at:
            terminal.read()


def press_until(terminal: Terminal, key: str, what: Callable[[], bool]) -> None:
    """Press the key, again if it was lost: what is typed while the program is stopped is dropped."""
    repeat_until(terminal, lambda: terminal.send(key), what)


def assert_that_it_ends(terminal: Terminal) -> None:
    """Assert that the program ends without an error, and leaves the terminal as it was."""
    press_until(terminal, "\x11", lambda: not terminal.child.isalive())
    settings = termios.tcgetattr(terminal.child.child_fd)
    assert terminal.wait() == 0
    assert settings == terminal.attributes
    assert terminal.raw.count(LEAVE_SCREEN) == terminal.raw.count(ENTER_SCREEN)
    assert terminal.raw.rindex(LEAVE_SCREEN) > terminal.raw.rindex(ENTER_SCREEN)


@pytest.mark.parametrize("seed", long_after(1, range(30)))
def test_the_full_screen_goes_on_after_job_control_at_any_moment(full_screen, seed):
    chance = random.Random(seed)
    for _ in range(15):
        full_screen.send(chance.choice(["\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[B", "\x1b[B"]))
        ends_at = time.monotonic() + chance.random() * 0.1
        while (left := ends_at - time.monotonic()) > 0:
            full_screen.read(left)
        kind = chance.choice(["continue", "stop", "ask to stop"])
        if kind == "continue":
            os.kill(full_screen.child.pid, signal.SIGCONT)
        else:
            stop_and_continue(full_screen, signal.SIGSTOP if kind == "stop" else signal.SIGTSTP)
    press_until(full_screen, "\x1bOQ", lambda: "▸Roles" in full_screen.text)
    assert_that_it_ends(full_screen)


@pytest.mark.parametrize("seed", long_after(1, range(30)))
def test_the_full_screen_ends_although_it_is_continued_meanwhile(full_screen, seed):
    """Each signal interrupts the program anew, also while it writes what restores the terminal."""
    chance = random.Random(seed)

    def is_over() -> bool:
        if full_screen.child.isalive():
            os.kill(full_screen.child.pid, signal.SIGCONT)
            full_screen.read(chance.random() * 0.002)
        return not full_screen.child.isalive()

    press_until(full_screen, "\x11", is_over)
    assert_that_it_ends(full_screen)
