"""What is imported after the first paint, so that text is on the screen 50 ms earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.screen import Screen
    from textual.widget import Widget

    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.app import FullScreenApp
    from ssohelper.tui.screens.account_actions import RowActions
    from ssohelper.tui.screens.set_up import SetUpForm
    from ssohelper.tui.widgets.role_detail import Clocks, RoleDetail
    from ssohelper.tui.widgets.role_list import RoleList


def start_log(environ: Mapping[str, str]) -> None:
    """Send warnings where Textual shows nothing of them: not over what is drawn."""
    from ssohelper import logs

    logs.start(0, environ)


def make_row_actions(
    app: FullScreenApp, screen: Screen[None], roles: RoleList, reload: Callable[[], None]
) -> RowActions:
    """Return what can be done with the row under the cursor."""
    from ssohelper.tui.screens.account_actions import RowActions

    return RowActions(app, screen, roles, reload)


def make_role_detail() -> RoleDetail:
    """Return the panel with all that is known of a role."""
    from ssohelper.tui.widgets.role_detail import RoleDetail

    return RoleDetail()


def read_clocks(services: App, sessions: Sequence[SsoSession]) -> Clocks:
    """Return the clocks of this moment; reads files of this machine."""
    from ssohelper.tui.widgets.role_detail import read_clocks

    return read_clocks(services, sessions)


def find_use_command(services: App, row: RoleRow) -> str:
    """Return what to type to use this role: never a profile that points at another one by now."""
    from ssohelper.actions import selection
    from ssohelper.core.shell_text import typed

    try:
        names = selection.find_profiles_of(services, row.key, row.profiles)
    except SsoHelperError:
        names = []
    return f"ssohelper use {typed(names[0] if names else row.key.text)}"


def make_set_up_form() -> SetUpForm:
    """Return setup's questions."""
    from ssohelper.tui.screens.set_up import SetUpForm

    form = SetUpForm()
    form.id = "set-up"
    return form


def refresh_listing(
    services: App, session: SsoSession, progress: Callable[[int, int], None]
) -> Listing:
    """Return a new list of the session's roles, asked from AWS."""
    from ssohelper.actions import directory

    return directory.fetch_listing(services, session, refresh=True, progress=progress)


def make_bars() -> tuple[list[Widget], Widget]:
    """Return what stands over the list, and under it."""
    from textual.widgets import Footer, Static

    from ssohelper.tui.widgets.top_bar import FilterBar, FilterLabel, TopBar

    filters = FilterBar(
        FilterLabel("all sessions", "screen.only_session", id="session"),
        FilterLabel("favourites", "screen.only_favourites", id="favourites"),
        FilterLabel("by account", "screen.group", id="grouped"),
        Static("", id="refreshing", markup=False),
    )
    return [TopBar("accounts"), filters], Footer(compact=True, show_command_palette=False)
