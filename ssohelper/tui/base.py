"""What the full screen and the pickers share: background work, messages, signals, crashes.

Widgets and screens use `self.app`: `services` (the App that actions need), `run_in_background`,
`show_done` and `show_error`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import RenderableType
from textual.binding import Binding
from textual.events import Event, Resize
from textual.geometry import Size

from ssohelper.app import App
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background, tty
from ssohelper.tui.keys import KeyOrderApp

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")

# Signals that end the program; with each the terminal must be restored.
_SIGNALS = ("SIGTERM", "SIGHUP")
_ERROR_SECONDS = 10


class TuiApp(KeyOrderApp[_Answer], Generic[_Answer]):
    """A Textual app that calls our actions.

    After run(), `crash` is the internal error that ended it, `ended_by_signal` a signal's number.
    """

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, services: App) -> None:
        super().__init__()
        self.services = services
        self.crash: BaseException | None = None
        self.ended_by_signal: int | None = None
        # Until when an error or a warning is shown.
        self._alert_ends_at = 0.0
        # Textual would print a traceback with the values of variables, credentials among them.
        self.error_console.quiet = True

    # -- what screens share --------------------------------------------------------------------

    def run_in_background(
        self,
        work: Callable[[], _T],
        then: Callable[[_T], None] | None = None,
        failed: Callable[[SsoHelperError], None] | None = None,
    ) -> None:
        """Do the work in a thread; then call `then`, or `failed`, in the UI thread."""
        background.start(self, work, then or (lambda _found: None), failed or self.show_error)

    def call_in_ui_thread(self, function: Callable[[_T], None], value: _T) -> None:
        """Call the function in the UI thread. May be called from any thread."""
        background.call_in_ui_thread(self, function, value)

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key for footer and help: `F3`, where Textual has `f3`."""
        shown = super().get_key_display(binding)
        return shown.upper() if shown[:1] == "f" and shown[1:].isdigit() else shown

    def key_of(self, action: str, screen: Screen[Any] | None = None) -> str:
        """Return the name of the key of `SCREEN.ACTION` on this screen, by default the current one.

        "?" if the action has no key there.
        """
        for found in (screen or self.screen).active_bindings.values():
            if found.binding.id == action:
                return self.get_key_display(found.binding)
        return "?"

    def show_done(self, what: str, command: str | None = None) -> None:
        """Show what was done, and the command line that does the same."""
        # Replaces the message before: at 80x24 three of them hide half of a list.
        if self.services.clock.monotonic() >= self._alert_ends_at:
            self.clear_notifications()
        self.notify(show(what) + (f"\n$ {show(command)}" if command else ""), markup=False)

    def show_error(self, error: SsoHelperError) -> None:
        """Show an error and what to type."""
        hint = f"\n{show(error.hint)}" if error.hint else ""
        self._alert(f"{show(error.message)}{hint}", "error", _ERROR_SECONDS)

    def show_warning(self, message: str) -> None:
        """Show a warning that an action gave."""
        self._alert(show(message), "warning", self.NOTIFICATION_TIMEOUT)

    def _alert(self, text: str, severity: SeverityLevel, seconds: float) -> None:
        self._alert_ends_at = self.services.clock.monotonic() + seconds
        self.notify(text, severity=severity, markup=False, timeout=seconds)

    # -- the terminal --------------------------------------------------------------------------

    async def on_event(self, event: Event) -> None:
        # A size without pixels comes from Textual's driver, which may ask the wrong stream (see
        # tty.size); one with pixels was reported by the terminal.
        if isinstance(event, Resize) and event.pixel_size is None and not self.is_headless:
            size = Size(*tty.size())
            event = Resize(size, size)
        await super().on_event(event)

    def on_load(self) -> None:
        """Start to handle signals, before Textual changes the terminal's settings."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            return
        for name in _SIGNALS:
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, self._end_by_signal, number)

    def on_ready(self) -> None:
        if sys.platform != "win32" and not self.is_headless:
            tty.call_at_hangup(lambda: self.call_in_ui_thread(self._end_by_signal, signal.SIGHUP))

    def _end_by_signal(self, number: int) -> None:
        self.ended_by_signal = number
        self.exit()

    # -- the end -------------------------------------------------------------------------------

    def bell(self) -> None:
        """Ring the terminal's bell, or record the unhandled error that ends the program.

        Textual has no public name for that error, but calls this function while it handles one.
        """
        if self.return_code:
            self.crash = self.crash or sys.exception()
        else:
            super().bell()

    def panic(self, *renderables: RenderableType) -> None:
        """End with an internal error: Textual calls this when it cannot read the terminal."""
        errors = [error for error in renderables if isinstance(error, BaseException)]
        self.crash = self.crash or next(
            iter(errors), RuntimeError("the terminal could not be read")
        )
        self.exit(return_code=1)

    def propagate_failure(self) -> None:
        """After run(): raise the internal error, or end this process by the signal, that ended it."""
        if self.ended_by_signal is None and self.return_code and sys.platform != "win32":
            # To draw on a closed terminal fails with an error of its own.
            self.ended_by_signal = signal.SIGHUP if tty.has_hung_up() else None
        if self.ended_by_signal is not None:
            signal.signal(self.ended_by_signal, signal.SIG_DFL)
            os.kill(os.getpid(), self.ended_by_signal)
        if self.crash is not None:
            raise self.crash
        if self.return_code:
            raise RuntimeError("the program ended with an error that Textual did not report")
