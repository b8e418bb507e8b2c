"""Shows the progress of listing accounts and roles at AWS, if the listing takes a while."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession

# If stderr is no terminal, it is probably a log: it gets one line.
_BAR_AFTER_SECONDS, _LINE_AFTER_SECONDS = 0.3, 5.0


def fetch_listing(
    app: App,
    session: SsoSession,
    *,
    refresh: bool = False,
    of_this_sign_in: bool = False,
    from_scratch: bool = False,
) -> Listing:
    """Return the result of `directory.fetch_listing`. Shows the progress if AWS is asked."""
    with ExitStack() as ending:
        progress = _DelayedProgress(ending)
        return directory.fetch_listing(
            app,
            session,
            refresh=refresh,
            of_this_sign_in=of_this_sign_in,
            from_scratch=from_scratch,
            progress=progress.report,
        )


class _DelayedProgress:
    """Shows progress only after some time, so that a saved listing does not import rich."""

    def __init__(self, ending: ExitStack) -> None:
        self._draws = sys.stderr.isatty() and not output.options().json
        self._lock = threading.Lock()
        self._ending = ending
        self._show: Callable[[int, int], None] | None = None
        self._reached = (0, 0)
        self._is_over = False
        seconds = _BAR_AFTER_SECONDS if self._draws else _LINE_AFTER_SECONDS
        timer = threading.Timer(seconds, self._begin)
        timer.daemon = True
        ending.callback(self._end)
        ending.callback(timer.cancel)
        # If the system can start no more threads, the listing goes on without progress.
        with suppress(RuntimeError):
            timer.start()

    def report(self, done: int, total: int) -> None:
        """Record how many of the accounts are listed, and show it if the time has come."""
        with self._lock:
            self._reached = (done, total)
            if self._show:
                self._show(done, total)

    def _begin(self) -> None:
        with self._lock:
            if self._is_over:
                return
            if self._draws:
                self._show = self._ending.enter_context(_listing_bar())
                self._show(*self._reached)
            else:
                done, total = self._reached
                text = f"{done} of {total} accounts are listed" if total else "no account is listed"
                output.say(f"listing accounts at AWS's pace: {text} so far")

    def _end(self) -> None:
        # An ExitStack also closes a bar that begins while it calls this.
        with self._lock:
            self._is_over = True


@contextmanager
def _listing_bar() -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on stderr until the block ends; yield a function for (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, "left", console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("listing accounts", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)
