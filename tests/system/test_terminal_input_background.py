"""What a terminal answers about its background, asked in a real pty."""

import os
import pty
import select
import signal
import sys
import termios
import time
import tty
from contextlib import suppress

import pytest

from ssohelper.system import terminal_input
from ssohelper.system.terminal_input import Background, ask_background_colour
from tests.cli.listing_world import SCRIPT, Shell
from tests.conftest import RUN_SECONDS
from tests.long_rows import long_after
from tests.tui.terminal import Terminal

_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
_ATTRIBUTES = b"\x1b[?62;22c"


def ask(
    answer: bytes,
    monkeypatch: pytest.MonkeyPatch,
    *,
    before: bytes = b"",
    is_interrupted: bool = False,
    **environ: str,
) -> tuple[Background, bytes]:
    """Ask in a child at a pty; type `before`, answer; return the child's finding and what it got.

    With `is_interrupted`, `typed` is what is left for the program that reads the terminal next.
    """
    monkeypatch.setattr(terminal_input, "_SECONDS", 0.3)
    monkeypatch.setattr(terminal_input, "_SECONDS_OVER_SSH", 60.0)
    out, told = os.pipe()
    pid, terminal = pty.fork()
    if not pid:
        settings = termios.tcgetattr(0)
        with (
            suppress(KeyboardInterrupt),
            ask_background_colour({"TERM": "xterm", **environ}) as found,
        ):
            while (before or is_interrupted) and not select.select([0], [], [], 60)[0]:
                pass
            if is_interrupted:
                raise KeyboardInterrupt
        if is_interrupted:
            tty.setcbreak(0, termios.TCSANOW)
            found.typed = os.read(0, 100) if select.select([0], [], [], 0)[0] else b""
            termios.tcsetattr(0, termios.TCSANOW, settings)
        is_same = termios.tcgetattr(0) == settings
        os.write(told, b"%d %d %s" % (found.is_light, is_same, found.typed))
        os._exit(0)
    os.close(told)
    shown = b""
    if not environ.get("TERM"):
        ends_at = time.monotonic() + RUN_SECONDS
        while _QUESTION not in shown and time.monotonic() < ends_at:
            shown += os.read(terminal, 1000)
        os.write(terminal, before + answer)
    is_light, is_same, typed = os.read(out, 4096).split(b" ", 2)
    os.waitpid(pid, 0)
    for one in (terminal, out):
        os.close(one)
    assert is_same == b"1"
    made = Background()
    made.is_light, made.typed = is_light == b"1", typed
    return made, shown


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")


@pytest.mark.parametrize(
    ("colour", "is_light"),
    [
        (b"rgb:ffff/ffff/ffff\x1b\\", True),
        (b"rgb:fdfd/f6f6/e3e3\x07", True),  # Solarized's light background
        (b"rgba:ff/ff/ff/80\x1b\\", True),
        (b"rgb:0000/0000/0000\x1b\\", False),
        (b"rgb:0000/2b2b/3636\x07", False),  # Solarized's dark background
        (b"rgb:f/f/f\x07", True),
        (b"rgb:zz/zz/zz\x07", False),
    ],
)
def test_the_background_is_light_or_dark(colour, is_light, monkeypatch):
    found, _ = ask(b"\x1b]11;" + colour + _ATTRIBUTES, monkeypatch, SSH_TTY="x")
    assert found.is_light == is_light


def test_a_terminal_that_knows_no_colours_ends_the_wait(monkeypatch):
    # Over SSH the wait would last 60 s here.
    began = time.monotonic()
    found, _ = ask(_ATTRIBUTES, monkeypatch, SSH_CONNECTION="x")
    assert (found.is_light, found.typed) == (False, b"")
    assert time.monotonic() - began < 50


def test_without_an_answer_it_is_dark_and_the_keys_are_kept(monkeypatch):
    found, _ = ask(b"", monkeypatch, before=b"pay prod\n")
    assert (found.is_light, found.typed) == (False, b"pay prod\n")


def test_keys_around_the_answer_are_kept(monkeypatch):
    answer = b"\x1b]11;rgb:ffff/ffff/ffff\x07pr" + _ATTRIBUTES + b"od\x1b[B"
    found, shown = ask(answer, monkeypatch, before="pay\xe9 ".encode(), SSH_TTY="x")
    assert (found.is_light, found.typed) == (True, "pay\xe9 prod\x1b[B".encode())
    assert b"rgb" not in shown


def test_after_an_interrupt_the_shell_gets_no_answer(monkeypatch):
    answer = b"\x1b]11;rgb:ffff/ffff/ffff\x07" + _ATTRIBUTES
    found, _ = ask(answer, monkeypatch, is_interrupted=True, SSH_TTY="x")
    assert found.typed == b""


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_waits_until_the_answer_is_read(number, monkeypatch):
    monkeypatch.setattr(terminal_input, "_SECONDS", 0.0)
    monkeypatch.setattr(terminal_input, "_SECONDS_BEFORE_END", 60.0)
    out, told = os.pipe()
    pid, terminal = pty.fork()
    if not pid:
        run_in_foreground_as_a_shell(number, told)
    os.close(told)
    shown = b""
    while _QUESTION not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x1b]11;rgb:ffff/ffff/ffff\x07" + _ATTRIBUTES)
    assert os.read(out, 100) == b"%d" % number  # what it was ended or stopped by
    os.write(terminal, b"!")
    assert os.read(out, 100) == b"!"  # what the shell reads after the program has ended
    os.waitpid(pid, 0)
    for one in (terminal, out):
        os.close(one)


def run_in_foreground_as_a_shell(number: signal.Signals, told: int) -> None:
    """Ask in a child that gets this signal meanwhile. Tell which signal acted, then what is read."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        with ask_background_colour({"TERM": "xterm"}):
            os.kill(os.getpid(), number)
        os._exit(0)
    status = os.waitpid(child, os.WUNTRACED)[1]
    if os.WIFSTOPPED(status):
        os.kill(child, signal.SIGKILL)
    os.tcsetpgrp(0, os.getpgrp())
    tty.setcbreak(0, termios.TCSANOW)
    is_stopped = os.WIFSTOPPED(status)
    os.write(told, b"%d" % (os.WSTOPSIG(status) if is_stopped else os.WTERMSIG(status)))
    read = b""
    while not read.endswith(b"!"):
        read += os.read(0, 100)
    os.write(told, read)
    os._exit(0)


def test_the_console_of_linux_is_not_asked(monkeypatch):
    found, shown = ask(b"", monkeypatch, TERM="linux")
    assert (found.is_light, shown) == (False, b"")


@pytest.mark.parametrize(
    ("answer", "first"), long_after(1, [(b"ffff/ffff/ffff", 251), (b"0000/0000/0000", 17)])
)
def test_the_full_screen_has_the_colours_that_fit(tmp_path, emulator, answer, first):
    shell = Shell(tmp_path, emulator)
    terminal = Terminal([SCRIPT], {**shell.environ, "COLORTERM": "truecolor", "SSH_TTY": "x"})
    try:
        terminal.until(lambda: _QUESTION in terminal.raw)
        terminal.send(f"\x1b]11;rgb:{answer.decode()}\x07pay\x1b[?62;22crod")
        terminal.until("payrod")
        # The background of our light theme begins with 251, that of the dark one with 17.
        assert f"48;2;{first};".encode() in terminal.raw
        assert b"rgb" not in terminal.text.encode()
    finally:
        terminal.close()


@pytest.mark.parametrize("typed", [b"", b"orders"])
def test_the_echo_of_text_that_was_typed_before_is_erased(typed):
    began, begin = os.pipe()
    pid, terminal = pty.fork()
    if not pid:
        os.read(began, 1)
        with ask_background_colour({"TERM": "xterm"}):
            pass
        os._exit(0)
    os.write(terminal, typed)
    shown = b""
    while len(shown) < len(typed):
        shown += os.read(terminal, 1000)
    os.write(begin, b"!")
    while _QUESTION not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, _ATTRIBUTES)
    os.waitpid(pid, 0)
    for one in (terminal, began, begin):
        os.close(one)
    assert shown == (b"orders\r\x1b[K" if typed else b"") + _QUESTION
