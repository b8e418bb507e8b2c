"""A dialog that asks AWS for a session's roles and shows the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ssohelper.actions import directory
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_BAR_WIDTH = 40


class ProgressScreen(ModalScreen[Listing | None]):
    """Lists a session's accounts and roles again, with a progress bar.

    Its result is the new listing, or None if the listing failed or the user did not wait.
    """

    HELP_TEXT = (
        "AWS answers about 20 requests a second. If you leave, the answers so far are saved, and "
        "the next listing continues from there."
    )
    CSS_PATH = "../styles/screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Do not wait")]
    app: TuiApp[Any]

    def __init__(self, session: SsoSession, *, from_scratch: bool = False) -> None:
        """With `from_scratch`, the listing does not reuse the answers of an interrupted one."""
        super().__init__()
        self._from_scratch = from_scratch
        self._session = session
        self._has_ended = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            title = f'Listing the accounts of "{show(self._session.name)}"'
            yield Static(Content(title), classes="dialog--title")
            yield Static("╌" * _BAR_WIDTH, id="bar", markup=False)
            yield Static("esc: do not wait", classes="dialog--note", markup=False)

    def on_mount(self) -> None:
        self._list()

    @work
    async def _list(self) -> None:
        services, app = self.app.services, self.app

        def pass_on_progress(answered: int, of: int) -> None:
            background.call_in_ui_thread(app, self._show, (answered, of))

        try:
            listing = await background.run(
                app,
                lambda: directory.fetch_listing(
                    services,
                    self._session,
                    refresh=True,
                    from_scratch=self._from_scratch,
                    progress=pass_on_progress,
                ),
            )
        except SsoHelperError as error:
            app.list_states.set_failure(self._session.name, error, services.clock.now())
            app.show_error(error)
            self._end(None)
        else:
            app.list_states.set_refreshed(self._session.name, services.clock.now())
            self._end(listing)

    def _show(self, progress: tuple[int, int]) -> None:
        answered, of = progress
        if not self._has_ended and self.is_mounted:
            full = _BAR_WIDTH * answered // of if of else 0
            drawn = "━" * full + "╌" * (_BAR_WIDTH - full)
            self.query_one("#bar", Static).update(Content(f"{drawn}  {answered} of {of}"))

    def action_leave(self) -> None:
        self._end(None)

    def _end(self, listing: Listing | None) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.dismiss(listing)
