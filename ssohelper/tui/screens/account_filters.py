"""The filters and the order of the list on the Accounts screen, and the bar that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ssohelper.core.role_rows import RoleRow
from ssohelper.core.schema.view import View
from ssohelper.tui.widgets.role_pane import RolePane

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.widgets.top_bar import FilterLabel


class AccountFilters:
    """Filters a list of roles by session and by favourite, and groups it by account."""

    def __init__(self, screen: Screen[None], pane: RolePane) -> None:
        self._screen, self._pane = screen, pane
        self.only_session: str | None = None
        self.only_favourites = False

    @property
    def view(self) -> View:
        """Return what is shown now, to be kept until the next start."""
        return View(self.only_session, self.only_favourites, self._pane.list.grouped)

    def restore(self, view: View) -> None:
        """Show what was shown at the end of the last full screen.

        A session or favourites that no row is of any more would leave the list empty: such a filter
        is dropped.
        """
        rows = self._pane.list.rows
        if any(row.session_name == view.only_session for row in rows):
            self.only_session = view.only_session
        self.only_favourites = view.only_favourites and any(row.usage.favourite for row in rows)
        self._pane.list.group(view.by_account)
        self._filter()

    def toggle_group(self) -> None:
        """Group the roles under their account names, or end that."""
        self._pane.list.group(not self._pane.list.grouped)
        self.show()

    def toggle_favourites(self) -> None:
        """Show only the favourites, or all roles again."""
        self.only_favourites = not self.only_favourites
        self._apply()

    def go_to_next_session(self, rows: Sequence[RoleRow]) -> None:
        """Show only the roles of the next session. After the last session, show all roles again."""
        names: list[str | None] = [None, *sorted({row.session_name for row in rows})]
        at = names.index(self.only_session) if self.only_session in names else 0
        self.only_session = names[(at + 1) % len(names)]
        self._apply()

    def show(self) -> None:
        """Show in the bar which filters are on; a key may change them before the bar is there."""
        only = self.only_session
        for name, on, label in (
            ("grouped", self._pane.list.grouped, None),
            ("favourites", self.only_favourites, None),
            ("session", only is not None, only or "all sessions"),
        ):
            for bar in self._screen.query(f"#{name}"):
                cast("FilterLabel", bar).set_on(on, label)

    def _apply(self) -> None:
        self.show()
        self._filter()
        self._pane.show_count()

    def _filter(self) -> None:
        session, favourites = self.only_session, self.only_favourites

        def wanted(row: RoleRow) -> bool:
            return session in (None, row.session_name) and (row.usage.favourite or not favourites)

        self._pane.list.set_filter(wanted if session or favourites else None)
