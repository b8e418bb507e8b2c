"""What may take long, in threads that nobody waits for: keys, painting and quitting go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.app import App

from ssohelper.errors import SsoHelperError

_T = TypeVar("_T")


def run(
    app: App[Any],
    work: Callable[[], _T],
    then: Callable[[_T], None],
    failed: Callable[[SsoHelperError], None],
) -> None:
    """Do the work in a daemon thread; its result or error is handed over in the app's own thread.

    Not Textual's thread workers: the interpreter waits for those at its end, so that quitting
    would take as long as a connection that nobody answers.
    """

    def in_thread() -> None:
        try:
            found = work()
        except SsoHelperError as error:
            hand_over(app, failed, error)
        except Exception as error:
            hand_over(app, _crash, error)
        else:
            hand_over(app, then, found)

    def _crash(error: Exception) -> None:
        app._handle_exception(error)

    threading.Thread(target=in_thread, daemon=True, name="tui-background").start()


def hand_over(app: App[Any], function: Callable[[_T], None], value: _T) -> None:
    """Call the function in the app's own thread, later; not at all when the app has ended."""
    loop = app._loop
    if loop is None or loop.is_closed():
        return

    def call() -> None:
        if app.is_running:
            app.call_later(function, value)

    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:  # closed between the question and the call
        return
