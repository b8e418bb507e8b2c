"""The full screen's set-up as the real program in a terminal: its end, and leaving it early."""

import hashlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.tui.terminal import Terminal


@contextmanager
def full_screen(home: Home) -> Iterator[Terminal]:
    """Run `ssohelper`, type the form of the set-up, and sign in."""
    home.browser()
    terminal = Terminal((SCRIPT,), home.env, size=(120, 40))
    try:
        terminal.until("start URL")
        terminal.send(f"{START_URL} --region us-east-1 --session work\r")
        terminal.until("signed in · ⏎")
        terminal.send("\r")
        terminal.until("profiles to add")
        yield terminal
    finally:
        terminal.close()


def token_file(home: Home) -> Path:
    return home.token_folder / f"{hashlib.sha1(b'work').hexdigest()}.json"


def test_the_end_proposes_a_command_that_was_seen_to_work(home: Home, emulator: Emulator) -> None:
    with full_screen(home) as terminal:
        terminal.send("\r")
        terminal.until("try it: ")
        terminal.send("\r\x11")
        assert terminal.wait() == 0
    assert token_file(home).exists()
    assert "ssohelper_managed" in home.config_file.read_text()


@pytest.mark.long
@pytest.mark.parametrize("number", [None, signal.SIGHUP, signal.SIGTERM])
def test_leaving_before_the_answer_gives_the_sign_in_back(home, emulator, number):
    with full_screen(home) as terminal:
        assert token_file(home).exists()
        if number is None:
            terminal.send("\x11")
        else:
            terminal.child.kill(number)
        assert terminal.wait() == (0 if number is None else -number)
    assert not token_file(home).exists()
    assert emulator.counters["Logout"] == 1
    assert not home.config_file.exists()
