"""Calls a function once, later, unless the user has left the program or closed the dialog by then."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec

from textual.message_pump import MessagePump
from textual.screen import Screen

_P = ParamSpec("_P")


def is_still_there(pump: MessagePump) -> bool:
    """Return whether Textual can still mount widgets in this app, screen or widget.

    While the program ends or a screen is removed, it handles a few more messages but refuses.
    """
    # A screen that Textual is removing has a false `display`: there is no other public sign.
    is_removed = isinstance(pump, Screen) and not pump.display
    is_in_program = pump.is_running and pump.is_attached and pump.app.return_code is None
    return is_in_program and not is_removed


def call_after(
    pump: MessagePump, seconds: float, function: Callable[[], object]
) -> asyncio.TimerHandle:
    """Call the function after this many seconds, in the message loop of the app, screen or widget.

    Textual's `set_timer` is not used: if the process does not run for `seconds` while the timer
    starts, Textual 8.2 skips the only call (`skip` in `Timer._run`). On a busy machine 1 of 500
    starts then had no header and no footer.
    """
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, pump.call_later, call_if_there, pump, function)


def call_after_drawing(
    pump: MessagePump, function: Callable[_P, object], *given: _P.args, **named: _P.kwargs
) -> None:
    """Call the function after the next drawing, when widgets have their positions."""
    pump.call_after_refresh(call_if_there, pump, function, *given, **named)


def call_if_there(
    pump: MessagePump, function: Callable[_P, object], *given: _P.args, **named: _P.kwargs
) -> object:
    return function(*given, **named) if is_still_there(pump) else None
