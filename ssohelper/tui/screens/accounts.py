"""Accounts: every account × role from the saved lists, found as you type, refreshed behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Footer, Static

from ssohelper.actions import clocks, directory, roles
from ssohelper.actions.roles import Choice
from ssohelper.core import guard_rules
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import typed
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui.commands import Command
from ssohelper.tui.keymap import bound
from ssohelper.tui.screens.account_actions import AccountActions
from ssohelper.tui.widgets.chips import Chip, Chips
from ssohelper.tui.widgets.role_detail import NO_CLOCKS, Clocks, RoleDetail
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.app import App

# A list this old is asked again behind the one that is shown.
_OLD_SECONDS = 10 * 60
# The clocks count every second; what they count from is read again this often.
_READ_SECONDS = 5
# From this many columns on the details stand beside the list, else under it.
_BESIDE_COLUMNS = 120
_NO_SESSION = (
    "There is no sso-session yet.\n\n"
    "Set one up: F3, then n, or on the command line\n\n"
    "    ssohelper setup https://d-0000000000.awsapps.com/start"
)


class AccountsScreen(AccountActions):
    """The first screen: printable keys search, commands are behind ctrl and function keys."""

    HELP_TEXT = (
        "Type to search: every word must be found in the account's name, id or address, the role, "
        "a profile or the session. Enter leaves with what to type to use the role. Favourites and "
        "what was used last come first. The same on the command line: ssohelper list"
    )
    # Not CSS: that of an app's first screen is not read.
    DEFAULT_CSS = """
    AccountsScreen #body { height: 1fr; }
    AccountsScreen RoleDetail { height: 7; }
    AccountsScreen.beside #body { layout: horizontal; }
    AccountsScreen.beside RolePane { width: 1fr; }
    AccountsScreen.beside RoleDetail { width: 58; height: 1fr; }
    AccountsScreen.low RoleDetail, AccountsScreen.hidden RoleDetail { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("accounts.favourite", priority=True),
        bound("accounts.console", priority=True),
        bound("accounts.shell", priority=True),
        bound("accounts.profile", priority=True),
        bound("accounts.whoami", priority=True, show=False),
        bound("accounts.group", priority=True, show=False),
        bound("accounts.only_session", priority=True, show=False),
        bound("accounts.only_favourites", priority=True, show=False),
        bound("accounts.details", priority=True, show=False),
        bound("accounts.copy_profile", "copy('profile')", priority=True, show=False),
        bound("accounts.copy_export", "copy('export')", priority=True, show=False),
        bound("accounts.copy_account", "copy('account')", priority=True, show=False),
        bound("accounts.copy_link", "copy('link')", priority=True, show=False),
        bound("accounts.refresh", priority=True, show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._clocks = NO_CLOCKS
        self._choice = Choice([], {}, [])
        self._trouble: SsoHelperError | None = None
        self._only_session: str | None = None
        self._only_favourites = False
        self._refreshing: dict[str, str] = {}
        self._seconds = 0

    @property
    def house(self) -> App:
        return self.app.house

    def compose(self) -> ComposeResult:
        yield TopBar("accounts")
        with Chips():
            yield Chip("all sessions", "screen.only_session", id="session")
            yield Chip("favourites", "screen.only_favourites", id="favourites")
            yield Chip("by account", "screen.group", id="grouped")
            yield Static("", id="refreshing", markup=False)
        self._read()
        if self._trouble is not None:
            hint = f"\n{self._trouble.hint}" if self._trouble.hint else ""
            words = show(self._trouble.message) + show(hint).replace("\\x0a", "\n")
            yield Static(Content(words), classes="trouble")
        elif not self._choice.rows and not self._choice.unlisted:
            yield Static(_NO_SESSION, classes="trouble", markup=False)
        with Vertical(id="body"):
            yield RolePane(self._choice.rows, now=self.house.now, is_guarded=self._is_guarded)
            yield RoleDetail()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        # After the first paint: nothing of this may be waited for.
        self.call_after_refresh(self._after_first_paint)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _BESIDE_COLUMNS, "beside")
        self.set_class(event.size.height < 20 and event.size.width < _BESIDE_COLUMNS, "low")
        self.call_after_refresh(self._show_detail)

    def on_screen_resume(self) -> None:
        # Another screen may have written profiles or signed somebody in.
        if self.is_mounted:
            self.reload()

    # -- reading -------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._choice = roles.to_choose(self.house)
            self._trouble = None
        except SsoHelperError as error:
            self._trouble = error

    def _after_first_paint(self) -> None:
        self._read_clocks()
        self._refresh_old()

    def reload(self) -> None:
        """Read lists, profiles and usage again, behind; the cursor stays on its row."""
        self.app.in_background(lambda: roles.to_choose(self.house), self._show_choice)
        self._read_clocks()

    def _show_choice(self, choice: Choice) -> None:
        self._choice, self._trouble = choice, None
        for trouble in self.query(".trouble"):
            trouble.remove()
        self.roles.set_rows(choice.rows)
        self.query_one(RolePane).show_count()

    def _read_clocks(self) -> None:
        self.app.in_background(self._look_at_clocks, self._show_clocks, lambda _error: None)

    def _look_at_clocks(self) -> Clocks:
        sessions = self.house.config.read().sso_sessions()
        return Clocks(
            {session.name: clocks.session_clock(self.house, session) for session in sessions},
            dict(clocks.credentials_of(self.house, sessions)),
        )

    def _show_clocks(self, found: Clocks) -> None:
        self._clocks = found
        self._show_detail()

    def _tick(self) -> None:
        self._seconds += 1
        if self._seconds % _READ_SECONDS == 0:
            self._read_clocks()
        self._show_detail()

    def _show_detail(self) -> None:
        detail = self.query_one(RoleDetail)
        if detail.display:
            row = self.roles.row
            guarded = row is not None and self._is_guarded(row)
            now, aws_now = self.house.now(), self.house.aws_now()
            dense = not self.has_class("beside")
            detail.show_row(row, self._clocks, now, aws_now, guarded=guarded, dense=dense)

    def _is_guarded(self, row: RoleRow) -> bool:
        try:
            rules = self.house.settings.get("guard.rules")
        except SsoHelperError:
            return False
        return guard_rules.matches(rules, row.session_name, row.account, row.role_name)

    # -- refreshing ----------------------------------------------------------------------------

    def _refresh_old(self) -> None:
        now = self.house.now()
        for session in self._sessions():
            at = self._choice.listed_at.get(session.name)
            if at is None or not 0 <= now - at < _OLD_SECONDS:
                self._refresh(session, asked=False)

    def action_refresh(self) -> None:
        """List the roles of every session that is shown, at AWS, now."""
        for session in self._sessions():
            if self._only_session in (None, session.name):
                self._refresh(session, asked=True)

    def _sessions(self) -> list[SsoSession]:
        try:
            return self.house.config.read().sso_sessions()
        except SsoHelperError:
            return []

    def _refresh(self, session: SsoSession, *, asked: bool) -> None:
        if session.name in self._refreshing:
            return
        app = self.app

        def progress(done: int, of: int) -> None:
            app.hand_over(lambda words: self._show_refreshing(session.name, words), f"{done}/{of}")

        def work() -> Listing:
            return directory.listing(self.house, session, refresh=True, progress=progress)

        def done(_listing: Listing) -> None:
            self._show_refreshing(session.name, None)
            self.reload()
            if asked:
                app.did(
                    f'listed "{session.name}"', f"ssohelper list --refresh --session {session.name}"
                )

        def failed(error: SsoHelperError) -> None:
            self._show_refreshing(session.name, None)
            # Nobody asked for this one: that it needs a sign-in stands beside the clocks already.
            if asked or not isinstance(error, LoginRequired):
                app.failed(error)

        self._show_refreshing(session.name, "")
        app.in_background(work, done, failed)

    def _show_refreshing(self, session_name: str, words: str | None) -> None:
        if words is None:
            self._refreshing.pop(session_name, None)
        else:
            self._refreshing[session_name] = words
        said = ", ".join(f"{name} {words}".strip() for name, words in self._refreshing.items())
        self.query_one("#refreshing", Static).update(f"refreshing {said}" if said else "")

    # -- filters -------------------------------------------------------------------------------

    def action_group(self) -> None:
        self.roles.group(not self.roles.grouped)
        self.query_one("#grouped", Chip).turn(self.roles.grouped)

    def action_only_favourites(self) -> None:
        self._only_favourites = not self._only_favourites
        self.query_one("#favourites", Chip).turn(self._only_favourites)
        self._filter()

    def action_only_session(self) -> None:
        """Show the next session's roles alone; after the last all of them again."""
        names: list[str | None] = [None, *sorted({row.session_name for row in self._choice.rows})]
        at = names.index(self._only_session) if self._only_session in names else 0
        self._only_session = names[(at + 1) % len(names)]
        self.query_one("#session", Chip).turn(
            self._only_session is not None, self._only_session or "all sessions"
        )
        self._filter()

    def _filter(self) -> None:
        session, favourites = self._only_session, self._only_favourites

        def wanted(row: RoleRow) -> bool:
            return session in (None, row.session_name) and (row.usage.favourite or not favourites)

        self.roles.keep(wanted if session or favourites else None)
        self.query_one(RolePane).show_count()

    def action_details(self) -> None:
        self.toggle_class("hidden")
        self._show_detail()

    # -- what the list says --------------------------------------------------------------------

    def on_role_list_moved(self, event: RoleList.Moved) -> None:
        self._show_detail()

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        self.app.exit(f"ssohelper use {typed(event.row.words)}")

    def on_role_pane_left(self) -> None:
        self.app.exit()

    def palette(self) -> list[Command]:
        """Return what the command palette offers here."""
        return self.row_commands()
