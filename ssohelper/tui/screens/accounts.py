"""Accounts: every account × role from the saved lists, found as you type, refreshed behind it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ssohelper.actions import roles
from ssohelper.actions.roles import KnownRoles
from ssohelper.core import guard_rules
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui import deferred
from ssohelper.tui.keys import action_binding
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.app import FullScreenApp
    from ssohelper.tui.commands import Command
    from ssohelper.tui.screens.account_actions import RowActions
    from ssohelper.tui.widgets.role_detail import Clocks, RoleDetail
    from ssohelper.tui.widgets.top_bar import FilterLabel

# A list this old is asked again behind the one that is shown.
_OLD_SECONDS = 10 * 60
# By then what was drawn has been written, by a thread that waits while we import.
_PAINTED_SECONDS = 0.03
# The clocks count every second; what they count from is read again this often.
_READ_SECONDS = 5
# From this many columns on the details stand beside the list, else under it.
_BESIDE_COLUMNS = 120
# What they take then, as RoleDetail's own rules say.
_DETAIL_COLUMNS, _DETAIL_LINES = 58, 7
_ROW_ACTIONS = ("favourite", "console", "shell", "profile")
_OTHER_ROW_ACTIONS = ("whoami", "copy_profile", "copy_export", "copy_account", "copy_link")
_LIST_ACTIONS = ("group", "only_session", "only_favourites", "details", "refresh")
_CORRECTED = "Once that is corrected: F5 reads it again."
_NO_LIST = (
    "No roles are listed yet: they are asked for once you are signed in.\n"
    "Sign in: F3, then s, or with: ssohelper login {name}"
)
_NO_ROLE = (
    "No role is assigned to you in {name}.\n"
    "When your administrator has given you one: F5, or ssohelper list --refresh --session {name}"
)


class AccountsScreen(Screen[None]):
    """The first screen: printable keys search, commands are behind ctrl and function keys."""

    HELP_TEXT = (
        "Type to search: every word must be found in the account's name, id or address, the role, "
        "a profile or the session. Enter leaves with what to type to use the role. Favourites and "
        "what was used last come first. ctrl+w takes back a word of the search, ctrl+u all of it. "
        "The same on the command line: ssohelper list"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            action_binding(f"accounts.{name}", f"row('{name}')", priority=True)
            for name in _ROW_ACTIONS
        ),
        *(
            action_binding(f"accounts.{name}", f"row('{name}')", priority=True, show=False)
            for name in _OTHER_ROW_ACTIONS
        ),
        *(action_binding(f"accounts.{name}", priority=True, show=False) for name in _LIST_ACTIONS),
        # The search line has it too; this one is for setup's questions.
        action_binding("accounts.leave", show=False),
    ]
    app: FullScreenApp

    def __init__(self) -> None:
        super().__init__()
        self._choice = KnownRoles([], {}, [])
        self._config_error: SsoHelperError | None = None
        self._clocks: Clocks | None = None
        self._actions: RowActions | None = None
        self._detail: RoleDetail | None = None
        self._only_session: str | None = None
        self._only_favourites = False
        self._refreshing: dict[str, str] = {}
        self._asked_at: dict[str, int] = {}
        self._seconds = 0

    @property
    def services(self) -> App:
        return self.app.services

    @property
    def roles(self) -> RoleList:
        return self.query_one(RoleList)

    def _filter_label(self, name: str) -> FilterLabel:
        return cast("FilterLabel", self.query_one(f"#{name}"))

    def compose(self) -> ComposeResult:
        self._read()
        self._arrange(self.app.size)
        with Vertical(id="body") as body:
            # The place that the list will keep when the rest is there.
            body.styles.margin = self._margin_at_first()
            yield RolePane(self._choice.rows, now=self.services.now, is_guarded=self._is_guarded)

    def on_mount(self) -> None:
        # Nothing of this may be waited for: the list is painted first, in the place it will keep.
        self.set_timer(_PAINTED_SECONDS, self._after_first_paint)

    async def _after_first_paint(self) -> None:
        deferred.start_log(self.services.environ)
        over, under = deferred.make_bars()
        self._detail = deferred.make_role_detail()
        self._actions = deferred.make_row_actions(self.app, self, self.roles, self.reload)
        with self.app.batch_update():
            body = self.query_one("#body")
            await self.mount_all(over, before=body)
            await self.mount(under, after=body)
            await body.mount(self._detail)
            await self.mount_all(self._messages(), before=body)  # the detail brought their looks
            body.styles.margin = 0
            self._offer_set_up()
        self.refresh_bindings()  # the footer, which came late, has not heard of them
        # What was made so far stays and is not looked at again: a collection of 20,000 rows is a
        # key that waits.
        gc.freeze()
        gc.enable()
        self.roles.refresh()  # the rules of what is guarded can be read by now
        self._show_refreshing()
        self._read_clocks()
        self._refresh_old()
        self.set_interval(1.0, self._tick)

    def _messages(self) -> list[Widget]:
        """Return what has to be said in place of a list that is not there."""
        if self._config_error is not None:
            hint = f"\n{show(self._config_error.hint)}" if self._config_error.hint else ""
            words = f"{show(self._config_error.message)}{hint}\n{_CORRECTED}"
            return [Static(words, classes="error", markup=False)]
        words = self._empty_list_text()
        return [Static(words, classes="error empty-list", markup=False)] if words else []

    def _empty_list_text(self) -> str:
        """Return why no role is listed; without a session setup's questions say so."""
        choice = self._choice
        if choice.rows or not choice.sessions:
            return ""
        if self._refreshing:
            return f"Your roles are being listed at AWS: {self._refreshing_text()}"
        if choice.unlisted:
            return _NO_LIST.format(name=choice.unlisted[0].name)
        return _NO_ROLE.format(name=choice.sessions[0].name)

    def _offer_set_up(self) -> None:
        """Ask setup's questions in place of a list, where there is no session yet."""
        has_any = self._config_error is not None or self._choice.rows or self._choice.sessions
        form = self.query("#set-up")
        self.set_class(not has_any, "empty")
        if has_any:
            if form:
                form.remove()
                self.query_one("#search").focus()
        elif not form:
            made = deferred.make_set_up_form()
            self.query_one("#body").mount(made)
            self.call_after_refresh(made.begin)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer nothing for a row while setup's questions stand in place of the list."""
        return not (self.has_class("empty") and (action == "row" or action in _LIST_ACTIONS))

    def on_set_up_form_done(self) -> None:
        self.reload()

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size)
        if self._detail is not None:
            self.call_after_refresh(self._show_detail)

    def _arrange(self, size: Size) -> None:
        """Put the details beside the list, under it, or nowhere, as the size allows."""
        self.set_class(size.width >= _BESIDE_COLUMNS, "beside")
        self.set_class(size.height < 20 and size.width < _BESIDE_COLUMNS, "low")

    def _margin_at_first(self) -> tuple[int, int, int, int]:
        if self.has_class("beside"):
            return 2, _DETAIL_COLUMNS, 1, 0
        return (2, 0, 1, 0) if self.has_class("low") else (2, 0, 1 + _DETAIL_LINES, 0)

    def on_screen_resume(self) -> None:
        # Another screen may have written profiles or signed somebody in.
        if self._actions is not None:
            self.reload()

    # -- reading -------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._choice = roles.read_roles(self.services)
            self._config_error = None
        except SsoHelperError as error:
            self._config_error = error

    def reload(self) -> None:
        """Read lists, profiles and usage again, behind; the cursor stays on its row."""
        self.app.run_in_background(lambda: roles.read_roles(self.services), self._show_choice)

    def _show_choice(self, choice: KnownRoles) -> None:
        self._choice, self._config_error = choice, None
        self.query(".error").remove()
        self.mount_all(self._messages(), before="#body")
        self._offer_set_up()
        self.roles.set_rows(choice.rows)
        self.query_one(RolePane).show_count()
        self._show_refreshing()
        self._read_clocks()
        self._refresh_old()

    def _read_clocks(self) -> None:
        # The sessions as they were read with the rows: 20,000 profiles take 0.2 s to read.
        services, sessions = self.services, self._choice.sessions
        self.app.run_in_background(
            lambda: deferred.read_clocks(services, sessions), self._show_clocks, lambda _error: None
        )

    def _show_clocks(self, found: Clocks) -> None:
        self._clocks = found
        self._show_detail()
        for session in self._choice.sessions:
            name, listed_at = session.name, self._choice.listed_at
            at = max(listed_at.get(name, 0), self._asked_at.get(name, 0))
            since = found.people_since.get(name)
            if since is not None and at < since <= self.services.now():
                self._refresh(session, asked=False)  # that list may be another person's

    def _tick(self) -> None:
        self._seconds += 1
        if self._seconds % _READ_SECONDS == 0:
            self._read_clocks()
        self._show_detail()

    def _show_detail(self) -> None:
        if self._detail is not None and self._detail.display:
            row = self.roles.row
            guarded = row is not None and self._is_guarded(row)
            now, aws_now = self.services.now(), self.services.aws_now()
            dense = not self.has_class("beside")
            self._detail.show_row(row, self._clocks, now, aws_now, guarded=guarded, dense=dense)

    def _is_guarded(self, row: RoleRow) -> bool:
        if self._actions is None:
            return False  # the settings are read after the first paint
        try:
            rules = self.services.settings.get("guard.rules")
        except SsoHelperError:
            return False
        return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)

    # -- refreshing ----------------------------------------------------------------------------

    def _refresh_old(self) -> None:
        """List what is old, or missing: somebody may have signed in. What failed waits as long."""
        now, listed_at = self.services.now(), self._choice.listed_at
        for session in self._choice.sessions:
            moments = (listed_at.get(session.name), self._asked_at.get(session.name))
            if not any(at is not None and 0 <= now - at < _OLD_SECONDS for at in moments):
                self._refresh(session, asked=False)

    def action_refresh(self) -> None:
        """List the roles of every session that is shown, at AWS, now."""
        if self._config_error is not None:
            self.reload()
        for session in self._choice.sessions:
            if self._only_session in (None, session.name):
                self._refresh(session, asked=True)

    def _refresh(self, session: SsoSession, *, asked: bool) -> None:
        if session.name in self._refreshing:
            return
        app = self.app
        self._asked_at[session.name] = self.services.now()

        def progress(done: int, of: int) -> None:
            app.call_in_ui_thread(
                lambda words: self._set_refresh_progress(session.name, words), f"{done}/{of}"
            )

        def work() -> Listing:
            return deferred.refresh_listing(self.services, session, progress)

        def done(_listing: Listing) -> None:
            self._set_refresh_progress(session.name, None)
            self.reload()
            if asked:
                app.show_done(
                    f'listed "{session.name}"', f"ssohelper list --refresh --session {session.name}"
                )

        def failed(error: SsoHelperError) -> None:
            self._set_refresh_progress(session.name, None)
            if not isinstance(error, LoginRequired):
                app.show_error(error)
                return
            # Once somebody is signed in it is listed; unasked, it stands beside the clocks already.
            self._asked_at.pop(session.name, None)
            if asked and len(self._choice.sessions) == 1:
                app.sign_in(session.name, error)
            elif asked:
                app.show_error(error)

        self._set_refresh_progress(session.name, "")
        app.run_in_background(work, done, failed)

    def _set_refresh_progress(self, session_name: str, words: str | None) -> None:
        if words is None:
            self._refreshing.pop(session_name, None)
        else:
            self._refreshing[session_name] = words
        self._show_refreshing()

    def _show_refreshing(self) -> None:
        """Say what is being listed; else, beside a list, of how many sessions there is none."""
        said = self._refreshing_text()
        missing = len(self._choice.unlisted) if self._choice.rows else 0
        sessions = "1 session" if missing == 1 else f"{missing} sessions"
        unlisted = f"{sessions} not listed yet: F3" if missing else ""
        self.query_one("#refreshing", Static).update(f"refreshing {said}" if said else unlisted)
        for line in self.query(".empty-list").results(Static):
            line.update(self._empty_list_text())

    def _refreshing_text(self) -> str:
        return ", ".join(f"{name} {words}".strip() for name, words in self._refreshing.items())

    # -- filters -------------------------------------------------------------------------------

    def action_group(self) -> None:
        self.roles.group(not self.roles.grouped)
        self._filter_label("grouped").set_on(self.roles.grouped)

    def action_only_favourites(self) -> None:
        self._only_favourites = not self._only_favourites
        self._filter_label("favourites").set_on(self._only_favourites)
        self._filter()

    def action_only_session(self) -> None:
        """Show the next session's roles alone; after the last all of them again."""
        names: list[str | None] = [None, *sorted({row.session_name for row in self._choice.rows})]
        at = names.index(self._only_session) if self._only_session in names else 0
        self._only_session = names[(at + 1) % len(names)]
        self._filter_label("session").set_on(
            self._only_session is not None, self._only_session or "all sessions"
        )
        self._filter()

    def _filter(self) -> None:
        session, favourites = self._only_session, self._only_favourites

        def wanted(row: RoleRow) -> bool:
            return session in (None, row.session_name) and (row.usage.favourite or not favourites)

        self.roles.set_filter(wanted if session or favourites else None)
        self.query_one(RolePane).show_count()

    def action_details(self) -> None:
        self.toggle_class("hidden")
        self._show_detail()

    # -- what the list says --------------------------------------------------------------------

    def on_role_list_moved(self, event: RoleList.Moved) -> None:
        self._show_detail()

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        self.app.exit(deferred.find_use_command(self.services, event.row))

    def on_role_pane_left(self) -> None:
        self.app.exit()

    def action_leave(self) -> None:
        self.app.exit()

    # -- what is done with a row ---------------------------------------------------------------

    def action_row(self, name: str) -> None:
        """Do what the key map calls `accounts.NAME`."""
        if self._actions is not None:
            self.query_one(RolePane).search_now()
            self._actions.run(name)

    def palette(self) -> list[Command]:
        """Return what the command palette offers here."""
        return self._actions.commands() if self._actions is not None else []
