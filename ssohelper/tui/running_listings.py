"""Fetches lists of roles from AWS in the background, one at a time for each session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import directory
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.errors import SsoHelperError
from ssohelper.tui.list_states import RunningListing, Watcher

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


def list_roles(
    app: DialogApp, session: SsoSession, watcher: Watcher, *, from_scratch: bool = False
) -> None:
    """Ask AWS for the session's roles in the background, or watch the listing that runs.

    With `from_scratch`, as after a sign-in as another user, earlier answers cannot be used: a new
    listing follows the running one.
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


def _start_listing(app: DialogApp, listing: RunningListing) -> None:
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
