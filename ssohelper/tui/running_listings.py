"""The lists of roles for which AWS is asked now: one at a time for each session.

A screen that needs the list of a session meanwhile gets the answers to the requests that run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions import directory
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class Watcher(NamedTuple):
    """What a screen does when AWS has answered for some accounts, for all, or not at all.

    `progressed` gets the number of accounts that are answered, and of all. `failed` gets the error,
    and whether the session's last refresh did not fail the same way. All run in the UI thread.
    """

    progressed: Callable[[int, int], None]
    listed: Callable[[Listing], None]
    failed: Callable[[SsoHelperError, bool], None]


class RunningListing:
    """A session's roles for which AWS is asked now."""

    def __init__(self, session: SsoSession, watcher: Watcher, *, from_scratch: bool) -> None:
        self.session, self.from_scratch = session, from_scratch
        self.progress: tuple[int, int] | None = None
        self.watchers = [watcher]
        # Listings that begin when this one has ended, because its answers do not do for them.
        self.later: list[Callable[[], None]] = []

    def show_progress(self, progress: tuple[int, int]) -> None:
        """Tell all watchers for how many accounts AWS has answered, and how many there are."""
        self.progress = progress
        for watcher in self.watchers:
            watcher.progressed(*progress)


def list_roles(
    app: TuiApp[Any], session: SsoSession, watcher: Watcher, *, from_scratch: bool = False
) -> None:
    """Ask AWS for the session's roles in the background, and tell `watcher` what it answers.

    If AWS is asked for them already, nothing more is asked. But with `from_scratch`, only answers
    to later requests will do, also after a sign-in as another user: a new listing follows the one
    that runs.
    """
    running = app.list_states.running.get(session.name)
    if running is None:
        _start_listing(app, RunningListing(session, watcher, from_scratch=from_scratch))
    elif running.session == session and not from_scratch:
        running.watchers.append(watcher)
        if running.progress is not None:
            watcher.progressed(*running.progress)
    else:
        begin = partial(list_roles, app, session, watcher, from_scratch=from_scratch)
        running.later.append(begin)


def _start_listing(app: TuiApp[Any], listing: RunningListing) -> None:
    session, services, states = listing.session, app.services, app.list_states
    states.running[session.name] = listing

    def pass_on_progress(answered: int, of: int) -> None:
        app.call_in_ui_thread(listing.show_progress, (answered, of))

    def end(tell: Callable[[Watcher], None]) -> None:
        del states.running[session.name]
        for watcher in listing.watchers:
            tell(watcher)
        for begin in listing.later:
            begin()

    def end_with_roles(found: Listing) -> None:
        states.note_successful_refresh(session.name, services.clock.now())
        end(lambda watcher: watcher.listed(found))

    def end_with_error(error: SsoHelperError) -> None:
        is_new = states.note_failed_refresh(session.name, error, services.clock.now())
        end(lambda watcher: watcher.failed(error, is_new))

    app.run_in_background(
        lambda: directory.fetch_listing(
            services,
            session,
            refresh=True,
            from_scratch=listing.from_scratch,
            progress=pass_on_progress,
        ),
        end_with_roles,
        end_with_error,
    )
