"""Runs the full screen without a terminal, and does something at a chosen step of its event loop."""

import asyncio
from asyncio import events
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from ssohelper.tui.full_screen import FullScreenApp
from tests.tui.driving import begin_tasks_at_once

# Reached only if the program hangs.
_LONGEST_SECONDS = 60
# A program without a step for so long does nothing more, but for its clocks and cursors.
_REST_SECONDS = 0.02


class Steps:
    """Counts the steps of the event loop, and calls a function after one of them."""

    def __init__(self) -> None:
        self.count = 0
        self._at, self._act = -1, lambda: None
        self._at_rest: asyncio.TimerHandle | None = None

    def act_after(self, steps: int, act: Callable[[], object]) -> None:
        """Call `act` once: after `steps` more steps, or when the program does nothing more."""
        self.count, self._at, self._act = 0, steps, act  # type: ignore[assignment]

    @property
    def has_acted(self) -> bool:
        return self._at == -1

    def note_step(self) -> None:
        self.count += 1
        if self._at_rest is not None:
            self._at_rest.cancel()
            self._at_rest = None
        if self.count == self._at:
            self._do_act()
        elif not self.has_acted:
            with suppress(RuntimeError):  # a step after the end of the loop
                loop = asyncio.get_running_loop()
                self._at_rest = loop.call_later(_REST_SECONDS, self._do_act)

    def _do_act(self) -> None:
        if not self.has_acted:
            self._at = -1
            self._act()


@contextmanager
def counted_steps() -> Iterator[Steps]:
    """Count each step of asyncio's event loop: a part of a task up to its next wait, or a callback."""
    steps, run = Steps(), events.Handle._run  # type: ignore[attr-defined]

    def run_and_count(handle: events.Handle) -> Any:
        run(handle)
        steps.note_step()

    with mock.patch.object(events.Handle, "_run", run_and_count):
        yield steps


def run_to_end(
    app: FullScreenApp,
    scenario: Callable[[], Awaitable[object]] | None = None,
    size: tuple[int, int] = (100, 30),
) -> None:
    """Run the program as `App.run` does, with its own end. An error in the program is raised."""
    app.animation_level = "none"

    async def go() -> None:
        begin_tasks_at_once()
        running = asyncio.ensure_future(app.run_async(headless=True, size=size))
        if scenario is not None:
            await scenario()
        await asyncio.wait_for(running, _LONGEST_SECONDS)

    try:
        asyncio.run(go())
    finally:
        for end in tuple(app.end_work):
            end()
    app.propagate_failure()
