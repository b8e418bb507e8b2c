"""Steps that take long, one after the other, without a step being waited for by a key."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from ssohelper.tui import background
from ssohelper.tui.base import HouseApp

_T = TypeVar("_T")


async def result(app: HouseApp[Any], work: Callable[[], _T]) -> _T:
    """Return what the work returned, which was done in a thread; raise what it raised.

    Only in a worker or a task: an awaiting message handler would hold up the keys.
    """
    waiting: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

    def arrived(found: _T) -> None:
        if not waiting.done():
            waiting.set_result(found)

    def failed(error: Exception) -> None:
        if not waiting.done():
            waiting.set_exception(error)

    background.run(app, work, arrived, failed)
    return await waiting
