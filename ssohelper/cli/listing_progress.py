"""Shows the progress of listing accounts and roles at AWS, if the listing takes a while."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession

# A function that is called with how many accounts have been listed, and how many there are.
ReportStep = Callable[[int, int], None]
_BAR_AFTER_SECONDS = 0.3
_LINE_AFTER_SECONDS = 5.0


def fetch_listing(
    app: App,
    session: SsoSession,
    *,
    refresh: bool = False,
    of_this_sign_in: bool = False,
    from_scratch: bool = False,
) -> Listing:
    """Return the result of `directory.fetch_listing`. Shows the progress if AWS is asked."""
    with _show_listing_progress() as progress:
        return directory.fetch_listing(
            app,
            session,
            refresh=refresh,
            of_this_sign_in=of_this_sign_in,
            from_scratch=from_scratch,
            progress=progress,
        )


@contextmanager
def _show_listing_progress() -> Iterator[ReportStep]:
    """Yield the function that the caller must call whenever roles of another account are listed.

    A terminal shows a bar after 0.3 s. If stderr is no terminal, it gets one line after 5 s.
    """
    draws = sys.stderr.isatty() and not output.options().json
    with (
        _DelayedDisplay(_BAR_AFTER_SECONDS, _show_listing_bar)
        if draws
        else _DelayedDisplay(_LINE_AFTER_SECONDS, _show_first_step_line) as late
    ):
        yield late.show_step


class _DelayedDisplay:
    """Shows progress only after some time, so that a saved listing does not import rich."""

    def __init__(
        self, seconds: float, show_it: Callable[[], AbstractContextManager[ReportStep]]
    ) -> None:
        self._show = show_it
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._step: ReportStep | None = None
        self._reached = (0, 0)
        self._is_over = False
        self._timer = threading.Timer(seconds, self._begin_display)
        self._timer.daemon = True

    def __enter__(self) -> "_DelayedDisplay":
        # If the system can start no more threads, the listing goes on without a display.
        with suppress(RuntimeError):
            self._timer.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            self._open.close()

    def show_step(self, done: int, total: int) -> None:
        """Record how many accounts are listed, and show it if the display has begun."""
        with self._lock:
            self._reached = (done, total)
            if self._step:
                self._step(done, total)

    def _begin_display(self) -> None:
        with self._lock:
            if not self._is_over:
                self._step = self._open.enter_context(self._show())
                self._step(*self._reached)


def _show_listing_bar() -> AbstractContextManager[ReportStep]:

    from ssohelper.cli import progress_bar

    return progress_bar.show_progress_bar("listing accounts")


@contextmanager
def _show_first_step_line() -> Iterator[ReportStep]:
    """Yield a function that prints only the first step, because stderr is probably a log."""
    is_printed = False

    def print_first_step(done: int, total: int) -> None:
        nonlocal is_printed
        if not is_printed:
            so_far = f"{done} of {total} accounts are listed" if total else "no account is listed"
            output.say(f"listing accounts at AWS's pace: {so_far} so far")
        is_printed = True

    yield print_first_step
