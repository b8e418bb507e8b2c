"""A closed terminal ends the program, and a signal does while the terminal does not read.

There is no endless loop or wait, and no crash report.
"""

import os
import pty
import random
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.tui.terminal import Terminal

# The longest wait: reached only if something is broken.
SECONDS = 120


def read_until(master: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        assert select.select([master], [], [], SECONDS)[0], seen
        seen += os.read(master, 1 << 16)
    return seen


@pytest.mark.parametrize(
    ("argv", "shown"),
    long_after(1, [([], b"20/20"), (["whoami"], b"20/20")]),
    ids=["full screen", "picker"],
)
def test_a_closed_terminal_ends_the_program_without_sighup(shell, argv, shown):
    master, slave = pty.openpty()
    # The program gets a session of its own that this terminal does not control: the kernel sends
    # no SIGHUP to it.
    with subprocess.Popen(
        [SCRIPT, *argv],
        env={**shell.environ, "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as program:
        try:
            os.close(slave)
            read_until(master, shown)
            os.close(master)
            assert program.wait(SECONDS) == -signal.SIGHUP
        finally:
            program.kill()
    assert not (shell.home / "own" / "state" / "crashes").exists()


# Fills the terminal, which nothing reads, until the event loop waits for it. Its `end_work` stands
# for commands that run.
FLOOD = """
import os, sys
from ssohelper.app import App
from ssohelper.cli import pickers
from ssohelper.core.model import SsoSession
from ssohelper.tui import full_screen
from ssohelper.tui.picker import SessionPicker

def flooding(kind):
    class Flooding(kind):
        def on_ready(self):
            self.end_work.add(lambda: os.write(REPORT, b"stopped"))
            self.call_later(self.flood)

        def flood(self):
            os.write(REPORT, b"full\\n")
            for _ in range(100):
                self.copy_to_clipboard("x" * 3000)
                self.output.write("")

    return Flooding

REPORT = int(sys.argv[2])
if sys.argv[1] == "picker":
    pickers.SessionPicker = flooding(SessionPicker)
    session = SsoSession("corp", "https://d-1.awsapps.com/start", "eu-west-1", ())
    pickers.pick_session(App(), [session])
else:
    full_screen.FullScreenApp = flooding(full_screen.FullScreenApp)
    full_screen.main()
"""
ENDS = {"close": signal.SIGHUP, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}


@pytest.mark.parametrize(
    ("end", "kind"),
    long_after(3, pairs_with_each_value_first(list(ENDS), ["full screen", "picker"])),
)
def test_a_program_that_waits_for_the_terminal_can_be_ended(tmp_path, end, kind):
    master, slave = pty.openpty()
    settings = termios.tcgetattr(slave)
    report, of_program = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", FLOOD, kind, str(of_program)],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        pass_fds=[of_program],
    ) as program:
        try:
            os.close(of_program)
            assert os.read(report, 100) == b"full\n"
            if end == "close":
                os.close(slave)
                os.close(master)
            else:
                program.send_signal(ENDS[end])
            assert program.wait(SECONDS) == -ENDS[end]
        finally:
            program.kill()
    if kind == "full screen":
        assert os.read(report, 100) == b"stopped"
    os.close(report)
    if end != "close":
        assert termios.tcgetattr(slave) == settings
        seen = read_until(master, b"\x1b[0m\x1b[?25h")
        assert seen.count(b"\x1b[?1049l") == (kind == "full screen")
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("seed", long_after(0, range(30)))
def test_a_terminal_closed_at_any_moment_ends_the_program(shell: Shell, seed: int) -> None:
    chance = random.Random(seed)
    terminal = Terminal([SCRIPT], shell.environ, size=(100, 30))
    terminal.until("20/20")
    reads = chance.random() < 0.5
    for _ in range(chance.randint(1, 30)):
        terminal.send(chance.choice(["\x1bOQ", "\x1bOR", "\x1bOS", "a", "\x1b[B"]))
        ends_at = time.monotonic() + chance.random() * 0.4
        while (left := ends_at - time.monotonic()) > 0:
            if reads:
                terminal.read(left)
            else:
                time.sleep(left)
    terminal.child.ptyproc.fileobj.close()
    terminal.child.ptyproc.closed = True
    ends_at = time.monotonic() + SECONDS
    while terminal.child.isalive():
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    assert terminal.child.signalstatus == signal.SIGHUP
    assert not (shell.home / "own" / "state" / "crashes").exists()
