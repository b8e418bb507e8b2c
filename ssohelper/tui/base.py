"""The base class of the full screen and the pickers: background work, messages, signals, crashes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from rich.console import RenderableType
from textual.binding import Binding
from textual.events import Event, MouseDown, MouseEvent, MouseUp, Resize
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Size
from textual.signal import Signal

from ssohelper.app import App
from ssohelper.core.keymap import ACTIONS, KEYS, WantedAction
from ssohelper.errors import SsoHelperError
from ssohelper.system.terminal_input import TerminalInput
from ssohelper.tui import background, messages, tty
from ssohelper.tui.keys import KeyOrderApp
from ssohelper.tui.messages import Kind, Messages
from ssohelper.tui.one_time_timers import call_after

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from ssohelper.tui.terminal_output import TerminalOutput

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")

_NOTE_SECONDS = 6.0
_NO_COLOR = NoColor()
_KINDS = {"information": Kind.NOTE, "warning": Kind.WARNING, "error": Kind.ERROR}

NO_ROLE_CHOSEN = "no role chosen: ↓ or type"


class TuiApp(KeyOrderApp[_Answer], Generic[_Answer]):
    """A Textual app that calls ssohelper's actions.

    After run(), `crash` is the internal error, and `ended_by_signal` the signal, that ended the
    app.
    """

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, services: App, terminal_input: TerminalInput | None = None) -> None:
        super().__init__()
        self.services = services
        self.terminal_input = terminal_input or TerminalInput()
        # What the user typed before the driver reads the terminal. It passes this on first.
        self.typed_ahead = b""
        self.crash: BaseException | None = None
        self.ended_by_signal: int | None = None
        # Where Textual's driver writes; None on Windows and before there is a driver.
        self.output: TerminalOutput | None = None
        self.messages = Messages()
        # Published when the shown message, a running sign-in, the age of a list of roles, or the
        # error of the list's last refresh may have changed.
        self.messages_changed: Signal[None] = Signal(self, "messages changed")
        self.note_seconds = _NOTE_SECONDS
        # Published with a session's name when a sign-in in the background, or one that was started
        # on the Sessions screen, has succeeded.
        self.signed_in: Signal[str] = Signal(self, "signed in")
        # Called at the program's end. They end work which must not outlive it.
        self.end_work: set[Callable[[], None]] = set()
        # Textual's console is quiet, because Textual would print a traceback with the values of
        # variables, such as credentials.
        self.error_console.quiet = True

    # -- methods for screens and widgets --------------------------------------------------------

    def run_in_background(
        self,
        work: Callable[[], _T],
        then: Callable[[_T], None] | None = None,
        failed: Callable[[SsoHelperError], None] | None = None,
    ) -> None:
        """Do the work in a thread, then call `then` or `failed` (default: show the error) in the UI
        thread.
        """
        background.start_for_screen(self, work, then, failed or self.show_error)

    def call_in_ui_thread(self, function: Callable[[_T], None], value: _T) -> None:
        background.call_in_ui_thread(self, function, value)

    def get_key_display(self, binding: Binding) -> str:
        """Return a key's name for footer and help: `F3` for Textual's `f3`."""
        if " " in binding.key:  # Space, and a letter of the menu that it opens
            return binding.key
        shown = super().get_key_display(binding)
        return shown.upper() if shown[:1] == "f" and shown[1:].isdigit() else shown

    def key_of(self, action: str) -> str:
        """Return the name of the first key of the action `SCREEN.ACTION`, enabled or not."""
        return self.get_key_display(Binding(KEYS[action].split(",")[0], ""))

    def keys_to_run_action(self, wanted: WantedAction) -> str:
        """Return the keys that run an action from here: `space 3, then space A to write`."""
        action = wanted.name
        screen_name = action.partition(".")[0]
        keys = [] if self.current_mode == screen_name else [self.key_of(f"app.{screen_name}")]
        pressed = ", then ".join([*keys, self.key_of(action)])
        if wanted.role:
            return f"{pressed} ({ACTIONS[action].label}) on {wanted.role}"
        return f"{pressed} to {ACTIONS[action].description}"

    def show_done(self, what: str, command: str | None = None) -> None:
        self._show_message(Kind.NOTE, what, f"$ {command}" if command else None)

    def show_error(self, error: SsoHelperError) -> None:
        self._show_message(Kind.ERROR, error.message, error.hint)

    def show_warning(self, message: str, command: str | None = None) -> None:
        self._show_message(Kind.WARNING, message, f"$ {command}" if command else None)

    def warn_nothing_selected(self, kind: str) -> None:
        self.show_warning(f"no {kind} is selected")

    def warn_no_role_chosen(self) -> None:
        self.show_warning(NO_ROLE_CHOSEN)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show Textual's own message in the message line, where it covers no list."""
        self._show_message(_KINDS[severity], message)

    def _show_message(self, kind: Kind, text: str, more: str | None = None) -> None:
        message = messages.make_escaped_message(self.services.clock.now(), kind, text, more)
        self.messages.add(message)
        if kind is Kind.NOTE:
            call_after(self, self.note_seconds, partial(self._hide_note, message))
        self.messages_changed.publish(None)

    def _hide_note(self, note: messages.Message) -> None:
        self.messages.hide_note(note)
        self.messages_changed.publish(None)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the style of less important text: no colour of the terminal is sure to be seen."""
        return {"muted-text-style": "dim" if self.current_theme.ansi else "none"}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters for the colours of drawn lines.

        With NO_COLOR and an ansi theme, a filter that removes all colours replaces Monochrome,
        which would draw ansi colours black on black.
        """
        filters = super().get_line_filters()
        if not (self.no_color and self.native_ansi_color):
            return filters
        return [_NO_COLOR if isinstance(each, Monochrome) else each for each in filters]

    # -- keys, and the terminal's size, signals and hang-up -------------------------------------

    def accept_click(self, event: MouseEvent) -> bool:
        """Return whether to handle this press or release: terminals use all buttons but the left."""
        # A forwarded event was accepted when it first came.
        return event.is_forwarded or event.button <= 1

    async def on_event(self, event: Event) -> None:
        # A size without pixels comes from Textual's driver, which may have asked the wrong stream
        # (`tty.terminal_size` explains that). A size with pixels was reported by the terminal itself.
        if isinstance(event, Resize) and event.pixel_size is None and not self.is_headless:
            size = Size(*tty.terminal_size())
            event = Resize(size, size)
        if isinstance(event, (MouseDown, MouseUp)) and not self.accept_click(event):
            return
        await super().on_event(event)

    def on_ready(self) -> None:
        if sys.platform != "win32" and not self.is_headless:
            tty.call_at_hangup(lambda: self.call_in_ui_thread(self.end_by_signal, signal.SIGHUP))

    def end_by_signal(self, number: int) -> None:
        """End the program, and then this process by this signal."""
        self.ended_by_signal = number
        self.exit()

    # -- how the program ends ------------------------------------------------------------------

    def bell(self) -> None:
        """Ring the terminal's bell, or record the unhandled error that ends the program.

        Textual has no public attribute for such an error, but calls this method while it handles
        one.
        """
        if self.return_code:
            self.crash = self.crash or sys.exception()
        else:
            super().bell()

    def panic(self, *renderables: RenderableType) -> None:
        """End with an internal error. Textual calls this if it cannot read the terminal."""
        errors = [error for error in renderables if isinstance(error, BaseException)]
        self.crash = self.crash or next(
            iter(errors), RuntimeError("the terminal could not be read")
        )
        self.exit(return_code=1)

    def propagate_failure(self) -> None:
        """Raise the error that ended the program, or end this process by the signal that did."""
        if self.ended_by_signal is None and self.return_code and sys.platform != "win32":
            # If the terminal was closed, the error only says that drawing on it failed.
            self.ended_by_signal = signal.SIGHUP if tty.has_hung_up() else None
        if self.ended_by_signal is not None:
            signal.signal(self.ended_by_signal, signal.SIG_DFL)
            os.kill(os.getpid(), self.ended_by_signal)
        if self.crash is not None:
            raise self.crash
        if self.return_code:
            raise RuntimeError("the program ended with an error that Textual did not report")
