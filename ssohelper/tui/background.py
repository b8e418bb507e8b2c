"""Runs slow work in daemon threads, so that keys, painting and quitting never wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.app import App

from ssohelper.errors import SsoHelperError
from ssohelper.tui.one_time_timers import call_if_there

_T = TypeVar("_T")


def start(
    app: App[Any],
    work: Callable[[], _T],
    then: Callable[[_T], object],
    failed: Callable[[SsoHelperError], object],
) -> None:
    """Start the work in a daemon thread, then call `then` or `failed` in the UI thread.

    Textual's thread workers are not used: the interpreter waits for them at exit, so that the user
    could not quit while a request waits for AWS.
    """

    def do_work() -> None:
        try:
            found = work()
        except SsoHelperError as error:
            call_in_ui_thread(app, failed, error)
        except Exception as error:
            call_in_ui_thread(app, _raise_error, error)
        else:
            call_in_ui_thread(app, then, found)

    threading.Thread(target=do_work, daemon=True, name="tui-background").start()


def start_for_screen(
    app: App[Any],
    work: Callable[[], _T],
    then: Callable[[_T], object] | None,
    failed: Callable[[SsoHelperError], object],
) -> None:
    """Start the work as `start` does, but call nothing once the user has left the program."""
    start(
        app,
        work,
        lambda found: call_if_there(app, then, found) if then else None,
        lambda error: call_if_there(app, failed, error),
    )


async def run(app: App[Any], work: Callable[[], _T]) -> _T:
    """Do the work in a thread, and return its result or raise its SsoHelperError.

    Only workers and tasks may await this: a message handler would block the keyboard. Once the app
    has ended, the caller is cancelled.
    """
    waiting: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

    def set_result(found: _T) -> None:
        if not waiting.done():
            waiting.set_result(found)

    def set_error(error: Exception) -> None:
        if not waiting.done():
            waiting.set_exception(error)

    start(app, work, set_result, set_error)
    try:
        return await waiting
    finally:
        if not app.is_running:
            raise asyncio.CancelledError


def call_in_ui_thread(app: App[Any], function: Callable[[_T], object], value: _T) -> None:
    try:
        app.call_later(function, value)
    except RuntimeError:  # the app has ended, so its event loop is closed
        return


def _raise_error(error: Exception) -> None:
    raise error
