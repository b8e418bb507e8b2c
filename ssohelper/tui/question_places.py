"""Lets a worker's dialogs open over the screen on which the worker began, never over another."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from textual.screen import Screen
from textual.worker import get_current_worker

if TYPE_CHECKING:
    from textual.worker import Worker

    from ssohelper.tui.base import TuiApp
    from ssohelper.tui.started_actions import StartedActions


class _Place(NamedTuple):
    screen: Screen[Any]
    mode: str
    what: str


class QuestionPlaces:
    def __init__(self, app: "TuiApp[Any]", started: "StartedActions") -> None:
        self._app, self._started = app, started
        self._places: WeakKeyDictionary[Worker[Any], _Place] = WeakKeyDictionary()
        self._waiting: list[asyncio.Future[None]] = []

    def run_worker(self, work: Coroutine[Any, Any, None], group: str, what: str) -> None:
        """Run a worker of the app, whose dialogs wait until the user is back on the present screen.

        The earlier worker of the group is cancelled. `what` names the new worker in messages.
        """
        app = self._app
        place = _Place(app.screen, app.current_mode, what)
        worker = app.run_worker(work, exclusive=True, group=group)
        self._places[worker] = place

    async def wait_for_place(self) -> None:
        """Wait until the screen on which the current worker began is in front.

        If the user has chosen another screen, a worker of `run_worker` waits, and a worker that a
        screen started is cancelled, with a message.
        """
        worker, is_told = get_current_worker(), False
        place = self._places.get(worker)
        if self._app.return_code is not None:  # a return code means that the full screen is ending
            raise asyncio.CancelledError
        if place is None and worker.node is self._app:
            return
        screen = place.screen if place else worker.node.screen
        while not self._is_in_front(screen):
            is_left = screen not in self._app.screen_stack
            if is_left and place is None:
                self._started.report_cancelled(worker.name)
                raise asyncio.CancelledError
            if not is_told:
                self._warn_of_waiting_question(place, worker.name, is_left=is_left)
                is_told = True
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(changed)
            await changed

    def _is_in_front(self, screen: Screen[Any]) -> bool:
        stack = self._app.screen_stack
        while len(stack) > 1 and getattr(stack[-1], "MAY_HAVE_QUESTIONS_ABOVE", False):
            stack = stack[:-1]
        return stack[-1] is screen

    def _warn_of_waiting_question(
        self, place: _Place | None, action: str, *, is_left: bool
    ) -> None:
        app = self._app
        what = place.what if place else self._started.name_with_key(action)
        how = "close this dialog"
        if place is not None and is_left:
            how = f"press {app.key_of(f'app.{place.mode}')}"
        app.show_warning(f"{what} asks something: {how} to see the question")

    def handle_screen_change(self) -> None:
        """Let the waiting workers check again whether their screens are in front."""
        waiting, self._waiting = self._waiting, []
        for changed in waiting:
            if not changed.done():
                changed.set_result(None)
