"""A picker in which accounts and role names are ticked, for the filters of `profile sync`."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from ssohelper.app import App
from ssohelper.core.filter_rows import FilterRow
from ssohelper.tui.picker import InlinePicker
from ssohelper.tui.widgets.filter_list import FilterList

_NONE: frozenset[FilterRow] = frozenset()


class FilterPicker(InlinePicker[list[FilterRow]]):
    """Lets the user tick rows. Its result is the ticked rows, or None."""

    def __init__(
        self,
        services: App,
        rows: Sequence[FilterRow],
        typed: str = "",
        ticks: frozenset[FilterRow] = _NONE,
    ) -> None:
        super().__init__(services)
        self._rows = rows
        self._typed = typed
        self._ticks = ticks

    def make_copy(self) -> FilterPicker:
        found = self.query_one(FilterList)
        return FilterPicker(self.services, self._rows, found.line.value, found.ticks)

    def compose(self) -> ComposeResult:
        yield FilterList(self._rows, self._typed, self._ticks)

    def on_filter_list_taken(self, event: FilterList.Taken) -> None:
        self.exit(event.rows)

    def on_filter_list_left(self) -> None:
        self.exit()
