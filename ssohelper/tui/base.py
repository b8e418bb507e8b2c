"""What the full-screen program and the picker share: our App, work behind, crashes, signals.

A widget or screen reaches these through `self.app`: `house` (the App that actions want),
`in_background`, `did` and `failed`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rich.console import RenderableType
from textual._callback import invoke
from textual.app import App as TextualApp
from textual.binding import Binding
from textual.driver import Driver
from textual.events import Event, Key, Paste

from ssohelper.app import App
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")

# What ends us from outside; each must leave the terminal as it was.
_SIGNALS = ("SIGTERM", "SIGHUP")
# Of an error in a thread of Textual's own, which it hands over as a drawn traceback.
_LOST_TERMINAL = "the terminal could not be read"


class HouseApp(TextualApp[_Answer], Generic[_Answer]):
    """A Textual app over ours. `crash` is an internal error, `ended_by` a signal's number."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, house: App) -> None:
        super().__init__()
        self.house = house
        self.crash: BaseException | None = None
        self.ended_by: int | None = None

    # -- what screens share --------------------------------------------------------------------

    def in_background(
        self,
        work: Callable[[], _T],
        then: Callable[[_T], None] | None = None,
        failed: Callable[[SsoHelperError], None] | None = None,
    ) -> None:
        """Do the work in a thread, then hand its result (or error) over in the app's thread."""
        background.run(self, work, then or (lambda _found: None), failed or self.failed)

    def hand_over(self, function: Callable[[_T], None], value: _T) -> None:
        """Call the function in the app's own thread; from any thread."""
        background.hand_over(self, function, value)

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as footer, help and words name it: `F3`, where Textual says `f3`."""
        shown = super().get_key_display(binding)
        return shown.upper() if shown[:1] == "f" and shown[1:].isdigit() else shown

    def key_of(self, action: str) -> str:
        """Return the key of `SCREEN.ACTION` as a person reads it, "?" for none here."""
        for found in self.screen.active_bindings.values():
            if found.binding.id == action:
                return self.get_key_display(found.binding)
        return "?"

    def did(self, what: str, command: str | None = None) -> None:
        """Say what was done, and the command line that does the same."""
        said = show(what) + (f"\n$ {show(command)}" if command else "")
        # In the place of the one before: at 80x24 three of them hide the half of a list.
        for note in [note for note in self._notifications if note.severity == "information"]:
            self._unnotify(note, refresh=False)
        self.notify(said, markup=False)

    def failed(self, error: SsoHelperError) -> None:
        """Say what went wrong and what to type."""
        said = show(error.message) + (f"\n{show(error.hint)}" if error.hint else "")
        self.notify(said, severity="error", markup=False, timeout=10)

    def warned(self, message: str) -> None:
        """Show a warning of an action."""
        self.notify(show(message), severity="warning", markup=False)

    # -- keys ----------------------------------------------------------------------------------

    async def on_event(self, event: Event) -> None:
        """Let a key or pasted text do all that it does before the next one is looked at.

        Textual hands letters to the focused widget's queue, while other keys pass from queue to
        queue until one of them is a binding: of `ab⌫c⇥d` in one burst the ⌫ would take the c, and
        the d would stand in the field that one has left.
        """
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        event._set_forwarded()
        self.app_focus = True
        if isinstance(event, Key):
            self.screen._clear_tooltip()
            if await self._check_bindings(event.key, priority=True):
                return
        for node in (self.focused or self.screen).ancestors_with_self:
            event._no_default_action = False  # as where it bubbles: each node decides for itself
            with node._context():
                for _, handle in node._get_dispatch_methods(event.handler_name, event):
                    await invoke(handle, event)
            if event._stop_propagation or not event.bubble:
                return

    # -- the terminal --------------------------------------------------------------------------

    def _build_driver(
        self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None
    ) -> Driver:
        driver = super()._build_driver(headless, inline, mouse, size)
        # Textual asks stdout for its size but draws on stderr: inside $(…) that would be 80×24.
        if not headless:
            driver.__dict__["_get_terminal_size"] = _terminal_size
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and not headless and sys.platform != "win32":
                asyncio.get_running_loop().add_signal_handler(number, self._end_by, number)
        return driver

    def _end_by(self, number: int) -> None:
        self.ended_by = number
        self.exit()

    def die_of_signal(self) -> None:
        """After run(): die of the signal that ended us, as whoever sent it expects."""
        if self.ended_by is not None:
            signal.signal(self.ended_by, signal.SIG_DFL)
            os.kill(os.getpid(), self.ended_by)

    # -- crashes -------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """End with the error kept for the front door: no traceback, no locals on a terminal."""
        self.crash = self.crash or error
        self._return_code = 1
        # run_test raises it in the test.
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self._handle_exception(RuntimeError(_LOST_TERMINAL))

    def panic(self, *renderables: RenderableType) -> None:
        self._handle_exception(RuntimeError(_LOST_TERMINAL))


def _terminal_size() -> tuple[int, int]:
    """Return columns and lines of the terminal that is drawn on."""
    for stream in (sys.__stderr__, sys.__stdin__, sys.__stdout__):
        try:
            size: Any = os.get_terminal_size(stream.fileno()) if stream else None
        except (OSError, ValueError):
            continue
        if size and size.columns and size.lines:
            return size.columns, size.lines
    fallback = shutil.get_terminal_size()
    return fallback.columns, fallback.lines
