"""Runs the actions that change how the list of roles is shown: its filters, order and folds.

The view (tree or flat, order, folds, filters) is saved in the background a moment after each
change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from ssohelper.actions import list_view
from ssohelper.core.model import RoleKey
from ssohelper.core.role_tree import AccountKey, RoleListView, SavedView, account_key
from ssohelper.core.shown_roles import LineContent
from ssohelper.tui.one_time_timers import call_after

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.screens.accounts import AccountsScreen
    from ssohelper.tui.screens.views import ViewsScreen
    from ssohelper.tui.widgets.role_pane import RolePane
    from ssohelper.tui.widgets.top_bar import FilterLabel

# Changes of the view within this time, such as folding several accounts, are saved together.
_SAVE_AFTER_SECONDS = 0.5
ACTIONS = (
    "tick",
    "group",
    "sort",
    "only_session",
    "only_favourites",
    "views",
    "fold",
    "unfold",
    "fold_all",
    "unfold_all",
)
_FOLDS = ("fold", "unfold", "fold_all", "unfold_all")


class ListControls:
    """Runs the actions on the list as a whole, by their names in `core.keymap`."""

    def __init__(
        self,
        screen: AccountsScreen,
        pane: RolePane,
        make_views_screen: Callable[[SavedView, dict[str, SavedView]], ViewsScreen],
    ) -> None:
        """`make_views_screen` returns a dialog in which the user uses, saves or removes views."""
        self._screen = screen
        self._make_views_screen = make_views_screen
        self._pane = pane
        self._roles = pane.list
        self._changes: list[Callable[[RoleListView], RoleListView]] = []
        self._saving = threading.Lock()

    def is_action_possible(self, name: str) -> bool:
        """Return whether the action does something now. If not, its key goes to the search field."""
        return name not in _FOLDS or (self._roles.shown.can_fold and not self._pane.line.value)

    def show_rows_read_again(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows in place of the present ones. The cursor stays on its role or account.

        If that role or account is gone, say so, and ignore Enter until a pause in typing: the user
        means the line that is gone. If its session was renamed, the cursor goes to the role or
        account under the new name. If ticked roles are gone, say so too: actions on ticked roles
        would now run on fewer roles, or on the role under the cursor.
        """
        before, app = self._content_at_cursor, self._screen.app
        old_sessions = {each.session_name for each in self._roles.rows}
        ticked = self._roles.tick_count
        self._roles.set_rows(rows)
        now = self._content_at_cursor
        if gone := ticked - self._roles.tick_count:
            app.show_warning(
                "1 ticked role is no longer in the list"
                if gone == 1
                else f"{gone} ticked roles are no longer in the list"
            )
        if before is None or (now is not None and _key_of(now) == _key_of(before)):
            return
        app.typing_pause.begin()
        row, is_heading = before
        if any(_key_of(LineContent(each, is_heading)) == _key_of(before) for each in rows):
            return
        sessions = {each.session_name for each in rows}
        new = set() if row.session_name in sessions else sessions - old_sessions
        same = (each for each in rows if each.session_name in new and _is_same_role(each, row))
        if renamed := next(same, None):
            shown = self._roles.shown
            self._roles.go_to(shown.line_with_content(LineContent(renamed, is_heading)))
        else:
            label = (row.account.name or row.account.id) if is_heading else row.label
            app.show_warning(f'"{label}" is no longer in the list')

    @property
    def _content_at_cursor(self) -> LineContent | None:
        return self._roles.shown.content_of_line(self._roles.cursor)

    def run_action(self, name: str) -> None:
        """Run the action `accounts.NAME`, or `list.tick_up`."""
        actions: dict[str, Callable[[], None]] = {
            "tick": lambda: self._toggle_tick(1),
            "tick_up": lambda: self._toggle_tick(-1),
            "group": lambda: self._roles.set_view(RoleListView.with_tree_toggled),
            "sort": lambda: self._roles.set_view(RoleListView.with_next_sort),
            "only_session": self._show_next_session,
            "only_favourites": self._toggle_only_favourites,
            "views": self._open_saved_views,
            "fold": self._roles.fold_account,
            "unfold": self._roles.unfold_account,
            "fold_all": lambda: self._roles.set_view(_fold_all_accounts),
            "unfold_all": lambda: self._roles.set_view(_unfold_all_accounts),
        }
        actions[name]()
        self.show_active_filters()

    def show_active_filters(self) -> None:
        """Show in the filter bar which filters are on. Before the bar is mounted, do nothing."""
        view = self._roles.shown.view
        only = view.only_session
        for name, on, label in (
            ("grouped", not view.is_flat, None),
            ("sort", True, f"by {view.sort}"),
            ("favourites", view.only_favourites, None),
            ("session", only is not None, only or "all sessions"),
        ):
            for bar in self._screen.query(f"#{name}"):
                cast("FilterLabel", bar).set_on(on, label)

    def _toggle_tick(self, step: int) -> None:
        row = self._roles.row
        if not self._roles.shown.count:
            self._screen.app.warn_nothing_selected("role")
        if row is not None and row.provider:
            self._screen.app.show_done(
                "only roles are ticked: ssohelper does not provide this profile's credentials"
            )
        self._roles.toggle_tick(step)
        self._pane.show_count()

    # -- filtering the list of roles -----------------------------------------------------------

    def _toggle_only_favourites(self) -> None:
        wanted = not self._roles.shown.view.only_favourites
        self._change_filters(lambda view: view.with_only_favourites(wanted))

    def _show_next_session(self) -> None:
        """Show only the roles of the next session. After the last session, show all roles again."""
        names: list[str | None] = [
            None,
            *sorted({row.session_name for row in self._roles.rows} - {""}),
        ]
        only = self._roles.shown.view.only_session
        wanted = names[(names.index(only) + 1) % len(names)] if only in names else None
        self._change_filters(lambda view: view.with_only_session(wanted))

    def _change_filters(self, change: Callable[[RoleListView], RoleListView]) -> None:
        self._roles.set_view(change)
        self._pane.show_count()

    # -- the saved views of the list -----------------------------------------------------------

    def _open_saved_views(self) -> None:
        app, services = self._screen.app, self._screen.services
        present = SavedView(self._pane.line.value, self._roles.shown.view)

        def use_chosen_view(saved: SavedView | None) -> None:
            if saved is not None:
                self.use_view(saved)

        app.push_screen(
            self._make_views_screen(present, list_view.load_saved_views(services)), use_chosen_view
        )

    def use_view(self, saved: SavedView) -> None:
        """Show the list in this saved view, with its search."""
        rows = self._roles.rows
        self._pane.line.set_value(saved.query, len(saved.query))
        self._pane.search_now()
        # Filters that would hide all rows are left out, as at the start of the program.
        self._change_filters(lambda _before: saved.view.without_empty_filters(rows))
        self.show_active_filters()

    # -- saving how the list is shown ----------------------------------------------------------

    def save_change_soon(self, change: Callable[[RoleListView], RoleListView]) -> None:
        """Save a change of the list's view half a second later, together with further changes."""
        if not self._changes:
            save = partial(self.save_changes, self._screen.services)
            call_after(
                self._screen,
                _SAVE_AFTER_SECONDS,
                lambda: threading.Thread(target=save, daemon=True, name="list-view").start(),
            )
        self._changes.append(change)

    def save_changes(self, services: App) -> None:
        """Save the view's changes that are not saved yet. Waits while another thread saves."""
        with self._saving:
            changes, self._changes = self._changes, []
            if changes:
                list_view.save_view_changes(services, changes)


def _key_of(content: LineContent) -> AccountKey | RoleKey:
    row, is_heading = content
    return account_key(row) if is_heading else row.key


def _is_same_role(row: RoleRow, other: RoleRow) -> bool:
    return (row.account.id, row.role_name) == (other.account.id, other.role_name)


def _fold_all_accounts(view: RoleListView) -> RoleListView:
    return view.with_all_folded(folded=True)


def _unfold_all_accounts(view: RoleListView) -> RoleListView:
    return view.with_all_folded(folded=False)
