"""Runs the actions that change how the list of roles is shown: its filters, order and folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from ssohelper.core.model import RoleKey
from ssohelper.core.role_tree import AccountKey, RoleListView, account_key
from ssohelper.core.shown_roles import LineContent

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.core.role_rows import RoleRow
    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.widgets.role_pane import RolePane
    from ssohelper.tui.widgets.top_bar import FilterLabel

ACTIONS = (
    "tick",
    "group",
    "sort",
    "only_session",
    "only_favourites",
    "fold",
    "unfold",
    "fold_all",
    "unfold_all",
)
_FOLDS = ("fold", "unfold", "fold_all", "unfold_all")


class ListControls:
    """Runs the actions on the list as a whole, by their names in `core.keymap`."""

    def __init__(self, app: DialogApp, screen: Screen[Any], pane: RolePane) -> None:
        self._app, self._screen = app, screen
        self._pane = pane
        self._roles = pane.list

    def is_action_possible(self, name: str) -> bool:
        """Return whether the action does something now.

        If not, its key goes to the search field.
        """
        return name not in _FOLDS or (self._roles.shown.can_fold and not self._pane.line.value)

    def show_rows_read_again(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows in place of the present ones.

        The cursor stays on its role or account.

        If that is gone, say so, and ignore Enter until a pause in typing: the user means the line
        that is gone. If its session was renamed, the cursor follows. If ticked roles are gone, say
        so too: an action would now run on fewer roles, or on the one under the cursor.
        """
        before, app = self._content_at_cursor, self._app
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
        view, set_view = self._roles.shown.view, self._roles.set_view
        actions: dict[str, Callable[[], None]] = {
            "tick": lambda: self._toggle_tick(1),
            "tick_up": lambda: self._toggle_tick(-1),
            "group": lambda: set_view(view.with_tree_toggled()),
            "sort": lambda: set_view(view.with_next_sort()),
            "only_session": self._show_next_session,
            "only_favourites": self._toggle_only_favourites,
            "fold": self._roles.fold_account,
            "unfold": self._roles.unfold_account,
            "fold_all": lambda: set_view(view.with_all_folded(folded=True)),
            "unfold_all": lambda: set_view(view.with_all_folded(folded=False)),
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
            self._app.warn_nothing_selected("role")
        if row is not None and row.provider:
            self._app.show_done(
                "only roles are ticked: ssohelper does not provide this profile's credentials"
            )
        self._roles.toggle_tick(step)
        self._pane.show_count()

    # -- filtering the list of roles -----------------------------------------------------------

    def _toggle_only_favourites(self) -> None:
        view = self._roles.shown.view
        self._set_filters(view._replace(only_favourites=not view.only_favourites))

    def _show_next_session(self) -> None:
        names: list[str | None] = [
            None,
            *sorted({row.session_name for row in self._roles.rows} - {""}),
        ]
        view = self._roles.shown.view
        only = view.only_session
        wanted = names[(names.index(only) + 1) % len(names)] if only in names else None
        self._set_filters(view._replace(only_session=wanted))

    def _set_filters(self, view: RoleListView) -> None:
        self._roles.set_view(view)
        self._pane.show_count()


def _key_of(content: LineContent) -> AccountKey | RoleKey:
    row, is_heading = content
    return account_key(row) if is_heading else row.key


def _is_same_role(row: RoleRow, other: RoleRow) -> bool:
    return (row.account.id, row.role_name) == (other.account.id, other.role_name)
