"""Calls a function once after some time, however late the process runs."""

import asyncio
from collections.abc import Callable

from textual.message_pump import MessagePump


def call_after(
    pump: MessagePump, seconds: float, function: Callable[[], object]
) -> asyncio.TimerHandle:
    """Call the function after so many seconds, among the messages of this app, screen or widget.

    Return what `cancel` stops. If the app, screen or widget is gone by then, nothing is called.

    Textual's `set_timer` is not used: if the process does not run for `seconds` while the timer
    starts, Textual 8.2 counts the only call as missed (`skip` in `Timer._run`). On a busy machine 1
    of 500 starts then had no header and no footer.
    """
    return asyncio.get_running_loop().call_later(seconds, pump.call_later, function)
