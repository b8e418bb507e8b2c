"""A list of accounts and role names, several of which can be ticked, with a search above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.search import Index
from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.widgets.cells import pieces_with_matches
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.role_lines import TICKED
from ssohelper.tui.widgets.search_pane import RowCounts, SearchPane

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_KEYS = {"tick": "tick", "take": "take the ticked ones", "leave": "clear the search, or leave"}
_NOTE_CELLS = 30


class FilterList(SearchPane[object]):
    """Lets the user tick rows. If no row is ticked, Enter takes the row under the cursor."""

    # The search field has the focus. Keys that act on the list have priority over it.
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("filters.tick", show=False, priority=True),
        action_binding("filters.take", show=False, priority=True),
        action_binding("filters.leave", show=False, priority=True),
        *make_cursor_bindings(),
    ]
    DEFAULT_CSS = """
    FilterList { height: 1fr; }
    FilterList Chooser { height: 1fr; }
    FilterList KeyHints { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    app: TuiApp[Any]

    class Taken(Message):
        """The user has chosen these rows, in the order of the list."""

        def __init__(self, rows: list[FilterRow]) -> None:
            super().__init__()
            self.rows = rows

    def __init__(
        self, rows: Sequence[FilterRow], typed: str = "", ticks: Iterable[FilterRow] = ()
    ) -> None:
        super().__init__()
        self._rows = rows
        self._index = Index([[row.name for row in rows], [row.note for row in rows]])
        self._found = list(range(len(rows)))
        self._ticks = set(ticks)
        self.list = Chooser(self._draw_row, key_of=lambda line: rows[self._found[line]])
        self.line.insert(typed)

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield KeyHints((f"filters.{name}", does) for name, does in _KEYS.items())

    @property
    def ticks(self) -> frozenset[FilterRow]:
        return frozenset(self._ticks)

    def on_mount(self) -> None:
        self.list.set_count(len(self._found))
        self.search_now()
        self.show_count()
        self.line.focus()

    def row_counts(self) -> RowCounts:
        return RowCounts(len(self._ticks), len(self._found), len(self._rows))

    @property
    def searched_list(self) -> Chooser:
        return self.list

    def content_at_cursor(self) -> object:
        return self.list.cursor_key

    def search_list(self, text: str, content: object) -> None:
        self._found = self._index.search(text)
        self.list.cursor_key = content
        self.list.set_count(len(self._found), 0 if content is None else None)

    def _draw_row(self, number: int, width: int) -> Line:
        row = self._rows[self._found[number]]
        spans = self._index.spans(self.line.value, self._found[number])
        tick = TICKED if row in self._ticks else " "
        names_width = max(12, width - _NOTE_CELLS - 4)
        return [
            (f" {tick}", "strong"),
            *pieces_with_matches(row.name, spans, 0, names_width, ""),
            ("  ", ""),
            *pieces_with_matches(row.note, spans, 1, _NOTE_CELLS, "dim"),
        ]

    def action_tick(self) -> None:
        self.search_now()
        if self._found:
            self._ticks ^= {self._rows[self._found[self.list.cursor]]}
            self.list.action_move(1)
            self.list.refresh()
            self.show_count()

    def action_take(self) -> None:
        self.search_now()
        taken = [row for row in self._rows if row in self._ticks]
        taken = taken or [self._rows[number] for number in self._found[self.list.cursor :][:1]]
        if taken:
            self.post_message(self.Taken(taken))
