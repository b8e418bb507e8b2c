"""Work in the background: its result comes back only while the app runs."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from textual.app import App as TextualApp

from ssohelper.errors import UsageProblem
from ssohelper.tui import background


class Program:
    """What `background.run` needs of an app."""

    def __init__(self, *, is_running: bool) -> None:
        self.is_running = is_running
        self._loop = asyncio.get_running_loop()

    def call_later(self, function: Callable[..., None], value: object) -> None:
        self._loop.call_soon_threadsafe(function, value)


async def run(work: Callable[[], int], *, is_running: bool) -> int:
    program = cast("TextualApp[Any]", Program(is_running=is_running))
    return await background.run(program, work)


def fail() -> int:
    raise UsageProblem("no")


def test_the_result_or_the_error_comes_back() -> None:
    assert asyncio.run(run(lambda: 7, is_running=True)) == 7
    with pytest.raises(UsageProblem):
        asyncio.run(run(fail, is_running=True))


@pytest.mark.parametrize("work", [lambda: 7, fail])
def test_what_waits_is_cancelled_if_the_app_has_ended(work: Callable[[], int]) -> None:
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run(work, is_running=False))
