"""An app with dialogs: over which screen they open, who gets the keys meanwhile, which work runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from textual.await_complete import AwaitComplete
from textual.events import Event, Key, MouseDown, MouseEvent
from textual.signal import Signal

from ssohelper.app import App
from ssohelper.core.keymap import ACTIONS, action_may_open_dialog
from ssohelper.core.start_url import is_session_listed
from ssohelper.core.text import count_text
from ssohelper.system.terminal_input import Background
from ssohelper.tui.base import TuiApp
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.one_time_timers import call_if_there, is_still_there
from ssohelper.tui.question_places import QuestionPlaces
from ssohelper.tui.started_actions import StartedActions
from ssohelper.tui.typing_pause import ButtonPlaces, KeyKind

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode
    from textual.screen import Screen

    from ssohelper.actions.role_runs import RunGroup
    from ssohelper.core.model import SsoSession
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.running_sign_ins import RunningSignIn

_T = TypeVar("_T")
# Actions that only show something. They do not remove an error from the message line.
_ONLY_SHOW = frozenset({"app.messages", "messages.copy", "messages.close", "app.help"})
# Keys that may open a dialog, though not every screen has an action in ACTIONS for them: enter
# chooses a line or presses a button; ctrl+c leaves the program, which asks first if sign-ins run.
_OPENING_KEYS = ("enter", "ctrl+c")


class DialogApp(TuiApp[str]):
    """What the screens and dialogs of the full screen know of their app."""

    def __init__(self, services: App, background: Background | None = None) -> None:
        self.background = background or Background()
        super().__init__(services, self.background.input)
        self.typed_ahead = self.background.typed
        self.chosen: RoleRow | None = None
        self._ignores_click = False  # whether the last press of the left button was ignored
        self.started = StartedActions(self)
        self.places = QuestionPlaces(self, self.started)
        self.button_places = ButtonPlaces(lambda: self.typing_pause.begin(KeyKind.CLICK))
        # Dialogs whose workers were cancelled while another screen was in front.
        self._cancelled_dialogs: set[Screen[Any]] = set()
        # Signs out again, and returns whether it did. Set after a set-up has signed in, until the
        # user says what to write: else a token would be left whose session no command knows.
        self.give_back_sign_in: Callable[[], bool] | None = None
        self.list_states = ListStates()
        # The running sign-ins, by the names of their sessions.
        self.sign_ins: dict[str, RunningSignIn] = {}
        # The sessions of ~/.aws/config, as it was last read.
        self.config_sessions: tuple[SsoSession, ...] = ()
        # Published with a session's name when its list of roles was refreshed in the background.
        self.list_refreshed: Signal[str] = Signal(self, "list refreshed")
        # The groups of commands that run with roles' credentials, until their dialogs are closed.
        self.command_groups: set[RunGroup] = set()

    def on_ready(self) -> None:
        self.screen_change_signal.subscribe(self, self._handle_screen_change, immediate=True)

    def action_go(self, name: str) -> None:
        """Show this screen. Help, palette and messages are closed: they describe the old one."""
        while getattr(self.screen, "CLOSES_WITH_SCREEN", False):
            self.pop_screen()
        self.switch_mode(name)

    def pop_screen(self) -> AwaitComplete:
        """Close the dialog in front, if there is one: two quick clicks may close one twice."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

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

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action of a key or of a click. An earlier error is then no longer shown.

        A dialog's action waits until its widgets exist, and is dropped if it is closed by then.
        """
        if self.return_code is not None:
            return False  # the user has left, so no screen can get widgets
        if self.messages.has_alert and self._removes_earlier_error(action):
            self.messages.hide_alert()
            self.messages_changed.publish(None)
        run, dialog = super().run_action, default_namespace
        if not isinstance(dialog, Dialog):
            return await run(action, dialog, namespaces)
        if not dialog.has_opened:
            return dialog.call_later(call_if_there, dialog, run, action, dialog, namespaces)
        return is_still_there(dialog) and await run(action, dialog, namespaces)

    def _removes_earlier_error(self, action: str | ActionParseResult) -> bool:
        name = action.rpartition("app.")[2] if isinstance(action, str) else ""
        return any(
            found.binding.action.removeprefix("app.") == name.removeprefix("screen.")
            and found.binding.id in ACTIONS
            and found.binding.id not in _ONLY_SHOW
            for found in self.screen.active_bindings.values()
        )

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
        """Return whether to handle this press or release: no press just after the screen changes.

        The release after an ignored press is ignored too: Textual would make a click of it.
        """
        if event.is_forwarded or not super().accept_click(event):
            return event.is_forwarded
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

    # -- the known sessions, and what runs ------------------------------------------------------

    def set_listing_times(
        self, sessions: Iterable[SsoSession], listed_at: Mapping[str, int]
    ) -> None:
        """Record the config's sessions, and when AWS returned the saved list of roles of each."""
        self.set_config_sessions(sessions)
        names = tuple(session.name for session in self.config_sessions)
        self.list_states.set_listing_times(names, listed_at)
        self.messages_changed.publish(None)

    def set_config_sessions(self, sessions: Iterable[SsoSession]) -> None:
        """Set the sessions of the config. Stop sign-ins to sessions that it no longer has."""
        self.config_sessions = tuple(sessions)
        for sign_in in tuple(self.sign_ins.values()):
            was_listed = sign_in.is_in_config
            sign_in.is_in_config = is_session_listed(sign_in.session, self.config_sessions)
            if was_listed and not sign_in.is_in_config:
                sign_in.stop()
                self.show_warning(
                    f'the sign-in to "{sign_in.session.name}" was stopped: this session was '
                    "removed, renamed or changed in the config"
                )

    def stop_sign_in(self, session_name: str) -> bool:
        """Stop the running sign-in to this session. Return whether there was one."""
        known = self.sign_ins.get(session_name)
        if known is not None:
            known.stop()
        return known is not None

    def leave(self, command: str | None = None, chosen: RoleRow | None = None) -> None:
        """End the program with the result `command`."""
        self.chosen = chosen
        self.exit(command)

    def leaving_question(self) -> str:
        """Return the question to ask before the program ends, or "" if nothing would be stopped.

        A sign-in whose dialog is shown does not count: the user sees it.
        """
        sign_ins = sum(one.runs_in_background for one in self.sign_ins.values())
        commands = sum(group.unfinished_count for group in self.command_groups)
        found = [
            count_text(count, what)
            for count, what in ((commands, "command"), (sign_ins, "sign-in"))
            if count
        ]
        verb = "is" if commands + sign_ins == 1 else "are"
        return f"{' and '.join(found)} {verb} still running and would stop: leave?" if found else ""
