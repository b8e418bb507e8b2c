"""The list of roles: a widget that shows rows, searches in them, and has a cursor.

Only visible lines are drawn. With 20,000 rows the list is ready after 60 ms; Textual's DataTable
takes 2.9 s.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ssohelper.core import guard_rules, role_rows
from ssohelper.core.instants import duration_text
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.search import Index, Span
from ssohelper.core.text import show
from ssohelper.tui.widgets import columns
from ssohelper.tui.widgets.cells import fitted, marked
from ssohelper.tui.widgets.columns import Columns

_CURSOR, _FAVOURITE, _GUARDED = "❯", "★", guard_rules.SIGN
_SIGNS_WIDTH = 4 + len(_GUARDED)  # room for the marks of cursor, favourite and guard


class RoleList(ScrollView, can_focus=False):
    """Shows the rows of roles with a cursor.

    The list never has the focus. The widget that has it calls the list's methods.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "role-list--hit",
        "role-list--cursor",
        "role-list--dim",
        "role-list--group",
        "role-list--favourite",
        "role-list--guarded",
    }
    DEFAULT_CSS = """
    RoleList {
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        overflow-y: scroll;
        & > .role-list--hit { text-style: bold underline; color: $text-accent; }
        & > .role-list--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .role-list--dim { color: $text-muted; }
        & > .role-list--group { text-style: bold; color: $text-secondary; }
        & > .role-list--favourite { color: $text-warning; }
        & > .role-list--guarded { text-style: bold; color: $text-error; }
    }
    """

    class Moved(Message):
        """The message that the cursor may be on another row now, or on none."""

    class Chosen(Message):
        """The message that the user has chosen this row, with a double click or a key."""

        def __init__(self, row: RoleRow) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self,
        *,
        now: Callable[[], int],
        is_guarded: Callable[[RoleRow], bool] = lambda _row: False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.grouped = False
        self.query_text = ""
        self.cursor = 0
        self.rows: Sequence[RoleRow] = ()
        self._now = now
        self._is_guarded = is_guarded
        self._index: Index | None = None
        self._filter: Callable[[RoleRow], bool] | None = None
        # What each line shows: the number n stands for row n, and ~n for the heading of row n's
        # account.
        self._lines: list[int] = []
        self._shown_count = 0
        self._content = columns.measure(())
        # The columns of the rows that are visible now, and for which part of the list that is.
        self._layout: tuple[tuple[object, ...], Columns] | None = None
        self._styles: dict[str, Style] = {}

    # -- which rows are shown ------------------------------------------------------------------

    def set_rows(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows, which are sorted with the best first. The cursor stays on its role.

        The search and the filter apply to the new rows too.
        """
        before = self.row
        self.rows = rows
        self._index = None
        self._content = columns.measure(rows)
        self._show(before)

    def search(self, text: str) -> None:
        """Show the rows that contain every word, best first. The cursor moves to the first."""
        self.query_text = text
        self._show(None)

    def set_filter(self, wanted: Callable[[RoleRow], bool] | None) -> None:
        """Show only the rows for which `wanted` returns true. For None show all rows."""
        self._filter = wanted
        self._show(self.row)

    def group(self, grouped: bool) -> None:
        """Set whether the rows are grouped under the names of their accounts."""
        self.grouped = grouped
        self._show(self.row)

    def build_index(self) -> None:
        """Build the search index now, so that the first search need not wait for it."""
        if self._index is None:
            self._index = role_rows.index_of(self.rows)

    @property
    def shown_count(self) -> int:
        """Return how many rows the search and the filter let through."""
        return self._shown_count

    @property
    def row(self) -> RoleRow | None:
        """Return the row under the cursor, or None if no row is shown."""
        if 0 <= self.cursor < len(self._lines) and self._lines[self.cursor] >= 0:
            return self.rows[self._lines[self.cursor]]
        return None

    def _show(self, stay_on: RoleRow | None) -> None:
        numbers: Sequence[int] = range(len(self.rows))
        if self.query_text.strip():
            self.build_index()
            assert self._index is not None
            numbers = self._index.search(self.query_text, fuzzy=True)
        if self._filter is not None:
            numbers = [number for number in numbers if self._filter(self.rows[number])]
        self._shown_count = len(numbers)
        self._lines = self._grouped(numbers) if self.grouped else list(numbers)
        self._layout = None
        self.cursor = self._line_of(stay_on)
        self._resize(Size(1, len(self._lines)))
        if stay_on is None:
            self._scroll(0)
        self._scroll_to_cursor()
        self.refresh()
        self._post(self.Moved())

    def _resize(self, size: Size) -> None:
        """Set how many lines can be scrolled.

        Skips Textual's layout, which is not needed because no widget changes its size.
        """
        if size != self.virtual_size:
            self.set_reactive(RoleList.virtual_size, size)
            if self.is_attached:
                self.vertical_scrollbar.window_virtual_size = size.height
                self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def _grouped(self, numbers: Sequence[int]) -> list[int]:
        accounts: dict[tuple[str, str], list[int]] = {}
        for number in numbers:
            row = self.rows[number]
            accounts.setdefault((row.session_name, row.account.id), []).append(number)
        return [line for found in accounts.values() for line in (~found[0], *found)]

    def _line_of(self, row: RoleRow | None) -> int:
        """Return the line on which the row is shown; the first row's line if the row is hidden."""
        if row is not None:
            key = row.key
            for line, number in enumerate(self._lines):
                if number >= 0 and self.rows[number].key == key:
                    return line
        return 1 if self.grouped else 0

    # -- moving the cursor and choosing a row --------------------------------------------------

    def move(self, lines: int) -> None:
        """Move the cursor down by so many lines, or up if negative. It stops at the list's ends."""
        self.go_to(self.cursor + lines, 1 if lines > 0 else -1)

    def move_page(self, pages: int) -> None:
        """Move the cursor down by so many pages, up if negative."""
        self.move(pages * max(1, self.size.height - 1))

    def go_to(self, line: int, heading_step: int = 1) -> None:
        """Move the cursor to this line. If the line is a heading, go `heading_step` further."""
        if not self._lines:
            return
        line = min(max(line, 0), len(self._lines) - 1)
        if self._lines[line] < 0:
            line += heading_step if 0 <= line + heading_step < len(self._lines) else 1
        if line != self.cursor:
            before, self.cursor = self.cursor, line
            self._refresh_line(before)
            self._refresh_line(line)
            self._scroll_to_cursor()
            self._post(self.Moved())

    def choose(self) -> None:
        """Say with a `Chosen` message that the user has chosen the row under the cursor."""
        row = self.row
        if row is not None:
            self._post(self.Chosen(row))

    def _post(self, message: Message) -> None:
        # The message needs this list as its sender. Textual would take the calling widget for the
        # sender, and does not pass a message on to the widget that has sent it.
        self.post_message(message.set_sender(self))

    def _refresh_line(self, line: int) -> None:
        shown = line - int(self.scroll_offset.y)
        if 0 <= shown < self.size.height:
            self.refresh(Region(0, shown, self.size.width, 1))

    def _scroll(self, line: int) -> None:
        self.scroll_target_y = self.scroll_y = line

    def _scroll_to_cursor(self) -> None:
        """Scroll until the cursor is visible."""
        height = self.size.height
        top = int(self.scroll_offset.y)
        if height <= 0:
            return
        # If the cursor is on the first row of an account, the account's heading must be visible
        # too.
        first = (
            self.cursor - 1
            if self.cursor and self._lines[self.cursor - 1 :][:1] < [0]
            else self.cursor
        )
        if first < top:
            self._scroll(first)
        elif self.cursor >= top + height:
            self._scroll(self.cursor - height + 1)

    def on_resize(self, event: Resize) -> None:
        self._scroll_to_cursor()

    def on_click(self, event: Click) -> None:
        line = event.y + int(self.scroll_offset.y)
        if 0 <= line < len(self._lines) and self._lines[line] >= 0:
            self.go_to(line)
            if event.chain == 2:
                self.choose()

    # -- drawing the lines ---------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = y + int(self.scroll_offset.y)
        if line >= len(self._lines):
            text = self._no_match_text() if line == 0 else ""
            return Strip([Segment(fitted(text, width), self._style("") + self._style("dim"))])
        number = self._lines[line]
        if number < 0:
            segments = self._heading(self.rows[~number], width)
        else:
            segments = self._row(number, width, line == self.cursor)
        return Strip(segments).adjust_cell_length(width, self._style(""))

    def _no_match_text(self) -> str:
        """Return a text that says why no row is shown, or "" if the list has no rows at all."""
        if not self.rows:
            return ""
        clears = " · esc clears the search" if self.query_text.strip() else ""
        return f"     nothing matches{clears}{' · a filter is on' if self._filter else ''}"

    def _heading(self, row: RoleRow, width: int) -> list[Segment]:
        style = self._style("") + self._style("group")
        account = row.account
        rest = f"  {account.id}"
        if self._content.several_sessions:
            rest += f"  {show(row.session_name)}"
        name = show(account.name or account.id)
        # A long name must not push out what tells two accounts apart.
        name_width = max(4, width - 2 - cell_len(rest))
        if cell_len(name) > name_width:
            name = fitted(name, name_width)
        return [Segment(fitted(f"  {name}{rest}", width), style)]

    def _row(self, number: int, width: int, is_cursor: bool) -> list[Segment]:
        row = self.rows[number]
        spans = self._spans(number)
        base = self._style("")
        if is_cursor:
            base = base + self._style("cursor")
        # The row under the cursor has only the cursor's colours, since dim text could not be read
        # there.
        dim = base if is_cursor else base + self._style("dim")
        hit = base + (Style(bold=True, underline=True) if is_cursor else self._style("hit"))
        wide = self._columns(width)

        def cells(
            text: str, field: int, columns_wide: int, style: Style, tail: int = 0
        ) -> list[Segment]:
            if not columns_wide:
                return []
            matches = [span for span in spans if span.field == field]
            return [*marked(text, matches, columns_wide - 1, style, hit, tail), Segment(" ", base)]

        name = "" if self.grouped else row.account.name or row.account.id
        return [
            Segment(f"{_CURSOR if is_cursor else ' '} ", base),
            *self._signs(row, base, is_cursor),
            *cells(name, role_rows.ACCOUNT_NAME, wide.name, base, wide.name_tail),
            *cells(row.account.id, role_rows.ACCOUNT_ID, wide.id, dim),
            *cells(row.role_name, role_rows.ROLE_NAME, wide.role, base, wide.role_tail),
            *cells(row.session_name, role_rows.SESSION, wide.session, dim),
            *cells(" ".join(row.profiles), role_rows.PROFILES, wide.profile, dim),
            *([Segment(self._age(row).rjust(wide.age - 1), dim)] if wide.age else []),
        ]

    def _columns(self, width: int) -> Columns:
        """Return the columns for the rows that are visible now."""
        top, height = int(self.scroll_offset.y), self.size.height
        part = (top, height, width)
        if self._layout is None or self._layout[0] != part:
            lines = self._lines[top : top + height]
            visible = [self.rows[number] for number in lines if number >= 0]
            space = width - _SIGNS_WIDTH
            found = columns.lay_out(visible, space, self._content, grouped=self.grouped)
            self._layout = part, found
        return self._layout[1]

    def _signs(self, row: RoleRow, base: Style, is_cursor: bool) -> list[Segment]:
        """Return the signs of a favourite and of a guarded role, which work without colours."""
        favourite = base if is_cursor else base + self._style("favourite")
        guarded = base if is_cursor else base + self._style("guarded")
        return [
            Segment(_FAVOURITE if row.usage.favourite else " ", favourite),
            Segment(_GUARDED if self._is_guarded(row) else " " * len(_GUARDED), guarded),
            Segment(" ", base),
        ]

    def _age(self, row: RoleRow) -> str:
        """Return how long ago the role was used, in one unit: "5d ago"."""
        at = row.usage.last_used_at
        if at is None:
            return ""
        seconds = self._now() - at
        return "just now" if seconds < 60 else duration_text(seconds).split()[0] + " ago"

    def _spans(self, number: int) -> list[Span]:
        if self._index is None or not self.query_text.strip():
            return []
        return self._index.spans(self.query_text, number, fuzzy=True)

    def _style(self, name: str) -> Style:
        """Return the style with this name. "" names the list's own style.

        The styles are cached, because to compute one takes 50 µs.
        """
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = (
                self.get_component_rich_style(f"role-list--{name}", partial=True)
                if name
                else self.rich_style
            )
        return style

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
