"""A search field above the list of profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.message import Message

from ssohelper.core.text import show
from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.profile_rows import (
    ACCOUNT_ID,
    NAME,
    NO_ROWS,
    ROLE,
    SESSION,
    ProfileRow,
    ProfileRows,
    make_index,
)
from ssohelper.tui.widgets.cells import pieces_with_matches
from ssohelper.tui.widgets.columns import widest_cells
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.role_lines import TICKED
from ssohelper.tui.widgets.search_pane import RowCounts, SearchPane

if TYPE_CHECKING:
    from ssohelper.core.search import Index
    from ssohelper.tui.base import TuiApp

_SIGN_STYLES = {"+": "good", "~": "warn", "-": "bad", "!": "dim", "◆": "accent", "·": "dim"}
# The cells for the marks of cursor, tick and sign.
_SIGNS_WIDTH = 5
# The largest share of the width for the column of names: the other columns need space too.
_NAME_SHARE = 0.6
# A text that does not fit is cut if at least this many cells are left for it, or else hidden.
_LEAST_TEXT = 12


class ProfilePane(SearchPane[object]):
    """Shows the rows that match the search, the best match first. Managed profiles can be ticked."""

    DEFAULT_CSS = """
    ProfilePane { height: 1fr; width: 1fr; }
    ProfilePane Chooser { height: 1fr; min-height: 1; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("profiles.tick", "tick(1)", priority=True),
        action_binding("list.tick_up", "tick(-1)", priority=True, show=False),
        action_binding("profiles.back", "leave", priority=True, show=False),
        *make_cursor_bindings(),
    ]
    app: TuiApp[Any]

    class Moved(Message):
        """The cursor may be on another line now."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = NO_ROWS
        self.ticked: frozenset[str] = frozenset()
        self._index = make_index(NO_ROWS)
        self._found: Sequence[int] = ()
        self._widths: dict[int, int] = {}
        self.list = Chooser(self._draw_row, key_of=self._name_on_line, id="profiles")
        self.list.can_focus = False

    def on_mount(self) -> None:
        self.line.hint = " · space: actions · ?: help"
        self.line.focus()

    def show_rows(self, rows: ProfileRows, index: Index) -> None:
        """Show the rows that match the search. The cursor stays on its profile."""
        self.rows, self._index = rows, index
        self.ticked &= {row.name for row in rows if row.can_be_removed} if self.ticked else set()
        shown = {field: index.texts_of_column(field) for field in (NAME, ACCOUNT_ID, ROLE, SESSION)}
        if len({*shown[SESSION], ""}) <= 2:  # all profiles have the same session
            del shown[SESSION]
        self._widths = {field: widest_cells(texts) for field, texts in shown.items()}
        is_on_line = self.list.cursor >= 0
        self.search_list(self.line.value, self.list.cursor_key)
        if not is_on_line:
            self.list.leave_line()
        self.show_count()

    # -- the search and the cursor -------------------------------------------------------------

    def search_list(self, text: str, content: object) -> None:
        text = text.strip()
        self._found = self._index.search(text, fuzzy=True) if text else range(len(self.rows))
        clears = f"nothing matches · {self.app.key_of('profiles.back')} clears the search"
        self.list.empty_text = clears if text else ""
        self.list.cursor_key = content
        self.list.set_count(len(self._found), 0 if content is None else None)

    def content_at_cursor(self) -> object:
        return self.list.cursor_key

    @property
    def searched_list(self) -> Chooser:
        return self.list

    def row_counts(self) -> RowCounts:
        return RowCounts(len(self.ticked), len(self._found), len(self.rows))

    def _name_on_line(self, line: int) -> str:
        return self.rows[self._found[line]].name

    @property
    def row(self) -> ProfileRow | None:
        is_on_line = bool(self._found) and self.list.cursor >= 0
        return self.rows[self._found[self.list.cursor]] if is_on_line else None

    def find_row(self) -> ProfileRow | None:
        """Return the profile under the cursor, or None, after a search for the last letters."""
        self.search_now()
        return self.row

    def find_rows_to_remove(self) -> list[ProfileRow]:
        """Return the ticked profiles in their order, or else the one that `find_row` returns."""
        at_cursor = self.find_row()
        if self.ticked:
            return [row for row in self.rows if row.name in self.ticked and row.can_be_removed]
        return [at_cursor] if at_cursor is not None and at_cursor.can_be_removed else []

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        # The pane sends a message of its own, because Textual does not pass a child's message on if
        # a handler of its parent has caused the message.
        event.stop()
        self.post_message(self.Moved())

    # -- ticks ---------------------------------------------------------------------------------

    def action_tick(self, step: int) -> None:
        """Tick or untick the profile, then move the cursor by `step` (1 or -1)."""
        row = self.find_row()
        if row is None:
            self.app.warn_nothing_selected("profile")
        elif not row.can_be_removed:
            self.app.show_done("only profiles that ssohelper manages can be ticked")
        else:
            self.ticked ^= {row.name}
            self.list.action_move(step)
            self.list.refresh()
            self.show_count()

    def clear_ticks(self) -> bool:
        had_ticks, self.ticked = bool(self.ticked), frozenset()
        self.list.refresh()
        self.show_count()
        return had_ticks

    # -- drawing -------------------------------------------------------------------------------

    def _draw_row(self, line: int, width: int) -> Line:
        number = self._found[line]
        row, text = self.rows[number], self.line.value.strip()
        spans = self._index.spans(text, number, fuzzy=True) if text else []
        tick = TICKED if row.name in self.ticked else " "
        pieces = [(" ", ""), (tick, "strong"), (f" {row.sign} ", _SIGN_STYLES[row.sign])]
        texts = {NAME: row.name, ROLE: row.role, ACCOUNT_ID: row.account_id, SESSION: row.session}
        for field, cells in self._fit_columns(width - _SIGNS_WIDTH):
            style = "" if field == NAME else "dim"
            # A cut name keeps its start and its end: there are the account and the role.
            tail = cells // 2 if field == NAME else 0
            pieces += pieces_with_matches(texts[field], spans, field, cells, style, tail)
            pieces.append(("  ", ""))
            if field == NAME and row.note and not row.account_id:
                return [*pieces, (show(row.note), "dim")]
        return pieces

    def _fit_columns(self, width: int) -> Iterable[tuple[int, int]]:
        """Yield the columns that have space, with their cells: the name first."""
        for field in (NAME, ROLE, ACCOUNT_ID, SESSION):
            widest = self._widths.get(field, 0)
            most = width
            if field == NAME and width >= 60:
                most = max(int(width * _NAME_SHARE), width - _LEAST_TEXT - 2)
            cells = min(widest, most)
            if field == NAME or cells >= min(widest, _LEAST_TEXT) > 0:
                yield field, cells
                width -= cells + 2
