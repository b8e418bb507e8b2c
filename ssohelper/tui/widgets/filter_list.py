"""A list of accounts and role names, several of which can be ticked, with a search above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.search import Index
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.role_lines import TICKED
from ssohelper.tui.widgets.search_pane import SearchPane

_KEYS = "tab: tick · enter: take the ticked ones · esc: clear the search, or leave"
_NOTE_CELLS = 30


class FilterList(SearchPane):
    """Lets the user tick rows. Enter without a tick takes the row at the cursor."""

    # The search has the focus. Keys that act on the list come before it.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,ctrl+i", "tick", "Tick", show=False, priority=True),
        Binding("enter", "take", "Take", show=False, priority=True),
        Binding("escape", "leave", "Leave", show=False, priority=True),
        Binding("up,ctrl+p,ctrl+k", "move(-1)", show=False, priority=True),
        Binding("down,ctrl+n,ctrl+j", "move(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    FilterList { height: 1fr; }
    FilterList Chooser { height: 1fr; }
    FilterList .keys { height: 1; text-style: dim; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    class Taken(Message):
        """The message that the user took these rows, in their order."""

        def __init__(self, rows: list[FilterRow]) -> None:
            super().__init__()
            self.rows = rows

    class Left(Message):
        """The message that the user wants to leave without a choice."""

    def __init__(
        self, rows: Sequence[FilterRow], typed: str = "", ticks: Iterable[int] = ()
    ) -> None:
        super().__init__()
        self._rows = rows
        self._index = Index([[row.name for row in rows], [row.note for row in rows]])
        self._found = list(range(len(rows)))
        self._ticks = set(ticks)
        self._list = Chooser(self._draw_row)
        self.line.insert(typed)

    def compose(self) -> ComposeResult:
        yield self.line
        yield self._list
        yield Static(_KEYS, classes="keys", markup=False)

    @property
    def ticks(self) -> frozenset[int]:
        """Return the numbers of the ticked rows."""
        return frozenset(self._ticks)

    def on_mount(self) -> None:
        self._list.set_count(len(self._found))
        self.search_now()
        self.show_count()
        self.line.focus()

    def counts(self) -> tuple[int, int, int]:
        return len(self._ticks), len(self._found), len(self._rows)

    def search_list(self, text: str) -> None:
        self._found = self._index.search(text)
        self._list.set_count(len(self._found), 0)

    def _draw_row(self, number: int, width: int) -> Line:
        row = self._rows[self._found[number]]
        tick = TICKED if self._found[number] in self._ticks else " "
        names_width = max(12, width - _NOTE_CELLS - 4)
        return [
            (f" {tick}", "strong"),
            (fitted(row.name, names_width), ""),
            (f"  {fitted(row.note, _NOTE_CELLS)}", "dim"),
        ]

    def action_move(self, lines: int) -> None:
        self.search_now()
        self._list.action_move(lines)

    def action_page(self, pages: int) -> None:
        self.search_now()
        self._list.action_page(pages)

    def action_tick(self) -> None:
        """Tick the row at the cursor, or take its tick away, and go on to the next row."""
        self.search_now()
        if self._found:
            self._ticks ^= {self._found[self._list.cursor]}
            self._list.action_move(1)
            self._list.refresh()
            self.show_count()

    def action_take(self) -> None:
        """End with the ticked rows, else with the one at the cursor."""
        self.search_now()
        taken = self._ticks or set(self._found[self._list.cursor :][:1])
        if taken:
            self.post_message(self.Taken([self._rows[number] for number in sorted(taken)]))

    def action_leave(self) -> None:
        """Clear the search; if it is empty, leave without a choice."""
        if self.line.value:
            self.line.action_clear()
        else:
            self.post_message(self.Left())
