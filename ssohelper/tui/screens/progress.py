"""Asks AWS for lists of roles, one at a time for each session, and shows the progress."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.actions import directory
from ssohelper.core.keymap import WantedAction
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui.dialog import LateDismissScreen
from ssohelper.tui.list_states import RunningListing, Watcher
from ssohelper.tui.screens.sign_in_offer import Answer, show_sign_in
from ssohelper.tui.widgets.key_hints import KeyHints

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


_BAR_WIDTH = 40
# How many columns of a narrow screen the bar cannot use: the dialog's border and padding.
_BESIDE_BAR = 4


class ProgressScreen(LateDismissScreen[Listing | LoginRequired | None]):
    """Lists a session's roles at AWS, or waits for a running listing, with a bar.

    Its result is the new listing, the error if a sign-in is needed first, or None.
    """

    HELP_TEXT = (
        "AWS answers about 20 requests a second. If you leave, the answers so far are saved, and "
        "the next listing continues from there."
    )
    CSS_PATH = "../styles/screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Do not wait")]
    app: DialogApp

    def __init__(self, session: SsoSession) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            title = f'Listing the accounts of "{show(self._session.name)}"'
            yield Static(Content(title), classes="dialog--title")
            width = min(_BAR_WIDTH, self.app.size.width - _BESIDE_BAR)
            yield Static("╌" * width, id="bar", markup=False)
            yield KeyHints([("escape", "do not wait")])

    def on_mount(self) -> None:
        watcher = Watcher(self._show_progress, self.finish, self._fail)
        list_roles(self.app, self._session, watcher)

    def _fail(self, error: SsoHelperError, _is_new: bool) -> None:
        if isinstance(error, LoginRequired):
            self.finish(error)
        elif not self.has_finished:
            self.app.show_error(error)
            self.finish(None)

    def _show_progress(self, answered: int, of: int) -> None:
        if self.is_attached and self.query("#bar"):
            bar, count = self.query_one("#bar", Static), f"  {answered} of {of}"
            width = max(0, min(_BAR_WIDTH, bar.size.width - len(count)))
            full = width * answered // of if of else 0
            bar.update(Content("━" * full + "╌" * (width - full) + count))

    def action_leave(self) -> None:
        self.finish(None)


async def refresh_list(app: DialogApp, session: SsoSession, action: str = "") -> Listing | None:
    """Ask AWS for the session's roles, with a dialog.

    Offer a sign-in first if one is needed.

    `action` needs the list; without one, a sign-in cannot go on in the background. Return None if
    the user left, if the listing failed (the error is then shown), or if the sign-in goes on. Only
    workers may call this.
    """
    found = await app.push_screen_wait(ProgressScreen(session))
    if isinstance(found, LoginRequired):
        wanted = WantedAction(action) if action else None
        answer = await show_sign_in(app, session, found, wanted)
        if answer is Answer.CANCELLED:
            app.show_done(f'not signed in to "{session.name}": the roles were not listed')
        if answer is not Answer.SIGNED_IN:
            return None
        found = await app.push_screen_wait(ProgressScreen(session))
    if isinstance(found, LoginRequired):
        app.show_error(found)
        return None
    return found
