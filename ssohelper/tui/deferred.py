"""Imports modules after the first paint, which comes 50 ms earlier without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.errors import SsoHelperError
from ssohelper.tui.one_time_timers import is_still_there

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.screen import Screen
    from textual.widget import AwaitMount, Widget

    from ssohelper.app import App
    from ssohelper.core.model import SsoSession
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.screens.account_actions import RowActions
    from ssohelper.tui.screens.list_refresher import ListRefresher
    from ssohelper.tui.screens.set_up import SetUpForm
    from ssohelper.tui.widgets.clock_lines import Clocks
    from ssohelper.tui.widgets.role_detail import RoleDetail
    from ssohelper.tui.widgets.role_list import RoleList


def mark_accounts_with_colors(app: DialogApp, roles: RoleList) -> None:
    from ssohelper.core.account_colors import make_account_color_finder
    from ssohelper.tui.widgets.account_styles import make_style_finder

    rules = app.services.settings.table("colors")
    if rules:
        roles.set_account_marks(make_account_color_finder(rules), make_style_finder(app))


def start_log(environ: Mapping[str, str]) -> None:
    """Start the log, so that warnings are not written over the drawn screen."""
    from ssohelper import logs

    logs.start_logging(0, environ)


def make_row_actions(
    app: DialogApp, screen: Screen[None], roles: RoleList, reload: Callable[[], None]
) -> RowActions:
    from ssohelper.tui.screens.account_actions import RowActions

    return RowActions(app, screen, roles, reload)


def make_role_detail() -> RoleDetail:
    from ssohelper.tui.widgets.role_detail import RoleDetail

    return RoleDetail()


def is_guarded(services: App, row: RoleRow) -> bool:
    """Return whether to mark the row as guarded; with invalid settings, no row is."""
    from ssohelper.core import guard_rules

    try:
        rules = services.vault.policy.rules
    except SsoHelperError:
        return False
    return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)


def read_expiry_clocks(services: App, sessions: Sequence[SsoSession]) -> Clocks:
    from ssohelper.tui.widgets.clock_lines import read_expiry_clocks

    return read_expiry_clocks(services, sessions)


def make_set_up_form() -> SetUpForm:
    from ssohelper.tui.screens.set_up import SetUpForm

    form = SetUpForm()
    form.id = "set-up"
    return form


def make_list_refresher(
    app: DialogApp,
    screen: Screen[None],
    progressed: Callable[[], None],
    refreshed: Callable[[], None],
) -> ListRefresher:
    from ssohelper.tui.screens.list_refresher import ListRefresher

    return ListRefresher(app, screen, progressed, refreshed)


def make_bars() -> tuple[list[Widget], list[Widget]]:
    from ssohelper.tui.widgets.key_bar import KeyBar
    from ssohelper.tui.widgets.message_line import MessageLine
    from ssohelper.tui.widgets.top_bar import FilterBar, FilterLabel, FilterNote, TopBar

    filters = FilterBar(
        FilterLabel("all sessions", "screen.run_on_list('only_session')", id="session"),
        FilterLabel("favourites", "screen.run_on_list('only_favourites')", id="favourites"),
        FilterLabel("tree", "screen.run_on_list('group')", id="grouped"),
        FilterLabel("by use", "screen.run_on_list('sort')", id="sort"),
        FilterNote("", id="refreshing", markup=False),
    )
    return [TopBar("accounts"), filters], [MessageLine(), KeyBar()]


async def mount_around_list(
    screen: Screen[None], body: Widget, detail: Widget, make_messages: Callable[[], list[Widget]]
) -> bool:
    """Mount bars, messages and details around the list; return whether the screen is still there."""
    bars, footers = make_bars()
    steps: tuple[Callable[[], AwaitMount], ...] = (
        lambda: screen.mount_all(bars, before=body),
        lambda: screen.mount_all(footers, after=body),
        lambda: body.mount(detail),
        # The messages are mounted after the details, whose CSS has the rules of the messages.
        lambda: screen.mount_all(make_messages(), before=body),
    )
    for mount in steps:
        if not is_still_there(screen):
            return False
        await mount()
    return is_still_there(screen)
