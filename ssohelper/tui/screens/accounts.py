"""The Accounts screen: searches the roles of the saved lists, and has old lists refreshed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import AwaitMount, Widget
from textual.widgets import Static

from ssohelper.actions import roles
from ssohelper.actions.roles import KnownRoles
from ssohelper.core.model import RoleKey
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import AccountKey, account_key
from ssohelper.core.shell_text import arguments_as_typed
from ssohelper.core.shown_roles import LineContent
from ssohelper.core.text import count_text, show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.dialog_app import MainScreen
from ssohelper.tui.keys import action_binding, insert_key_names, make_row_bindings
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.one_time_timers import call_after_drawing, is_still_there
from ssohelper.tui.widgets.role_lines import time_left_texts
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane
from ssohelper.tui.widgets.search_pane import PlainVertical, repeat_first_line

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.screens.account_actions import RowActions
    from ssohelper.tui.screens.list_refresher import ListRefresher
    from ssohelper.tui.widgets.role_detail import RoleDetail
    from ssohelper.tui.widgets.top_bar import FilterLabel, FilterNote

# How often the screen looks for lists of roles that are old or could not be refreshed.
_REFRESH_SECONDS = 60
# The width of a role's details beside the list, and their height below it. RoleDetail's CSS has the
# same numbers.
_DETAIL_COLUMNS, _DETAIL_LINES = 58, 7
# The least width of a list with the details beside it: that of a small terminal, so that a name that
# is whole there is whole here. With few lines it is less, and cuts names: else no details are shown.
_LIST_COLUMNS, _LOW_LIST_COLUMNS = 80, 62
_ROW_ACTIONS = frozenset(["accounts.use", *(one.id or "" for one in make_row_bindings())])
_FOLDS = ("fold", "unfold", "fold_all", "unfold_all")
# The actions on the list as a whole. `action_run_on_list` runs them.
_LIST_ACTIONS = ("tick", "group", "sort", "only_session", "only_favourites", *_FOLDS)
_CORRECTED = "Correct the error in the file, then press {accounts.refresh} to read the file again."
_NO_LIST = (
    "No roles are listed yet: the list is read from AWS after you sign in.\n"
    "To sign in, press {app.sessions}, then {sessions.sign_in}, or run: ssohelper login %s"
)
_NO_ROLE = (
    "No role is assigned to you in %s.\n"
    "When your administrator has assigned one, press {accounts.refresh}, or run:\n"
    "ssohelper list --refresh --session %s"
)


class AccountsScreen(MainScreen):
    """Searches the roles. Printable keys go into the search: actions have ctrl and function keys."""

    HELP_TEXT = (
        "Type to search: every word must be found in the account's name, id or address, the role, "
        "a profile or the session. Characters may be left out: payprod. !word excludes, 'word is "
        "found as a whole. {accounts.use} switches this shell to the role, or prints how to. Favourites "
        "and recently used roles come first. {accounts.tick} (upwards {list.tick_up}) ticks a role "
        "for {accounts.profile}, {accounts.console}, {accounts.copy} and {accounts.command}, "
        "which runs one command as each. ^w deletes a word of the search, ^u all of it. The same on the command line: ssohelper list"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *make_row_bindings(),
        action_binding("accounts.use_previous", priority=True, show=False),
        action_binding("accounts.details", "toggle_details", priority=True, show=False),
        action_binding("accounts.refresh", priority=True, show=False),
        *(
            action_binding(f"accounts.{name}", f"run_on_list('{name}')", priority=True, show=False)
            for name in _LIST_ACTIONS
        ),
        action_binding("list.tick_up", "run_on_list('tick_up')", priority=True, show=False),
        # Keys to the next and the previous field of the set-up form. Textual's own are hidden,
        # because the list uses tab.
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
        # Escape leaves the program while the set-up form is shown. Else `RolePane` handles Escape.
        action_binding("accounts.leave", "app.quit", show=False),
    ]
    app: DialogApp

    def __init__(self) -> None:
        super().__init__()
        self._known = KnownRoles([], {}, [])
        self._config_error: SsoHelperError | None = None
        self._actions: RowActions | None = None
        self._detail: RoleDetail | None = None
        self._pane = RolePane(
            (), now=lambda: self.services.clock.now(), is_guarded=self._is_guarded
        )
        self._refresher: ListRefresher | None = None

    @property
    def services(self) -> App:
        return self.app.services

    @property
    def roles(self) -> RoleList:
        return self._pane.list

    def compose(self) -> ComposeResult:
        self._read_saved_roles()
        self._arrange_details(self.app.size)
        self._pane.line.hint = " · space: actions · ?: help"
        with PlainVertical(id="body") as body:
            # Leaves space for the widgets mounted later, so that they do not move the list.
            body.styles.margin = self._initial_list_margin()
            store, listed = self.services.usage, self.roles
            view, current = store.load_list_view(), self._known.current
            listed.show_first_rows(self._known.rows, view, current)
            self.app.end_work.add(lambda: store.save_list_view(listed.shown.view))
            yield self._pane

    def render_lines(self, crop: Region) -> list[Strip]:
        return repeat_first_line(super().render_lines, crop)

    async def mount_late_widgets(self) -> None:
        """Mount the widgets that would delay the program's first paint."""
        if not is_still_there(self):
            return
        # These imports would delay the first paint by 50 ms.
        from ssohelper.tui.screens.list_refresher import ListRefresher
        from ssohelper.tui.widgets.role_detail import RoleDetail

        self._detail = RoleDetail()
        self._refresher = ListRefresher(self.app, self._show_refresh_progress, self.reload_rows)
        self._actions = self._actions or self._make_actions()
        with self.app.batch_update():
            if not await self._mount_around_list(self._detail):
                return
            body = self.query_one("#body")
            body.styles.margin = 0
            self._offer_set_up()
            # The CSS of the role's details has rules for `body`, which Textual applies by this call.
            self.app.stylesheet.update(body)
        self.refresh_bindings()  # updates the footer, which was mounted late.
        self._show_account_marks()
        self._show_filters()
        self._show_refresh_progress()
        self._refresh_old_lists()
        self.app.clocks_read.subscribe(self, lambda _nothing: self._show_clocks())
        self.app.lists_changed.subscribe(self, lambda _nothing: self._show_changed_lists())
        self.set_interval(1.0, self._show_times_left)
        self.set_interval(_REFRESH_SECONDS, self._refresh_old_lists_again)

    async def _mount_around_list(self, detail: RoleDetail) -> bool:
        """Mount what surrounds the list. Return whether the screen is still there."""
        from ssohelper.tui.widgets.key_bar import KeyBar
        from ssohelper.tui.widgets.message_line import MessageLine
        from ssohelper.tui.widgets.top_bar import FilterBar, FilterLabel, FilterNote, TopBar

        filters = FilterBar(
            FilterLabel("tree", "group"),
            FilterLabel("by use", "sort"),
            FilterLabel("favourites", "only_favourites"),
            FilterLabel("all sign-ins", "only_session"),
            FilterNote("", id="refreshing", markup=False),
        )
        body = self.query_one("#body")
        steps: tuple[Callable[[], AwaitMount], ...] = (
            lambda: self.mount_all([TopBar("accounts"), filters], before=body),
            lambda: self.mount_all([MessageLine(), KeyBar()], after=body),
            lambda: body.mount(detail),
            # The messages are mounted after the details, whose CSS has the rules of the messages.
            lambda: self.mount_all(self._messages_above_list(), before=body),
        )
        for mount in steps:
            if not is_still_there(self):
                return False
            await mount()
        return is_still_there(self)

    def _messages_above_list(self) -> list[Widget]:
        if (error := self._config_error) is not None:
            hint = f"\n{show(error.hint)}" if error.hint else ""
            corrected = insert_key_names(_CORRECTED, self.app.key_of)
            text = f"{show(error.message)}{hint}\n{corrected}"
            return [Static(text, classes="error", markup=False)]
        text = self._empty_list_text()
        return [Static(text, classes="error empty-list", markup=False)] if text else []

    def _empty_list_text(self) -> str:
        """Return why no role is listed, or "" if roles are listed or there is no session."""
        known, key_of = self._known, self.app.key_of
        if known.has_role or not known.sessions:
            return ""
        if self._refresher and self._refresher.progress_text:
            return f"Your roles are being listed at AWS: {self._refresher.progress_text}"
        if known.sessions_without_listing:
            return insert_key_names(_NO_LIST, key_of) % known.sessions_without_listing[0].name
        name = known.sessions[0].name
        return insert_key_names(_NO_ROLE, key_of) % (name, name)

    def _offer_set_up(self) -> None:
        has_any = self._config_error or self._known.sessions
        form = self.query("#set-up")
        self.set_class(not has_any, "empty")
        if has_any and form:
            form.remove()
            self.query_one("#search").focus()
        elif not has_any and not form:
            from ssohelper.tui.screens.set_up import SetUpForm

            made = SetUpForm(takes_focus=True)
            made.id = "set-up"
            self.query_one("#body").mount(made)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        on_list = ("run_on_row", "run_on_list", "toggle_details", "refresh")
        if action in on_list and self.has_class("empty"):  # the set-up form is shown
            return False
        if action == "use_previous":
            return self.app.has_previous_role
        # A key whose action does nothing goes to the search field: arrows move the cursor there.
        can_fold = self.roles.shown.can_fold and not self._pane.line.value
        return action != "run_on_list" or parameters[0] not in _FOLDS or can_fold

    def on_resize(self, event: Resize) -> None:
        self._arrange_details(event.size)
        if self._detail is not None:
            call_after_drawing(self, self._show_role_details)

    def _arrange_details(self, size: Size) -> None:
        """Put the role's details beside the list or below it; on a small screen hide them."""
        is_low = size.height < 20
        list_columns = _LOW_LIST_COLUMNS if is_low else _LIST_COLUMNS
        is_beside = size.width >= list_columns + _DETAIL_COLUMNS
        self.set_class(is_beside, "beside")
        self.set_class(is_low and not is_beside, "low")

    def _initial_list_margin(self) -> tuple[int, int, int, int]:
        # The lines of the footer and, except on a low terminal, of the message line.
        bottom = 1 if self.app.size.height < LOW_LINES else 2
        if self.has_class("beside"):
            return 2, _DETAIL_COLUMNS, bottom, 0
        return (2, 0, bottom, 0) if self.has_class("low") else (2, 0, bottom + _DETAIL_LINES, 0)

    def on_screen_suspend(self) -> None:
        if self.app.current_mode != "accounts":  # another screen, not a dialog in front of this one
            self.roles.shown.drop_index()

    def on_screen_resume(self) -> None:
        # The user may have signed in or changed profiles on another screen.
        if self._actions is not None:
            self.reload_rows()

    # -- reading the saved lists and the clocks ------------------------------------------------

    def _read_saved_roles(self) -> None:
        try:
            self._known = roles.read_roles(self.services, with_foreign_profiles=True)
            self._config_error = None
        except SsoHelperError as error:
            self._config_error = error
        self._set_sessions_of_app()

    def _set_sessions_of_app(self) -> None:
        if not self._known.sessions:
            # The set-up form is shown in place of the list, so the list gets no rows.
            self._known = KnownRoles([], {}, [])
        self.app.set_listing_times(self._known.sessions, self._known.listed_at)

    def reload_rows(self) -> None:
        """Read roles, profiles and their use again, in the background.

        The cursor stays on its role.
        """
        read = partial(roles.read_roles, self.services, with_foreign_profiles=True)
        self.app.run_in_background(read, self._show_known_roles)

    on_set_up_done = reload_rows

    def _show_known_roles(self, choice: KnownRoles) -> None:
        self._known, self._config_error = choice, None
        self.roles.shown.current = choice.current
        self._set_sessions_of_app()
        self.query(".error").remove()
        self.mount_all(self._messages_above_list(), before="#body")
        self._offer_set_up()
        self.show_rows_read_again(self._known.rows)
        self._pane.show_count()
        self._show_filters()
        self._show_refresh_progress()
        self._show_clocks()
        self._refresh_old_lists()

    def show_rows_read_again(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows in place of the present ones. The cursor stays on its role or account.

        If that is gone, the cursor is on no line, and a message says so. If ticked roles are gone,
        say so too: an action would now run on fewer roles.
        """
        before, ticked, line = self.roles.content, self.roles.tick_count, self.roles.cursor
        self.roles.set_rows(rows)
        now = self.roles.content
        if gone := ticked - self.roles.tick_count:
            are = "is" if gone == 1 else "are"
            self.app.show_warning(f"{count_text(gone, 'ticked role')} {are} no longer in the list")
        if before is None or (now is not None and _key_of(now) == _key_of(before)):
            return
        self.roles.leave_line(line)
        row, is_heading = before
        if all(_key_of(LineContent(each, is_heading)) != _key_of(before) for each in rows):
            label = (row.account.name or row.account.id) if is_heading else row.label
            self.app.show_warning(f'"{label}" is no longer in the list')

    def _show_changed_lists(self) -> None:
        if self.is_current:  # otherwise they are read when the screen is shown again
            self._show_account_marks()
            self.reload_rows()

    def _show_account_marks(self) -> None:
        from ssohelper.core.account_colors import make_account_color_finder
        from ssohelper.tui.widgets.account_styles import make_style_finder

        marks = make_account_color_finder(self.services.settings.table("colors"))
        # This also draws the marks of guarded roles.
        self.roles.set_account_marks(marks, make_style_finder(self.app))

    def _show_clocks(self) -> None:
        self._show_times_left()
        if self._refresher is not None and self.app.clocks is not None:
            self._refresher.refresh_after_user_change(self._known, self.app.clocks)

    def _show_times_left(self) -> None:
        found = self.app.clocks.credentials if self.app.clocks else {}
        ends = {key: cached.credentials.expires_at for key, cached in found.items()}
        self.roles.mark_live_roles(time_left_texts(ends, self.services.clock.aws_now()))
        self._show_role_details()

    def _show_role_details(self) -> None:
        if self._detail is not None and self._detail.display:
            row, heading = self.roles.row, self.roles.heading
            if heading is not None:
                self._detail.show_heading(heading, self.app.clocks, self.services.clock.aws_now())
                return
            guarded = row is not None and self._is_guarded(row)
            now, aws_now = self.services.clock.now(), self.services.clock.aws_now()
            dense = not self.has_class("beside")
            self._detail.show_row(row, self.app.clocks, now, aws_now, guarded=guarded, dense=dense)

    def _is_guarded(self, row: RoleRow) -> bool:
        # The settings, which have the guard rules, are read after the first paint.
        return self._actions is not None and self._actions.is_guarded(row)

    # -- refreshing the lists from AWS ---------------------------------------------------------

    def _refresh_old_lists(self) -> None:
        if self._refresher is not None:
            self._refresher.refresh_old_lists(self._known)

    def _refresh_old_lists_again(self) -> None:
        if self._refresher is not None:
            self._refresher.refresh_old_lists_again(self._known)

    def action_refresh(self) -> None:
        """Ask AWS for the roles of all sessions whose roles are shown."""
        if self._config_error is not None:
            self.reload_rows()
        only = self.roles.shown.view.only_session
        sessions = [one for one in self._known.sessions if only in (None, one.name)]
        if self._refresher is not None:
            self._refresher.refresh_lists(sessions)

    def _show_refresh_progress(self) -> None:
        refreshing = self._refresher.progress_text if self._refresher else ""
        missing = len(self._known.sessions_without_listing) if self._known.has_role else 0
        key, texts = self.app.key_of("app.sessions"), tuple[str, ...]()
        if refreshing:
            texts = f"refreshing {refreshing}", "refreshing"
        elif missing:
            not_listed = f"{count_text(missing, 'session')} not listed yet: {key}"
            texts = not_listed, f"{missing} not listed: {key}"
        # F5 or a thread may call this while the screen is built or removed, when it has no bar.
        for bar in self.query("#refreshing"):
            cast("FilterNote", bar).show_first_that_fits(*texts)
        for line in self.query(".empty-list").results(Static):
            line.update(self._empty_list_text())

    # -- filters, order and folds of the list ---------------------------------------------------

    def action_run_on_list(self, name: str) -> None:
        """Run an action on the list as a whole: `accounts.NAME`, or `list.tick_up` for `tick_up`."""
        self._pane.search_now()
        view, set_view = self.roles.shown.view, self.roles.set_view
        actions: dict[str, Callable[[], None]] = {
            "tick": lambda: self._toggle_tick(1),
            "tick_up": lambda: self._toggle_tick(-1),
            "group": lambda: set_view(view._replace(is_flat=not view.is_flat)),
            "sort": lambda: set_view(view.with_next_sort()),
            "only_session": self._show_next_session,
            "only_favourites": lambda: set_view(
                view._replace(only_favourites=not view.only_favourites)
            ),
            "fold": self.roles.fold_account,
            "unfold": self.roles.unfold_account,
            "fold_all": lambda: set_view(view.with_all_folded(folded=True)),
            "unfold_all": lambda: set_view(view.with_all_folded(folded=False)),
        }
        actions[name]()
        self._pane.show_count()
        self._show_filters()

    def _show_filters(self) -> None:
        """Show in the filter bar which filters are on. Before the bar is mounted, do nothing."""
        view = self.roles.shown.view
        only = view.only_session
        for name, on, label in (
            ("group", not view.is_flat, None),
            ("sort", True, f"by {view.sort}"),
            ("only_favourites", view.only_favourites, None),
            ("only_session", only is not None, only or "all sign-ins"),
        ):
            for found in self.query(f"#{name}"):
                found.display = name != "only_session" or len(self._session_names) > 1
                cast("FilterLabel", found).set_on(on, label)

    @property
    def _session_names(self) -> list[str]:
        unlisted = self._known.sessions_without_listing
        return sorted(one.name for one in self._known.sessions if one not in unlisted)

    def _toggle_tick(self, step: int) -> None:
        row = self.roles.row
        if not self.roles.shown.count:
            self.app.warn_no_role_chosen()
        if row is not None and row.provider:
            self.app.show_done(
                "only roles are ticked: ssohelper does not provide this profile's credentials"
            )
        self.roles.toggle_tick(step)

    def _show_next_session(self) -> None:
        """Show only the roles of the next session. After the last session, show all roles again."""
        names: list[str | None] = [
            None,
            *self._session_names,
        ]
        view = self.roles.shown.view
        at = names.index(view.only_session) + 1 if view.only_session in names else 0
        self.roles.set_view(view._replace(only_session=names[at % len(names)]))

    def action_toggle_details(self) -> None:
        self.toggle_class("hidden")
        self._show_role_details()

    # -- handling what the list of roles reports ----------------------------------------------

    def on_role_list_moved(self, event: RoleList.Moved) -> None:
        self._show_role_details()

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        actions = self._actions or self._make_actions()
        actions.use_role(event.row, guarded=self._is_guarded(event.row))

    def _make_actions(self) -> RowActions:
        from ssohelper.tui.screens.account_actions import RowActions

        return RowActions(self.app, self.roles, self.reload_rows)

    def on_search_pane_left(self) -> None:
        self.app.leave()

    def action_use_previous(self) -> None:
        self.app.leave("ssohelper use -")

    # -- actions on the row under the cursor ---------------------------------------------------

    def action_run_on_row(self, name: str) -> None:
        actions = self._actions = self._actions or self._make_actions()
        self._pane.search_now()
        if self.roles.heading is not None and not actions.acts_on_ticked_roles(name):
            key = self.app.key_of("accounts.unfold")
            self.app.show_done(
                f"this line is an account: choose one of its roles first ({key} goes to them)"
            )
        else:
            actions.run_action(name)

    @property
    def menu_title(self) -> str:
        row, heading = self.roles.row, self.roles.heading
        if self.roles.tick_count:
            return count_text(self.roles.tick_count, "ticked role")
        account = heading.row.account if heading is not None else None
        return row.label if row is not None else account.name or account.id if account else ""

    def applies(self, name: str) -> bool:
        """Return whether the menu offers the action here: on an account, few act."""
        if self._actions is None:
            self._actions = self._make_actions()
        if name == "accounts.only_session":
            return len(self._session_names) > 1
        return name not in _ROW_ACTIONS or self._actions.applies(name.partition(".")[2])

    @property
    def command_words(self) -> dict[str, str]:
        row = self.roles.row
        if row is None:
            return {}
        return {
            "role": arguments_as_typed(row.profile_argument),
            "favourite": "rm" if row.usage.favourite else "add",
            "change": "rm" if row.profiles else "add",
            "server": "" if row.provider else "--server ",
        }


def _key_of(content: LineContent) -> AccountKey | RoleKey:
    row, is_heading = content
    return account_key(row) if is_heading else row.key
