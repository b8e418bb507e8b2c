"""An app with dialogs, and with one action at a time that owns the keyboard while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from textual.await_complete import AwaitComplete
from textual.events import Event, Key, MouseDown, MouseEvent, Paste
from textual.signal import Signal

from ssohelper.app import App
from ssohelper.core.keymap import ACTIONS, KEYS
from ssohelper.core.start_url import is_session_listed
from ssohelper.core.text import count_text
from ssohelper.system.terminal_input import Background
from ssohelper.tui.base import TuiApp
from ssohelper.tui.busy import Busy
from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.one_time_timers import call_if_there, is_still_there

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode
    from textual.screen import Screen

    from ssohelper.actions.role_runs import RunGroup
    from ssohelper.core.model import SsoSession
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.running_sign_ins import RunningSignIn
    from ssohelper.tui.widgets.clock_lines import Clocks

_T = TypeVar("_T")
# Actions that only show something. They do not remove an error from the message line.
_ONLY_SHOW = frozenset(
    {"app.menu", "app.commands", "app.messages", "messages.copy", "messages.close", "app.help"}
)
_ENDING_KEYS = frozenset({"ctrl+c", "ctrl+z", *KEYS["app.quit"].split(",")})
# The actions that leave a screen whose content is still being read.
_LEAVING = frozenset({"app.accounts", "app.sessions", "app.profiles"})


class DialogApp(TuiApp[str]):
    """What the screens and dialogs of the full screen know of their app."""

    def __init__(self, services: App, background: Background | None = None) -> None:
        self.background = background or Background()
        super().__init__(services, self.background.input)
        self.typed_ahead = self.background.typed
        self.chosen: RoleRow | None = None
        # Whether this shell has used a role before its present one.
        self.has_previous_role = False
        self.busy = Busy(self)
        # What is done after the first paint, in order; None once that is over.
        self._late_work: list[Callable[[], Awaitable[None]]] | None = []
        self._ignores_click = False  # whether the last press of the left button was ignored
        # Signs out again, and returns whether it did. Set after a set-up has signed in, until the
        # user says what to write: else a token would be left whose session no command knows.
        self.give_back_sign_in: Callable[[], bool] | None = None
        self.list_states = ListStates()
        # The running sign-ins, by the names of their sessions.
        self.sign_ins: dict[str, RunningSignIn] = {}
        # The sessions of ~/.aws/config, as it was last read.
        self.config_sessions: tuple[SsoSession, ...] = ()
        # The times of sign-ins and role credentials, and this shell's role, as they were last read.
        self.clocks: Clocks | None = None
        self.clocks_read: Signal[None] = Signal(self, "clocks read")
        # Published after another process has changed roles, profiles, favourites or settings.
        self.lists_changed: Signal[None] = Signal(self, "lists changed")
        # Published with a session's name when its list of roles was refreshed in the background.
        self.list_refreshed: Signal[str] = Signal(self, "list refreshed")
        # The groups of commands that run with roles' credentials, until their dialogs are closed.
        self.command_groups: set[RunGroup] = set()
        # The command lines that were run as roles, the newest last.
        self.command_history: list[str] = []

    def do_after_first_paint(self, work: Callable[[], Awaitable[None]]) -> None:
        if self._late_work is None:
            self.call_later(work)
        else:
            self._late_work.append(work)

    async def do_late_work(self) -> None:
        while self._late_work:
            await self._late_work.pop(0)()
        self._late_work = None

    def action_go(self, name: str) -> None:
        """Show this screen. Help, palette and messages are closed: they describe the old one."""
        while getattr(self.screen, "CLOSES_WITH_SCREEN", False):
            self.pop_screen()
        if self.screen.is_modal:  # the dialog asks something first
            self.bell()
        else:
            self.switch_mode(name)

    def pop_screen(self) -> AwaitComplete:
        """Close the dialog in front, if there is one: two quick clicks may close one twice."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    async def push_screen_wait(  # type: ignore[override]  # dialogs have no names here
        self, screen: Screen[_T]
    ) -> _T:
        """Show a dialog for the worker that awaits this method, and return the dialog's result.

        A cancelled worker closes it.
        """
        if self.return_code is not None:  # a return code means that the full screen is ending
            raise asyncio.CancelledError
        self.busy.hide()
        try:
            # A cancelled worker must not cancel the result's future, which Textual sets at the end.
            answer = await asyncio.shield(self.push_screen(screen, wait_for_dismiss=True))
        except asyncio.CancelledError:
            if self.is_running and screen is self.screen:
                screen.dismiss()
            raise
        self.busy.note_answer(answer)
        return answer

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

    def accept_input(self, event: Key | Paste) -> bool:
        """Return whether to handle this key or paste. While an action runs, few keys act."""
        if not self.busy.owns_keyboard or self._ends_or_suspends(event):
            return True
        is_escape = isinstance(event, Key) and event.key == "escape"
        if not (is_escape and self.busy.cancel()):
            self.bell()
        return False

    def _ends_or_suspends(self, event: Key | Paste) -> bool:
        # The bindings of the app are not active while a dialog is in front.
        return isinstance(event, Key) and event.key in _ENDING_KEYS

    async def on_event(self, event: Event) -> None:
        if (
            isinstance(event, Key)
            and not event.is_forwarded
            and self.screen_stack
            and not getattr(self.screen, "has_content", True)
            and self._leaves_screen(event)
        ):
            # What the screen reads may never come, such as from a locked keyring.
            self._waiting_input.clear()
            await self.handle_input(event)
        else:
            await super().on_event(event)

    def _leaves_screen(self, event: Key) -> bool:
        bound = self.screen.active_bindings.get(event.key)
        name = bound.binding.id if bound is not None else None
        return self._ends_or_suspends(event) or name in _LEAVING

    def accept_click(self, event: MouseEvent) -> bool:
        """Return whether to handle this press or release: none while the keys do not act."""
        if event.is_forwarded or not super().accept_click(event):
            return event.is_forwarded
        if isinstance(event, MouseDown):
            self._ignores_click = self.busy.owns_keyboard or self.is_opening
            if self._ignores_click:
                self.bell()
        # After an ignored press, Textual would make a click of the release and of an earlier press.
        return not self._ignores_click

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


class MainScreen(CurrentSizeScreen[None]):
    """A screen that a key of every screen shows. Any of them can be the first of the program."""

    app: DialogApp

    def on_mount(self) -> None:
        self.app.do_after_first_paint(self.mount_late_widgets)

    async def mount_late_widgets(self) -> None:
        """Mount the widgets that would delay the program's first paint."""
