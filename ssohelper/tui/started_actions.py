"""Runs the actions that open a dialog or a shell later: one at a time on each screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from inspect import CORO_CREATED, getcoroutinestate
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from textual.worker import NoActiveWorker, get_current_worker

from ssohelper.core.keymap import ACTIONS, Opens
from ssohelper.errors import SsoHelperError
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.typing_pause import KeyKind

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from ssohelper.tui.base import TuiApp

_Work = Coroutine[Any, Any, None]
_Shown = TypeVar("_Shown", bound="Screen[Any]")
_P = ParamSpec("_P")
# How long keys wait for an action's dialog. Then a message says what the program waits for.
WAIT_SECONDS = 1.0


class StartedAction:
    """A running action: its name in ACTIONS, and the screen on which it was started."""

    def __init__(self, name: str, screen: Screen[Any], opens: bool, waits_for: str) -> None:
        self.name, self.screen, self.opens, self.waits_for = name, screen, opens, waits_for
        self.work: _Work | None = None
        self.worker: Worker[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        # The dialog that the action shows, or is about to show.
        self.dialog: Screen[Any] | None = None
        self.holds_keys = self.is_committed = self.is_cancelled = False
        # Whether another question may follow the present one, whatever the user answers.
        self.asks_more = False

    @property
    def is_running(self) -> bool:
        return self.worker is None or not self.worker.is_finished


class StartedActions:
    """Starts actions in workers, and cancels them.

    Keys typed after an action's key wait for its dialog. A text field gets them all, in their
    order; a question gets none, since the user has not seen it. If AWS is slow, the keys are
    dropped after a second, and a message names the key that cancels.
    """

    def __init__(self, app: TuiApp[Any]) -> None:
        self._app = app
        self._running: dict[Screen[Any], StartedAction] = {}
        self.wait_seconds = WAIT_SECONDS

    # -- starting and cancelling actions -------------------------------------------------------

    def start(
        self,
        screen: Screen[Any],
        name: str,
        work: _Work,
        *,
        waits_for: str = "AWS",
    ) -> bool:
        """Start an action of the screen; return False if another one still runs there.

        Its SsoHelperError is shown.

        `waits_for` names what may answer late.
        """
        earlier = self._running.get(screen)
        if earlier is not None and earlier.is_running:
            work.close()
            self._app.bell()
            self._app.show_warning(
                f"{self.name_with_key(name)} was not started: {self.name_with_key(earlier.name)} still runs"
                + ("" if earlier.is_committed else " (esc cancels it)")
            )
            return False
        opens = ACTIONS[name].opens is Opens.DIALOG
        action = self._running[screen] = StartedAction(name, screen, opens, waits_for)
        action.work = work
        self._hold_keys_and_wait(action)
        action.worker = screen.run_worker(partial(self._run, action, work), name)
        return True

    async def _run(self, action: StartedAction, work: _Work) -> None:
        # `start` sets the worker too late: with Textual's task factory (Python 3.12 and newer) the
        # worker runs up to its first wait, which may be for its dialog, before `run_worker` returns.
        action.worker = get_current_worker()
        try:
            await work
        except SsoHelperError as error:
            self._app.show_error(error)
        finally:
            self._end(action)

    def _end(self, action: StartedAction) -> None:
        if self._running.get(action.screen) is action:
            del self._running[action.screen]
        if action.work is not None and getcoroutinestate(action.work) == CORO_CREATED:
            action.work.close()  # the action was cancelled before its worker has begun.
        if action.dialog is None:  # with a dialog, the keys wait until the dialog is drawn
            self._stop_waiting(action)
            self._drop_keys(action)

    def cancel_waiting_action(self) -> bool:
        action = self._running.get(self._app.screen)
        if action is None or action.is_committed or not action.is_running:
            return False
        if action.holds_keys:
            self._app.call_later(self._app.drop_keys)
        self._cancel(action, is_leaving=False)
        return True

    def _cancel(self, action: StartedAction, is_leaving: bool) -> None:
        action.is_cancelled = True
        action.dialog = None
        action.holds_keys = False  # the code that cancels an action drops its waiting keys
        if action.worker is not None:
            action.worker.cancel()
        self._end(action)
        if is_leaving:
            # The warning is shown later, because the key that leaves the screen runs an action,
            # which removes earlier warnings.
            self._app.call_later(self.report_cancelled, action.name)
        else:
            self._app.show_done(f"{self.name_with_key(action.name)} was cancelled")

    def report_cancelled(self, name: str) -> None:
        """Say that this action was cancelled because the user has chosen another screen."""
        self._app.show_warning(
            f"{self.name_with_key(name)} was cancelled: another screen was chosen"
        )

    def make_cancel_check(self) -> Callable[[], bool]:
        """Return a function that tells a thread whether the current worker's action was cancelled."""
        action = self._action_of_current_worker()
        return lambda: action is not None and action.is_cancelled

    def _action_of_current_worker(self) -> StartedAction | None:
        try:
            worker = get_current_worker()
        except NoActiveWorker:
            return None
        return next((one for one in self._running.values() if one.worker is worker), None)

    def name_with_key(self, name: str) -> str:
        """Return the name of an action in messages, with its key: `F7 (Shell)`."""
        action = ACTIONS.get(name)
        if action is None:
            return "the action"
        return f"{self._app.key_of(name)} ({action.label})"

    # -- the keys that wait, and the message that names what is waited for ----------------------

    @property
    def is_holding_keys(self) -> bool:
        return any(action.holds_keys for action in self._running.values())

    def _hold_keys_and_wait(self, action: StartedAction) -> None:
        self._stop_waiting(action)
        if action.opens and self._app.screen is action.screen:
            action.holds_keys = True
            self._app.hold_keys(cancelled=partial(self._handle_key_that_leaves, action))
        announce = partial(self._announce_wait, action)
        action.timer = call_after(self._app, self.wait_seconds, announce)

    def _handle_key_that_leaves(self, action: StartedAction, is_leaving: bool) -> None:
        if not action.is_committed:
            self._cancel(action, is_leaving)
            return
        action.holds_keys = False
        if not is_leaving:  # the keys typed after Escape were for the next question
            self._app.typing_pause.begin(KeyKind.OTHER)

    def _announce_wait(self, action: StartedAction) -> None:
        self._drop_keys(action)
        if action.dialog is None and action.is_running and not action.is_committed:
            text = f"{self.name_with_key(action.name)} is waiting for {action.waits_for}: esc cancels it"
            self._app.show_wait_message(text)

    def _stop_waiting(self, action: StartedAction) -> None:
        if action.timer is not None:
            action.timer.cancel()
            action.timer = None
        self._app.hide_wait_message()

    def _drop_keys(self, action: StartedAction) -> None:
        if not action.holds_keys:
            return
        action.holds_keys = False
        if self._app.has_held_keys:
            self._app.bell()
            self._app.typing_pause.begin(KeyKind.OTHER)
            self._app.show_done(
                f"keys after {self.name_with_key(action.name)} were typed too early: ignored"
            )
        self._app.call_later(self._app.drop_keys)

    def _release_waiting_keys(self, action: StartedAction) -> None:
        if action.holds_keys:
            action.holds_keys = False
            self._app.call_later(self._app.release_keys)

    def release_keys(self) -> None:
        """Let waiting keys act on the screen, if the current worker's action asks nothing more."""
        action = self._action_of_current_worker()
        if action is not None and not action.asks_more:
            action.opens = False
            self._release_waiting_keys(action)

    def drop_keys_for_shell(self) -> None:
        """Drop the waiting keys: the shell that the action opens cannot get them."""
        action = self._action_of_current_worker()
        if action is not None:
            self._stop_waiting(action)
            self._drop_keys(action)

    # -- dialogs of the actions ----------------------------------------------------------------

    def expect_more_questions(self, expected: bool) -> None:
        """Record whether the current worker's action may ask again: no key then acts in between."""
        action = self._action_of_current_worker()
        if action is not None:
            action.asks_more = expected

    def expect_dialog(self, dialog: Screen[Any]) -> None:
        action = self._action_of_current_worker()
        if action is not None:
            action.dialog = dialog

    def handle_screen_change(self, screen: Screen[Any]) -> None:
        """Give waiting keys to an action's dialog that has opened. If it has closed, hold keys."""
        for action in [*self._running.values()]:
            if action.dialog is screen:
                # The timer goes on: it drops the waiting keys if the dialog closes before it is drawn.
                self._app.hide_wait_message()
                screen.call_after_refresh(self._give_keys_to_dialog, action, screen)
            elif action.dialog is not None and action.screen is screen:
                self._hold_keys_and_wait(action)
            elif action.dialog is None and action.holds_keys:  # a click has changed the screen
                self._handle_key_that_leaves(action, is_leaving=True)
                self._app.call_later(self._app.drop_keys)

    def _give_keys_to_dialog(
        self, action: StartedAction, dialog: Screen[Any], tries: int = 20
    ) -> None:
        if not action.holds_keys:
            return
        if not getattr(dialog, "TAKES_HELD_KEYS", False):
            self._drop_keys(action)
        elif dialog.focused is None and tries:
            dialog.call_after_refresh(self._give_keys_to_dialog, action, dialog, tries - 1)
        else:
            self._release_waiting_keys(action)

    def note_dialog_result(self, answer: object) -> None:
        """Record the result of the dialog that the action of the current worker has shown.

        After a yes the action can no longer be cancelled. If the user has left the dialog, the
        action opens no other one, unless it asks about several things.
        """
        action = self._action_of_current_worker()
        if action is None:
            return
        action.dialog = None
        action.is_committed = action.is_committed or answer is True
        if (answer is None or isinstance(answer, bool)) and not action.asks_more:
            self._release_waiting_keys(action)


def starts_action(
    name: str,
) -> Callable[[Callable[Concatenate[_Shown, _P], _Work]], Callable[Concatenate[_Shown, _P], None]]:
    """Return a decorator: calling the screen's async method starts it as the action `name`."""

    def decorate(
        method: Callable[Concatenate[_Shown, _P], _Work],
    ) -> Callable[Concatenate[_Shown, _P], None]:
        @wraps(method)
        def start(screen: _Shown, /, *given: _P.args, **named: _P.kwargs) -> None:
            screen.app.started.start(screen, name, method(screen, *given, **named))  # type: ignore[attr-defined]

        return start

    return decorate
