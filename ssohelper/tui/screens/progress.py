"""A dialog that asks AWS for a session's roles and shows the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.keymap import WantedAction
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui.late_dismiss import LateDismissScreen
from ssohelper.tui.list_states import Watcher
from ssohelper.tui.running_listings import list_roles
from ssohelper.tui.screens.sign_in_offer import Answer, show_sign_in
from ssohelper.tui.widgets.key_hints import KeyHints

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

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

    def __init__(self, session: SsoSession, *, from_scratch: bool = False) -> None:
        super().__init__()
        self._from_scratch = from_scratch
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
        list_roles(self.app, self._session, watcher, from_scratch=self._from_scratch)

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


async def refresh_list(
    app: DialogApp, session: SsoSession, action: str = "", *, from_scratch: bool = False
) -> Listing | None:
    """Ask AWS for the session's roles, with a dialog.

    Offer a sign-in first if one is needed.

    `action` needs the list; without one, a sign-in cannot go on in the background. Return None if
    the user left, if the listing failed (the error is then shown), or if the sign-in goes on. Only
    workers may call this.
    """
    found = await app.push_screen_wait(ProgressScreen(session, from_scratch=from_scratch))
    if isinstance(found, LoginRequired):
        wanted = WantedAction(action) if action else None
        answer = await show_sign_in(app, session, found, wanted)
        if answer is Answer.CANCELLED:
            app.show_done(f'not signed in to "{session.name}": the roles were not listed')
        if answer is not Answer.SIGNED_IN:
            return None
        found = await app.push_screen_wait(ProgressScreen(session, from_scratch=from_scratch))
    if isinstance(found, LoginRequired):
        app.show_error(found)
        return None
    return found
