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

from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.tui.terminal import SECONDS, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def shell(tmp_path: Path, emulator: Emulator) -> Shell:
    made = Shell(tmp_path, emulator)
    assert made.run("list").returncode == 0
    return made


@pytest.fixture
def full_screen(shell: Shell) -> Iterator[Terminal]:
    terminal = Terminal([SCRIPT], shell.environ, size=(100, 30))
    terminal.until("20/20")
    yield terminal
    terminal.close()


def test_ctrl_z_stops_the_full_screen_which_fg_continues_and_bg_does_not(shell: Shell) -> None:
    terminal = Terminal(("/bin/bash", "--norc"), {**shell.environ, "PS1": "$ "}, size=(100, 30))
    terminal.until(lambda: "$" in terminal.lines)
    terminal.send(f"{SCRIPT}\r")
    terminal.until("F7 Shell")
    terminal.send("payments prod readonly")
    terminal.until("1/20")
    for before in ("", "bg\r"):
        terminal.send("\x1a")
        terminal.until("Stopped")
        terminal.send(f"clear\r{before}")
        if before:
            terminal.until("Stopped")  # again, because it may not use the terminal
        terminal.send("clear; fg; echo en''ded\r")
        terminal.until(lambda: "1/20" in terminal.text and "F7 Shell" in terminal.text)
    terminal.send("\x11")
    terminal.until("ended")
    terminal.close()


def is_stopped(terminal: Terminal) -> bool:
    state = Path(f"/proc/{terminal.child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def stop_and_continue(terminal: Terminal, number: int) -> None:
    """Stop the program by the signal, then continue it as `fg` does."""
    os.kill(terminal.child.pid, number)
    terminal.until(lambda: is_stopped(terminal))
    os.kill(terminal.child.pid, signal.SIGCONT)


def press_until(terminal: Terminal, key: str, what: Callable[[], bool]) -> None:
    """Press the key, again if it was lost: what is typed while the program is stopped is dropped."""
    ends_at = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < ends_at, f"no key helps:\n{terminal.text}"
        terminal.send(key)
        next_at = time.monotonic() + 0.5
        while not what() and time.monotonic() < next_at:
            terminal.read()


def assert_that_it_ends(terminal: Terminal) -> None:
    """Assert that the program ends without an error, and leaves the terminal as it was."""
    press_until(terminal, "\x11", lambda: not terminal.child.isalive())
    settings = termios.tcgetattr(terminal.child.child_fd)
    assert terminal.wait() == 0
    assert settings == terminal.attributes
    assert terminal.raw.count(LEAVE_SCREEN) == terminal.raw.count(ENTER_SCREEN)
    assert terminal.raw.rindex(LEAVE_SCREEN) > terminal.raw.rindex(ENTER_SCREEN)


@pytest.mark.parametrize("seed", long_after(1, range(30)))
def test_the_full_screen_goes_on_after_job_control_at_any_moment(
    full_screen: Terminal, seed: int
) -> None:
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
    press_until(full_screen, "\x1bOQ", lambda: "▸F2" in full_screen.text)
    assert_that_it_ends(full_screen)


@pytest.mark.parametrize("seed", long_after(1, range(30)))
def test_the_full_screen_ends_although_it_is_continued_meanwhile(
    full_screen: Terminal, seed: int
) -> None:
    """Each signal interrupts the program anew, also while it writes what restores the terminal."""
    chance = random.Random(seed)
    full_screen.send("\x11")
    while full_screen.child.isalive():
        os.kill(full_screen.child.pid, signal.SIGCONT)
        full_screen.read(chance.random() * 0.002)
    assert_that_it_ends(full_screen)
