"""Runs a flow in the full screen: its questions are dialogs, a cancel raises Interrupted in it."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ssohelper.actions.flows.dialogue import Dialogue, PlanShown, accept_all
from ssohelper.errors import Interrupted
from ssohelper.tui import background
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import diff_lines, text_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

_T = TypeVar("_T")
_Dialogue = TypeVar("_Dialogue", bound="ScreenDialogue")


async def run_flow(app: DialogApp, flow: Callable[[Dialogue], _T]) -> _T:
    return await run_with(app, ScreenDialogue(app), flow)


async def run_with(app: DialogApp, dialogue: _Dialogue, flow: Callable[[_Dialogue], _T]) -> _T:
    """Run the flow in a daemon thread, and return its result or raise its SsoHelperError.

    Only workers may await this. If the worker is cancelled, the flow's dialog is closed.
    """
    # The dialogs are shown in the worker's context: its action knows them as its own.
    context = copy_context()
    try:
        return await background.run(app, lambda: context.run(flow, dialogue))
    finally:
        dialogue.cancel()


class ScreenDialogue:
    """The dialogue of one flow, which calls these methods in its thread."""

    def __init__(self, app: DialogApp) -> None:
        self._app, self._loop = app, asyncio.get_running_loop()
        self._is_cancelled = False
        self._task: asyncio.Future[Any] | None = None

    def cancel(self) -> None:
        """Close the flow's dialog. Only the thread of the full screen may call this."""
        self._is_cancelled = True
        if self._task is not None:
            self._task.cancel()

    def say(self, text: str, command: str = "") -> None:
        self._raise_if_cancelled()
        show_done = self._app.show_done
        background.call_in_ui_thread(
            self._app, lambda given: show_done(*given), (text, command or None)
        )

    def ask(
        self,
        question: str,
        default: str = "",
        check: Callable[[str], object] = accept_all,
        command: str = "",
    ) -> str:
        answer: str = self._show(lambda: AskScreen(question, default, command, check))
        return answer

    def type_word(
        self, notice: str, question: str, check: Callable[[str], object], command: str = ""
    ) -> None:
        check(self.ask(f"{notice}\n{question}", command=command))

    def show_plan(self, plan: PlanShown) -> Literal["y", "n", "c"]:
        *summary, question = plan.summary
        lines, diff = text_lines(summary), diff_lines(plan.diff)
        screen = ConfirmScreen(
            question,
            lines=lines or diff,
            other=diff if lines else (),
            command=plan.command,
            proposes_yes=plan.default,
            can_choose=plan.can_choose,
        )
        if self._show(lambda: screen):
            return "y"
        return "c" if screen.wants_choice else "n"

    def _show(self, make_screen: Callable[[], Screen[Any]]) -> Any:
        """Return the dialog's result. Raises: Interrupted if the user leaves it, or has cancelled."""
        return self._wait_for(lambda: self._app.push_screen_wait(make_screen()))

    def _wait_for(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Return the result of the work, done in the thread of the full screen. None: Interrupted."""
        self._raise_if_cancelled()
        result = concurrent.futures.Future[Any]()

        # A coroutine made here would warn if the loop ends before it runs it.
        def start() -> None:
            if self._is_cancelled:
                result.cancel()
                return
            self._task = asyncio.ensure_future(work())
            self._task.add_done_callback(partial(_copy_result, result))

        try:
            self._loop.call_soon_threadsafe(start)
        except RuntimeError as ended:  # the program has ended
            raise Interrupted("the program has ended") from ended
        try:
            answer = result.result()
        except concurrent.futures.CancelledError:
            answer = None
        if answer is None:
            raise Interrupted("nothing was changed")
        return answer

    def _raise_if_cancelled(self) -> None:
        if self._is_cancelled:
            raise Interrupted("nothing was changed")


def _copy_result(shown: concurrent.futures.Future[Any], task: asyncio.Future[Any]) -> None:
    if task.cancelled():
        shown.cancel()
    elif (error := task.exception()) is not None:
        shown.set_exception(error)
    else:
        shown.set_result(task.result())
