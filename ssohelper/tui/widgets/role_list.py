"""The list of roles, drawn line by line: 20,000 rows take 60 ms, in Textual's DataTable 2.9 s."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ssohelper.core import role_tree
from ssohelper.core.model import Account, RoleKey
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import FLAT, AccountKey, RoleListView, account_key
from ssohelper.core.shown_roles import Heading, LineContent, ShownRoles
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.widgets import columns, role_lines
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clicks import is_double_click
from ssohelper.tui.widgets.columns import Columns, HeadingColumns

if TYPE_CHECKING:
    # Not imported when the program runs: that would delay the first paint.
    from ssohelper.core.account_colors import ColorAndLabel
    from ssohelper.tui.base import TuiApp

# A list of fewer lines has no room for the heading of an account that is scrolled away.
_LEAST_FOR_HEADING = 3


class RoleList(ScrollView, can_focus=False):
    """Shows the rows of roles with a cursor.

    It never has the focus. The widget that has the focus calls its methods.
    """

    app: TuiApp[Any]
    ALLOW_SELECT = False  # Textual cannot show a selection in lines that are drawn one by one
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"role-list--{one}" for one in role_lines.STYLE_NAMES}
    DEFAULT_CSS = role_lines.ROLE_LIST_CSS

    class Moved(Message):
        """The cursor may be on another row now, or on none."""

    class Chosen(Message):
        """The user has chosen this row, with a double click or a key."""

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
        self.shown = ShownRoles(FLAT)
        # The line of the cursor. It is ~LINE while no role is chosen: the next move starts there.
        self.cursor = 0
        self._painter = role_lines.RolePainter(self._style, now, is_guarded)
        self._content = columns.measure_columns(())
        # The columns that are drawn now, and for which visible lines and width they were computed.
        self._layout: tuple[tuple[object, ...], tuple[Columns, HeadingColumns]] | None = None
        self._styles: dict[str, Style] = {}
        # What was clicked last, and when.
        self._clicked: tuple[object, float] = None, 0.0
        # The list can be scrolled as if it had at least this many lines: see `_click_heading`.
        self._least_lines = 0

    # -- which rows are shown ------------------------------------------------------------------

    def set_rows(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows, which are sorted with the best first. The cursor stays on its role."""
        left = self.cursor if self.rows else 0
        self._content = columns.measure_columns(rows).with_live_marks(bool(self._painter.live))
        ticked = self._painter.ticked
        self._painter.ticked = ticked and ticked.intersection(row.key for row in rows)
        self._change_shown_lines(lambda: self.shown.set_rows(rows), self.content)
        if left < 0:
            self.leave_line(~left)

    def leave_line(self, line: int) -> None:
        """Put the cursor on no line, because the role that the user has chosen is gone.

        The next key that moves the cursor goes on from this line.
        """
        self.cursor = ~line
        self.refresh()
        self._post_from_list(self.Moved())

    def show_first_rows(
        self, rows: Sequence[RoleRow], view: RoleListView = FLAT, current: RoleRow | None = None
    ) -> None:
        """Show the rows; the cursor goes to the role that `ShownRoles` proposes, if any."""
        self.shown = ShownRoles(view, current)
        self.set_rows(rows)

    def search(self, text: str, content: LineContent | None = None) -> None:
        """Show the rows with every word, best first. The cursor goes to `content` or the first."""
        self._change_shown_lines(lambda: self.shown.search(text), content)

    def mark_live_roles(self, texts: Mapping[RoleKey, str]) -> None:
        """Mark roles as having unexpired credentials. The texts are the times left: "58m"."""
        if texts != self._painter.live:
            self._painter.live = texts
            self._content = self._content.with_live_marks(bool(texts))
            self._layout = None
            self.refresh()

    def set_account_marks(
        self,
        mark_of: Callable[[Account], ColorAndLabel | None],
        color_style: Callable[[str], Style],
    ) -> None:
        self._painter.mark_of, self._painter.color_style = mark_of, color_style
        self.refresh()

    def set_view(self, view: RoleListView) -> None:
        """Show another view: tree or flat, order, folds, filters. The cursor stays on its role."""
        self._change_shown_lines(lambda: self.shown.set_view(view), self.content)

    @property
    def rows(self) -> Sequence[RoleRow]:
        return self.shown.rows

    @property
    def content(self) -> LineContent | None:
        return self.shown.content_of_line(self.cursor)

    @property
    def row(self) -> RoleRow | None:
        return self.shown.role_at_line(self.cursor)

    @property
    def heading(self) -> Heading | None:
        return self.shown.heading_at_line(self.cursor)

    def _change_shown_lines(self, change: Callable[[], None], content: LineContent | None) -> None:
        change()
        self._layout = None
        self.cursor = self.shown.line_with_content(content)
        self._resize(Size(1, max(len(self.shown.lines), self._least_lines)))
        if content is None:
            self._set_scroll_offset(0)
        self._scroll_to_cursor()
        self.refresh()
        self._post_from_list(self.Moved())

    def _resize(self, size: Size) -> None:
        """Set how many lines can be scrolled, without Textual's layout: no widget changes its size."""
        if size != self.virtual_size:
            self.set_reactive(RoleList.virtual_size, size)
            if self.is_attached:
                self.vertical_scrollbar.window_virtual_size = size.height
                self.scroll_target_y = self.scroll_y = self.validate_scroll_y(self.scroll_y)

    # -- moving the cursor and choosing a row --------------------------------------------------

    def action_move(self, lines: int) -> None:
        """Move the cursor down by `lines`, or up if negative. It stops at the list's ends."""
        start = self.cursor if self.cursor >= 0 else ~self.cursor - (lines > 0)
        self.go_to(start + lines, 1 if lines > 0 else -1)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 1))

    def action_go(self, line: int) -> None:
        """Move the cursor to the line with this number, or with -1 to the last."""
        if line < 0:
            self.go_to(len(self.shown.lines), -1)
        else:
            self.go_to(line)

    def go_to(self, line: int, heading_step: int = 1) -> None:
        """Move the cursor to this line; from a heading that cannot be folded `heading_step`
        further.
        """
        if not self.shown.lines:
            return
        line = min(max(line, 0), len(self.shown.lines) - 1)
        if self.shown.lines[line] < 0 and not self.shown.can_fold:
            line += heading_step if 0 <= line + heading_step < len(self.shown.lines) else 1
        if line != self.cursor:
            before, self.cursor = self.cursor, line
            self._refresh_line(before)
            self._refresh_line(line)
            self._scroll_to_cursor()
            self._post_from_list(self.Moved())

    def choose(self) -> None:
        """Report that the role under the cursor was chosen.

        If an account is there, toggle its fold.
        """
        row = self.row
        if row is not None:
            self._post_from_list(self.Chosen(row))
        elif self.cursor < 0:
            self.app.warn_no_role_chosen()
        else:
            self.toggle_fold()

    # -- hiding and showing the roles of an account --------------------------------------------

    def fold_account(self) -> None:
        """Fold the account under the cursor; on a role, go to the heading of its account."""
        self._fold_or_move_cursor(folded=True)

    def unfold_account(self) -> None:
        """Unfold the account under the cursor; if it is unfolded, go to its first role."""
        self._fold_or_move_cursor(folded=False)

    def toggle_fold(self) -> None:
        heading = self.heading
        if heading is not None and self.shown.can_fold:
            self._fold_or_move_cursor(folded=not heading.is_folded)

    def _fold_or_move_cursor(self, *, folded: bool) -> None:
        row, heading = self.row, self.heading
        if not self.shown.can_fold:
            return
        if row is not None and folded:
            self.go_to(self.shown.line_with_content(LineContent(row, True)))
        elif heading is not None and heading.is_folded != folded:
            self.set_view(self.shown.view.with_fold(account_key(heading.row), folded))
        elif heading is not None and not folded:
            self.action_move(1)

    # -- ticking roles, and using the mouse in the list ----------------------------------------

    @property
    def tick_count(self) -> int:
        return len(self._painter.ticked)

    @property
    def ticked(self) -> list[RoleRow]:
        """Return the rows that the user has ticked, also those that are not shown now."""
        keys = self._painter.ticked
        return [row for row in self.rows if row.key in keys] if keys else []

    def toggle_tick(self, step: int) -> None:
        """Tick or untick the role, or the shown roles of the account, then move by `step` (1 or
        -1).
        """
        rows, ticked = self.shown.rows_at_line(self.cursor), self._painter.ticked
        keys = frozenset(each.key for each in rows if not each.provider)
        self._painter.ticked = ticked - keys if keys <= ticked else ticked | keys
        self.refresh()
        if rows:
            self.go_to(role_tree.next_line_to_tick(self.shown.lines, self.cursor, step))

    def clear_ticks(self) -> None:
        self._painter.ticked = frozenset()
        self.refresh()

    def _post_from_list(self, message: Message) -> None:
        # The message needs this list as its sender. Textual would take the calling widget for the
        # sender, and does not pass a message on to the widget that has sent it.
        self.post_message(message.set_sender(self))

    def _refresh_line(self, line: int) -> None:
        shown = line - int(self.scroll_offset.y)
        if 0 <= shown < self.size.height:
            self.refresh(Region(0, shown, self.size.width, 1))

    def _set_scroll_offset(self, line: int) -> None:
        self.scroll_target_y = self.scroll_y = line

    def _scroll_to_cursor(self) -> None:
        height = self.size.height
        top = int(self.scroll_offset.y)
        if height <= 0 or self.cursor < 0:
            return
        # The first visible line shows the heading of its account (`_number_at_line`), and the
        # cursor must be below it.
        first = self.cursor
        if self.shown.lines and self.shown.lines[first] >= 0 and self._has_fixed_heading():
            first -= 1
        if first < top:
            self._set_scroll_offset(first)
        elif self.cursor >= top + height:
            self._set_scroll_offset(self.cursor - height + 1)

    def _limit_scrolling(self) -> None:
        self._resize(Size(1, len(self.shown.lines)))
        self._scroll_to_cursor()

    on_resize = _limit_scrolling

    def on_click(self, event: Click) -> None:
        target = self._target_at(event.y)
        if target is None:
            return
        is_double = is_double_click(event, target, self._clicked)
        self._clicked = target, event.time
        number = self._number_at_line(event.y)
        if number < 0:
            self._click_heading(self.rows[~number])
        else:
            self.go_to(event.y + int(self.scroll_offset.y))
            if is_double:
                self.choose()

    def _target_at(self, y: int) -> AccountKey | RoleKey | None:
        if y + int(self.scroll_offset.y) >= len(self.shown.lines):
            return None
        number = self._number_at_line(y)
        return account_key(self.rows[~number]) if number < 0 else self.rows[number].key

    def _click_heading(self, row: RoleRow) -> None:
        """Fold or unfold the account of the row; its heading stays in place for a second click."""
        if self.shown.can_fold:
            self.go_to(self.shown.line_with_content(LineContent(row, True)))
            self._least_lines = int(self.scroll_offset.y) + self.size.height
            self.toggle_fold()
            self._least_lines = 0
            call_after(self, self.app.CLICK_CHAIN_TIME_THRESHOLD, self._limit_scrolling)

    # -- drawing the lines of the list of roles ------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = y + int(self.scroll_offset.y)
        if line >= len(self.shown.lines):
            text = role_lines.text_below_roles(self.app, self.shown, line, width)
            return Strip([Segment(fitted(text, width), self._style("") + self._style("dim"))])
        number, is_cursor = self._number_at_line(y), line == self.cursor
        if number < 0:
            heading, spans = self.shown.heading_of(~number), self.shown.spans(~number)
            wide = self._layout_of_visible_lines(width)[1]
            segments = self._painter.draw_heading(heading, spans, width, wide, is_cursor=is_cursor)
        else:
            segments = self._painter.draw_role(
                self.rows[number],
                self.shown.spans(number),
                self._layout_of_visible_lines(width)[0],
                is_cursor=is_cursor,
                is_current=self.rows[number] is self.shown.current,
                has_heading=not self.shown.view.is_flat,
            )
        return Strip(segments).adjust_cell_length(width, self._style(""))

    def _number_at_line(self, y: int) -> int:
        """Return the number in `ShownRoles.lines` of what the line at `y` on the screen shows.

        The first visible line is a heading if there is room, so that each role's account is seen.
        """
        number = self.shown.lines[y + int(self.scroll_offset.y)]
        if y == 0 and number >= 0 and self._has_fixed_heading():
            return self.shown.heading_above(number)
        return number

    def _has_fixed_heading(self) -> bool:
        return not self.shown.view.is_flat and self.size.height >= _LEAST_FOR_HEADING

    def _layout_of_visible_lines(self, width: int) -> tuple[Columns, HeadingColumns]:
        top, height = int(self.scroll_offset.y), self.size.height
        part, is_tree = (top, height, width), not self.shown.view.is_flat
        if self._layout is None or self._layout[0] != part:
            lines = self.shown.lines[top : top + height]
            found = role_lines.lay_out_lines(
                self.rows, lines, self._content, width, is_tree=is_tree
            )
            self._layout = part, found
        return self._layout[1]

    def _style(self, name: str) -> Style:
        """Return the style with this name. They are cached, because to compute one takes 50 µs."""
        if name not in self._styles:
            self._styles[name] = (
                self.get_component_rich_style(f"role-list--{name}", partial=True)
                if name
                else self.rich_style
            )
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
