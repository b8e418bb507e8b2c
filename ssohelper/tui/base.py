"""The base class of the full screen and the pickers: background work, messages, signals, crashes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import RenderableType
from textual.binding import Binding
from textual.events import Event, Key, MouseDown, MouseEvent, MouseUp, Resize
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Size
from textual.signal import Signal

from ssohelper.app import App
from ssohelper.core.keymap import ACTIONS, KEYS, action_may_open_dialog
from ssohelper.errors import SsoHelperError
from ssohelper.system.terminal_input import TerminalInput
from ssohelper.tui import background, messages, tty
from ssohelper.tui.keys import KeyOrderApp
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.messages import Kind, Messages
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.question_places import QuestionPlaces
from ssohelper.tui.started_actions import StartedActions
from ssohelper.tui.typing_pause import ButtonPlaces, KeyKind, TypingPause

if sys.platform != "win32":
    from ssohelper.tui.terminal_driver import FullScreenDriver
if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from ssohelper.actions.role_runs import RunGroup
    from ssohelper.core.model import SsoSession
    from ssohelper.tui.running_sign_ins import RunningSignIn
    from ssohelper.tui.terminal_output import TerminalOutput

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")

_NOTE_SECONDS = 6.0
# Actions that only show something. They do not remove an error from the message line.
_ONLY_SHOW = frozenset({"app.messages", "messages.copy", "messages.close", "app.help"})
# Keys that may open a dialog, though not every screen has an action in ACTIONS for them: enter
# chooses a line or presses a button; ctrl+c leaves the program, which asks first if sign-ins run.
_OPENING_KEYS = ("enter", "ctrl+c")
_NO_COLOR = NoColor()
_KINDS = {"information": Kind.NOTE, "warning": Kind.WARNING, "error": Kind.ERROR}


class TuiApp(KeyOrderApp[_Answer], Generic[_Answer]):
    """A Textual app that calls ssohelper's actions.

    After run(), `crash` is the internal error, and `ended_by_signal` the signal, that ended the
    app.
    """

    ENABLE_COMMAND_PALETTE = False

    # Whether the program is drawn below the shell's prompt, not on the full screen.
    IS_BELOW_PROMPT = False

    def __init__(self, services: App, terminal_input: TerminalInput | None = None) -> None:
        super().__init__()
        self.services = services
        self.terminal_input = terminal_input or TerminalInput()
        self.crash: BaseException | None = None
        self.ended_by_signal: int | None = None
        # Where Textual's driver writes; None on Windows and before there is a driver.
        self.output: TerminalOutput | None = None
        self.messages = Messages()
        self.list_states = ListStates()
        # Published when the shown message, a running sign-in, the age of a list of roles, or the
        # error of the list's last refresh may have changed.
        self.messages_changed: Signal[None] = Signal(self, "messages changed")
        self.note_seconds = _NOTE_SECONDS
        self.typing_pause = TypingPause()
        self._ignores_click = False  # whether the last press of the left button was ignored
        self.started = StartedActions(self)
        self.places = QuestionPlaces(self)
        self.button_places = ButtonPlaces(self)
        # Dialogs whose workers were cancelled while another screen was in front.
        self._cancelled_dialogs: set[Screen[Any]] = set()
        # A function that signs out again, and returns whether it did. It is set after a set-up has
        # signed in, until the user says what to write to the config: a user who quits in between
        # would leave a token whose session no command knows.
        self.give_back_sign_in: Callable[[], bool] | None = None
        # The running sign-ins, by the names of their sessions.
        self.sign_ins: dict[str, RunningSignIn] = {}
        # The sessions of ~/.aws/config, as it was last read.
        self.config_sessions: tuple[SsoSession, ...] = ()
        # Published with a session's name when a sign-in in the background, or one that was started
        # on the Sessions screen, has succeeded.
        self.signed_in: Signal[str] = Signal(self, "signed in")
        # Published with a session's name when its list of roles was refreshed in the background.
        self.list_refreshed: Signal[str] = Signal(self, "list refreshed")
        # The groups of commands that run with roles' credentials, until their dialogs are closed.
        self.command_groups: set[RunGroup] = set()
        # Functions that end work which must not outlive the program, such as commands that run.
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
        shown = super().get_key_display(binding)
        return shown.upper() if shown[:1] == "f" and shown[1:].isdigit() else shown

    def key_of(self, action: str) -> str:
        """Return the name of the first key of the action `SCREEN.ACTION`, enabled or not."""
        return self.get_key_display(Binding(KEYS[action].split(",")[0], ""))

    def show_done(self, what: str, command: str | None = None) -> None:
        self._show_message(Kind.NOTE, what, f"$ {command}" if command else None)

    def show_error(self, error: SsoHelperError) -> None:
        self._show_message(Kind.ERROR, error.message, error.hint)

    def show_warning(self, message: str, command: str | None = None) -> None:
        self._show_message(Kind.WARNING, message, f"$ {command}" if command else None)

    def warn_nothing_selected(self, kind: str) -> None:
        self.show_warning(f"no {kind} is selected")

    def check_config_readable(self) -> bool:
        try:
            self.services.config.read()
        except SsoHelperError as error:
            self.show_error(error)
            return False
        return True

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

    async def push_screen_wait(  # type: ignore[override]  # dialogs have no names here
        self, screen: Screen[_T]
    ) -> _T:
        """Show a dialog for the worker that awaits this method, and return the dialog's result.

        QuestionPlaces says over which screen it may open. A cancelled worker closes it.
        """
        await self.places.wait_for_place()
        self.started.expect_dialog(screen)
        try:
            # A cancelled worker must not cancel the result's future, which Textual sets at the end.
            answer = await asyncio.shield(self.push_screen(screen, wait_for_dismiss=True))
        except asyncio.CancelledError:
            self._close_cancelled_dialog(screen)
            raise
        self.started.note_dialog_result(answer)
        return answer

    def _close_cancelled_dialog(self, dialog: Screen[Any]) -> None:
        """Close the dialog now, or when it is in front again: Textual closes no other."""
        if not self.is_running or not dialog.is_running:
            return
        if dialog is self.screen:
            self._cancelled_dialogs.discard(dialog)
            self.typing_pause.begin()
            dialog.dismiss()
        else:
            self._cancelled_dialogs.add(dialog)

    def show_wait_message(self, text: str) -> None:
        """Show what the program waits for, until `hide_wait_message` is called."""
        self.messages.show_wait_message(
            messages.make_escaped_message(self.services.clock.now(), Kind.NOTE, text)
        )
        self.messages_changed.publish(None)

    def hide_wait_message(self) -> None:
        if self.messages.hide_wait_message():
            self.messages_changed.publish(None)

    def _show_message(self, kind: Kind, text: str, more: str | None = None) -> None:
        message = messages.make_escaped_message(self.services.clock.now(), kind, text, more)
        self.messages.add(message)
        if kind is Kind.NOTE:
            call_after(self, self.note_seconds, partial(self._hide_note, message))
        self.messages_changed.publish(None)

    def _hide_note(self, note: messages.Message) -> None:
        self.messages.hide_note(note)
        self.messages_changed.publish(None)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action of a key or of a click. An earlier error is then no longer shown."""
        if self.return_code is not None:
            return False  # the user has left, so no screen can get widgets
        if self.messages.has_alert and self._removes_earlier_error(action):
            self.messages.hide_alert()
            self.messages_changed.publish(None)
        return await super().run_action(action, default_namespace, namespaces)

    def _removes_earlier_error(self, action: str | ActionParseResult) -> bool:
        name = action.rpartition("app.")[2] if isinstance(action, str) else ""
        return any(
            found.binding.action.removeprefix("app.") == name.removeprefix("screen.")
            and found.binding.id in ACTIONS
            and found.binding.id not in _ONLY_SHOW
            for found in self.screen.active_bindings.values()
        )

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters for the colours of drawn lines.

        With NO_COLOR and an ansi theme, a filter that removes all colours replaces Monochrome,
        which would draw ansi colours black on black.
        """
        filters = super().get_line_filters()
        if not (self.no_color and self.native_ansi_color):
            return filters
        return [_NO_COLOR if isinstance(each, Monochrome) else each for each in filters]

    def get_driver_class(self) -> type[Driver]:
        if sys.platform != "win32":
            if self.IS_BELOW_PROMPT:
                # Imported here, because the full screen does not need it.
                from ssohelper.tui.inline_driver import InlineDriver

                return InlineDriver
            return FullScreenDriver
        return super().get_driver_class()

    # -- keys, and the terminal's size, signals and hang-up -------------------------------------

    def accept_key(self, event: Key) -> bool:
        """Return whether to handle this key. Just after a screen changes, most keys are ignored."""
        is_escape = event.key == "escape"
        if is_escape and self.started.cancel_waiting_action():
            return False
        focused = self.focused
        is_text = focused is not None and focused.check_consume_key(event.key, event.character)
        kind = KeyKind.TEXT if is_text else KeyKind.OTHER
        if event.key == "enter" or (event.is_printable and not is_text):
            kind = KeyKind.COMMAND
        acts_at_once = is_escape or self.leaves_screen(event)
        if not acts_at_once and self.typing_pause.ignore_key_in_pause(kind):
            self.bell()
            return False
        bound = self.screen.active_bindings.get(event.key)
        action = bound.binding.id if bound is not None and not is_text else None
        self.typing_pause.note_key(
            may_open_dialog=event.key in _OPENING_KEYS or action_may_open_dialog(action)
        )
        return True

    def accept_click(self, event: MouseEvent) -> bool:
        """Return whether to handle this press or release of a mouse button.

        Only the left button acts: terminals use the others. The release after an ignored press is
        ignored too: Textual would make a click of it.
        """
        if event.is_forwarded or event.button > 1:
            return event.is_forwarded  # a forwarded event was accepted when it first came
        if isinstance(event, MouseDown):
            # The press may be older than the dialog under the pointer, if that took long to draw.
            ago = max(0.0, Event().time - event.time)
            self._ignores_click = self.typing_pause.ignore_key_in_pause(
                KeyKind.CLICK, seconds_ago=ago
            )
            if self._ignores_click:
                self.bell()
            else:
                self.typing_pause.note_key(may_open_dialog=False)
        return not self._ignores_click

    def _handle_screen_change(self, screen: Screen[Any]) -> None:
        self.started.handle_screen_change(screen)
        self.places.handle_screen_change()
        if screen in self._cancelled_dialogs:
            self.call_later(self._close_cancelled_dialog, screen)
        elif screen.is_modal:
            self.typing_pause.begin_after_opening()
            self.button_places.watch(screen)

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
        self.screen_change_signal.subscribe(self, self._handle_screen_change, immediate=True)
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
