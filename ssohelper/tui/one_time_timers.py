"""Calls a function once: after some time, however late the process runs, or after the next drawing.

By then the user may have left the program, or closed the dialog: then nothing is called.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec

from textual.message_pump import MessagePump
from textual.screen import Screen

_P = ParamSpec("_P")


def is_still_there(pump: MessagePump) -> bool:
    """Return whether this app, screen or widget has its widgets, and may get more.

    No longer so once the user has left the program, or the screen is being removed: Textual then
    refuses to mount widgets, although it handles a few more messages.
    """
    # Textual shows no screen that it removes, and its `display` is the only public sign of that.
    is_removed = isinstance(pump, Screen) and not pump.display
    is_in_program = pump.is_running and pump.is_attached and pump.app.return_code is None
    return is_in_program and not is_removed


def call_after(
    pump: MessagePump, seconds: float, function: Callable[[], object]
) -> asyncio.TimerHandle:
    """Call the function after so many seconds, among the messages of this app, screen or widget.

    Return what `cancel` stops. If the app, screen or widget is gone by then, nothing is called.

    Textual's `set_timer` is not used: if the process does not run for `seconds` while the timer
    starts, Textual 8.2 counts the only call as missed (`skip` in `Timer._run`). On a busy machine 1
    of 500 starts then had no header and no footer.
    """
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, pump.call_later, call_if_there, pump, function)


def call_after_drawing(
    pump: MessagePump, function: Callable[_P, object], *given: _P.args, **named: _P.kwargs
) -> None:
    """Call the function after the next drawing of the screen, when the widget's places are known.

    If the app, screen or widget is gone by then, nothing is called. Textual's `call_after_refresh`
    calls it also then, because the screen that is drawn next may be another one.
    """
    pump.call_after_refresh(call_if_there, pump, function, *given, **named)


def call_if_there(
    pump: MessagePump, function: Callable[_P, object], *given: _P.args, **named: _P.kwargs
) -> object:
    """Call the function, unless the app, screen or widget is gone. Return its result, or None.

    Textual awaits the result, if the function is async.
    """
    return function(*given, **named) if is_still_there(pump) else None
