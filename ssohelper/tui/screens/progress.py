"""Asks AWS for lists of roles, one at a time for each session, and shows the progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import directory
from ssohelper.core.keymap import WantedAction
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui.list_states import RunningListing, Watcher
from ssohelper.tui.screens.sign_in_offer import run_sign_in

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


def list_roles(app: DialogApp, session: SsoSession, watcher: Watcher) -> None:
    """Ask AWS for the session's roles in the background, or watch the listing that runs.

    A listing of another portal, which had the session's name before, is followed by a new one.
    """
    running = app.list_states.running.get(session.name)
    if running is None:
        _start_listing(app, RunningListing(session, watcher))
    elif running.session == session:
        running.watchers.append(watcher)
        if running.progress is not None:
            watcher.progressed(*running.progress)
    else:
        running.later.append(partial(list_roles, app, session, watcher))


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
            progress=pass_on_progress,
        ),
        end_with_roles,
        end_with_error,
    )


async def _list_with_progress(
    app: DialogApp, session: SsoSession
) -> Listing | LoginRequired | None:
    """List the session's roles at AWS, or wait for a running listing, and show the progress.

    Return the error if a sign-in is needed first. After another error, show it and return None.
    If the action is cancelled, the listing goes on.
    """
    ended: asyncio.Future[Listing | LoginRequired | None] = (
        asyncio.get_running_loop().create_future()
    )
    text = f'listing the accounts of "{session.name}"'

    def end(found: Listing | LoginRequired | None) -> None:
        if not ended.done():
            ended.set_result(found)

    def fail(error: SsoHelperError, _is_new: bool) -> None:
        if not (isinstance(error, LoginRequired) or ended.done()):
            app.show_error(error)
        end(error if isinstance(error, LoginRequired) else None)

    def show_progress(answered: int, of: int) -> None:
        if not ended.done():
            app.busy.show_progress(text, answered, of)

    app.busy.show_progress(text, 0, 0)
    list_roles(app, session, Watcher(show_progress, end, fail))
    return await ended


async def refresh_list(app: DialogApp, session: SsoSession, action: str = "") -> Listing | None:
    """Ask AWS for the session's roles, and show the progress in the busy screen.

    Offer a sign-in first if one is needed.

    `action` needs the list; without one, a sign-in cannot go on in the background. Return None if
    the listing failed (the error is then shown), or if the sign-in goes on. Only
    workers may call this.
    """
    found = await _list_with_progress(app, session)
    if isinstance(found, LoginRequired):
        wanted = WantedAction(action) if action else None
        if not await run_sign_in(app, session, found, wanted):
            return None
        found = await _list_with_progress(app, session)
    if isinstance(found, LoginRequired):
        app.show_error(found)
        return None
    return found
