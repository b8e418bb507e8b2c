"""The full screen's set-up as the real program in a terminal: its end, and leaving it early."""

import hashlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home

# The longest wait: reached only if something is broken.
SECONDS = 60
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[A-Za-z]")


class Screen:
    """The program on a terminal of its own: what it has drawn so far, and the keys for it."""

    def __init__(self, program: "subprocess.Popen[bytes]", master: int) -> None:
        self.program, self._master = program, master
        self._seen = b""

    def wait_for(self, text: str) -> None:
        ends_at = time.monotonic() + SECONDS
        while text.encode() not in _ESCAPES.sub(b"", self._seen):
            assert time.monotonic() < ends_at, _ESCAPES.sub(b"", self._seen)
            if select.select([self._master], [], [], 1.0)[0]:
                self._seen += os.read(self._master, 1 << 16)
        self._seen = b""

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait_for_end(self) -> int:
        """Return the exit code; what the program still draws is read, so that it does not wait."""
        try:
            while os.read(self._master, 1 << 16):
                pass
        except OSError:  # the program has closed the terminal
            pass
        return self.program.wait(SECONDS)


@contextmanager
def full_screen(home: Home) -> Iterator[Screen]:
    """Run `ssohelper`, type the form of the set-up, and sign in."""
    home.browser()
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 120))
    with subprocess.Popen(
        [SCRIPT],
        env={**home.env, "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as program:
        os.close(slave)
        screen = Screen(program, master)
        try:
            screen.wait_for("name of the session")
            screen.press(f"{START_URL}\tus-east-1\twork\r")
            screen.wait_for("signed in · ⏎")
            screen.press("\r")
            screen.wait_for("profiles to add")
            yield screen
        finally:
            program.kill()
            os.close(master)


def token_file(home: Home) -> Path:
    return home.token_folder / f"{hashlib.sha1(b'work').hexdigest()}.json"


def test_the_end_proposes_a_command_that_was_seen_to_work(home: Home, emulator: Emulator) -> None:
    with full_screen(home) as screen:
        screen.press("\r")
        screen.wait_for("try it: ")
        screen.press("\r\x11")
        assert screen.wait_for_end() == 0
    assert token_file(home).exists()
    assert "ssohelper_managed" in home.config_file.read_text()


@pytest.mark.long
@pytest.mark.parametrize("number", [None, signal.SIGHUP, signal.SIGTERM])
def test_leaving_before_the_answer_gives_the_sign_in_back(home, emulator, number):
    with full_screen(home) as screen:
        assert token_file(home).exists()
        if number is None:
            screen.press("\x11")
        else:
            screen.program.send_signal(number)
        assert screen.wait_for_end() == (0 if number is None else -number)
    assert not token_file(home).exists()
    assert emulator.counters["Logout"] == 1
    assert not home.config_file.exists()
