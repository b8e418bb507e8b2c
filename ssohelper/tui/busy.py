"""Runs one action at a time. Until it ends or asks something, it owns the keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.widgets.key_hints import KeyHints

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from ssohelper.tui.base import TuiApp

# Most actions ask or end sooner than this. They show no busy screen.
SHOW_SECONDS = 0.15
_BAR_WIDTH = 40


class Action:
    def __init__(self, name: str, text: str, screen: Screen[Any]) -> None:
        self.name, self.text, self.screen = name, text, screen
        self.label = ACTIONS[name].label if name in ACTIONS else name
        # After a yes, an action is not cancelled half-way.
        self.is_committed = self.is_cancelled = False
        self.progress = 0, 0  # how many of how many steps are done
        self.worker: Worker[None] | None = None
        self.timer: asyncio.TimerHandle | None = None


class BusyScreen(Dialog[None]):
    """Says what an action waits for. The app handles Escape, and drops the other keys."""

    CSS_PATH = "styles/screens.tcss"
    # The app's own binding is not active while a dialog is in front.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.help_quit", show=False)]

    def __init__(self, action: Action) -> None:
        super().__init__()
        self._action = action

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._action.label)), classes="dialog--title")
            yield Static("", id="waiting", markup=False)
            yield KeyHints([] if self._action.is_committed else [("escape", "cancel")])

    def on_mount(self) -> None:
        self.show_progress()

    def show_progress(self) -> None:
        if not self.query("#waiting"):
            return
        text = show(self._action.text)
        done, total = self._action.progress
        if total:
            count = f"  {done} of {total}"
            # A narrow screen has no room for the whole bar beside the dialog's border and padding.
            width = max(0, min(_BAR_WIDTH, self.app.size.width - 4) - len(count))
            full = width * done // total
            text = f"{text}\n{'━' * full}{'╌' * (width - full)}{count}"
        self.query_one("#waiting", Static).update(Content(text))


class Busy:
    """The action that runs. The screen on which it began, and the busy screen, get no keys."""

    def __init__(self, app: TuiApp[str]) -> None:
        self._app = app
        self._action: Action | None = None
        self._shown: BusyScreen | None = None

    @property
    def owns_keyboard(self) -> bool:
        action, stack = self._action, self._app.screen_stack
        return action is not None and bool(stack) and stack[-1] in (action.screen, self._shown)

    @property
    def is_running(self) -> bool:
        return self._action is not None

    def start(
        self, name: str, work: Callable[[], Awaitable[object]], waits_for: str = "AWS"
    ) -> None:
        """Start the action `name` of the screen in front. Its SsoHelperError is shown.

        `waits_for` names what may answer late.
        """
        if self._action is not None or not self._app.is_running:
            self._app.bell()
            return
        action = self._action = Action(name, f"waiting for {waits_for}", self._app.screen)
        self._show_later()
        worker = self._app.run_worker(self._run(action, work), name)
        action.worker = worker

    async def _run(self, action: Action, work: Callable[[], Awaitable[object]]) -> None:
        try:
            if not action.is_cancelled:
                await work()
        except SsoHelperError as error:
            if not action.is_cancelled:
                self._app.show_error(error)
        finally:
            self._end(action)

    def _end(self, action: Action) -> None:
        if self._action is action:
            self.hide()
            self._action = None

    def cancel(self) -> bool:
        """Cancel the action, unless the user has said yes. Return whether it was cancelled."""
        action = self._action
        if action is None or action.is_committed:
            return False
        action.is_cancelled = True
        if action.worker is not None:
            action.worker.cancel()
        self._end(action)
        self._app.show_done(f"{action.label} was cancelled")
        return True

    def make_cancel_check(self) -> Callable[[], bool]:
        """Return a function that tells a thread whether the present action was cancelled."""
        action = self._action
        return lambda: action is not None and action.is_cancelled

    def note_answer(self, answer: object) -> None:
        """Record the answer to one of the action's questions. The action then owns the keyboard."""
        if self._action is not None:
            self._action.is_committed |= answer is True
            self._show_later()

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far the action is, in the busy screen."""
        if self._action is not None:
            self._action.text, self._action.progress = text, (done, total)
        if self._shown is not None:
            self._shown.show_progress()

    # -- the busy screen -----------------------------------------------------------------------

    def _show_later(self) -> None:
        action = self._action
        if action is not None:
            if action.timer is not None:
                action.timer.cancel()
            action.timer = call_after(self._app, SHOW_SECONDS, self._show)

    def _show(self) -> None:
        if self.owns_keyboard and self._shown is None and self._action is not None:
            self._shown = BusyScreen(self._action)
            self._app.push_screen(self._shown)

    def hide(self) -> None:
        """Close the busy screen, for a question or at the end."""
        if self._action is not None and self._action.timer is not None:
            self._action.timer.cancel()
        shown, self._shown = self._shown, None
        if shown is not None and self._app.is_running and shown is self._app.screen:
            shown.dismiss()
