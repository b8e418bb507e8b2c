"""The drivers' input through TerminalInput and output through TerminalOutput.

Import on Unix only.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import constants
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from ssohelper.tui import tty
from ssohelper.tui.terminal_output import TerminalOutput

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

if sys.platform == "win32":
    raise ImportError("on Windows, Textual's own driver reads the terminal")
_BYTES = 65_536
# bash's `kill` sends SIGTERM and then SIGCONT, but the kernel may deliver SIGCONT first: how long to
# wait for SIGTERM then.
_END_SECONDS = 0.2


class CleanTerminalDriver(Driver):
    """What our drivers have in common.

    A subclass also derives from a driver of Textual, after this.
    """

    IS_FULL_SCREEN: ClassVar[bool]
    fileno: int

    def __init__(self, app: TuiApp[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self.program = app
        self.output = app.output = TerminalOutput(
            sys.__stderr__ or sys.stderr, is_full_screen=self.IS_FULL_SCREEN
        )
        end_at_signals(app, self.output)

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and after it was left.

        In the background, stop until `fg`.
        """
        self.output.start()
        super().start_application_mode()  # type: ignore[safe-super,unused-ignore]  # Textual's driver has it

    def close(self) -> None:
        self.output.close()
        super().close()

    def run_input_thread(self) -> None:
        """Read the terminal until the program ends or is suspended."""
        with clean_input(self):
            super().run_input_thread()  # type: ignore[misc,unused-ignore]  # Textual's driver has it


class FullScreenDriver(CleanTerminalDriver, LinuxDriver):
    """The driver for the full screen. Textual's own output thread has nothing to write."""

    IS_FULL_SCREEN = True

    def __init__(self, app: TuiApp[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self._terminal = self.fileno
        self._has_terminal = self._is_lent = self._is_stopped = self._is_take_queued = False
        # Textual's own handlers leave and take the terminal at once, also when they interrupt a write
        # of `output`, which then waits for itself for ever, or when the program is about to end. The
        # kernel sends SIGCONT after SIGHUP when a terminal is closed.
        call_soon = asyncio.get_running_loop().call_soon_threadsafe

        def handle_stop(*_: object) -> None:
            if self._is_lent:  # the loop waits for the end of the program that has the terminal
                self._stop()
            elif self._has_terminal:
                call_soon(self._leave_terminal_and_stop)

        def handle_continue(*_: object) -> None:
            if (self._has_terminal or self._is_stopped) and not self._is_take_queued:
                self._is_take_queued = True
                call_soon(self._take_terminal_again)

        signal.signal(signal.SIGTSTP, handle_stop)
        signal.signal(signal.SIGCONT, handle_continue)

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and after it was left.

        In the background, stop until `fg`.
        """
        while self._is_in_background() and not self.output.must_end:
            self._stop()
        super().start_application_mode()
        self._has_terminal = True

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was before, at the end and for other programs."""
        if self._is_stopped:  # the terminal is restored already
            return
        self._has_terminal = False
        super().stop_application_mode()

    @contextmanager
    def no_automatic_restart(self) -> Iterator[None]:
        """Lend the terminal to another program in the `with` block. `App.suspend` calls this."""
        self._is_lent = True
        try:
            with super().no_automatic_restart():
                yield
        finally:
            self._is_lent = False

    def _stop(self) -> None:
        """Stop this process until SIGCONT, unless it is to end: no shell would continue it then."""
        if not self.output.must_end:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _leave_terminal_and_stop(self) -> None:
        if self._has_terminal:
            self.suspend_application_mode()
            self._is_stopped = True
            self._stop()

    def _take_terminal_again(self) -> None:
        """Go on after SIGCONT. The shell may have changed the terminal's settings."""
        self._is_take_queued = False
        if self.output.must_end:
            return
        if self._is_in_background():  # continued by `bg`, or to be ended by `kill`
            asyncio.get_running_loop().call_later(_END_SECONDS, self._stop_in_background)
            return
        if self._has_terminal:  # stopped by SIGSTOP, or not at all
            self.suspend_application_mode()
        elif not self._is_stopped:
            return
        self._is_stopped = False
        self.resume_application_mode()
        self.program.post_message(self.SignalResume())

    def _stop_in_background(self) -> None:
        if self._is_in_background():
            self._stop()

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self._terminal) != os.getpgrp()
        except OSError:  # this terminal is closed, or does not control the program
            return False

    def write(self, data: str) -> None:
        self.output.write(data)


def end_at_signals(program: TuiApp[Any], output: TerminalOutput) -> None:
    """End the program at SIGTERM and SIGHUP, also while it waits for the terminal."""

    def end_soon(*_: object) -> None:
        output.end_soon()
        # Else the kernel stops a program that restores the terminal's settings in the background.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)

    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, program.end_by_signal, number)
        # asyncio's own handler does nothing: its loop calls `end_by_signal` when it runs again. This
        # one runs also while the loop waits for the terminal.
        signal.signal(number, end_soon)


@contextmanager
def clean_input(driver: CleanTerminalDriver) -> Iterator[None]:
    """Let the driver read cleaned input in the `with` block, from a pipe that a thread fills.

    In the block, the driver's `fileno` is the pipe, else the terminal, whose settings Textual
    changes.
    """
    terminal, program, found = driver.fileno, driver.program, driver.program.terminal_input
    if found.early_bytes is None:
        found.early_bytes = tty.count_bytes_to_read()
    found.escape_seconds = constants.ESCAPE_DELAY
    if constants.DISABLE_KITTY_KEY:
        found.escape_key = "\x1b"
    (driver.fileno, cleaned), (wakes, wake) = os.pipe(), os.pipe()
    os.set_blocking(cleaned, False)
    thread = threading.Thread(
        target=_pass_input_on,
        args=(program, terminal, cleaned, wakes),
        daemon=True,
        name="tui-input",
    )
    try:
        thread.start()
        yield
    finally:
        os.close(wake)
        thread.join()
        for one in (driver.fileno, cleaned, wakes):
            os.close(one)
        driver.fileno = terminal
        found.drop_held_input()


def _pass_input_on(program: TuiApp[Any], terminal: int, cleaned: int, wakes: int) -> None:
    found = program.terminal_input
    typed, program.typed_ahead = program.typed_ahead, b""
    try:
        # A line feed is the key Enter, typed before the terminal's settings were changed.
        _write_cleaned_input(typed.replace(b"\n", b"\r"), cleaned, wakes)
        while True:
            wait = found.seconds_left(time.monotonic())
            ready = select.select([terminal, wakes], [], [], wait)[0]
            if wakes in ready:
                return
            if terminal in ready:
                data = os.read(terminal, _BYTES)
                if not data:  # the terminal was closed, which ends the program
                    return
                keys = found.feed(data, time.monotonic())
            else:
                keys = found.release_held_input(time.monotonic())
            _write_cleaned_input(keys.encode(), cleaned, wakes)
    except Exception as error:
        with suppress(RuntimeError):  # Textual raises it once the full screen has ended
            program.call_later(program.panic, error)


def _write_cleaned_input(data: bytes, cleaned: int, wakes: int) -> None:
    while data:
        ready, writable, _ = select.select([wakes], [cleaned], [])
        if ready:
            return
        if writable:
            data = data[os.write(cleaned, data) :]
