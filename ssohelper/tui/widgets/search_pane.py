"""A search field above a list; it decides when the list is searched."""

from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ssohelper.tui.widgets.role_lines import TICKED
from ssohelper.tui.widgets.search_line import SearchLine

# What identifies a line of the list: its row or heading.
_Content = TypeVar("_Content")


class _List(Protocol):
    @property
    def cursor(self) -> int: ...

    def action_move(self, lines: int) -> None: ...
    def action_page(self, pages: int) -> None: ...
    def action_go(self, line: int) -> None: ...


class RowCounts(NamedTuple):
    ticked: int
    found: int
    all: int


def repeat_first_line(draw: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """Return the lines of a widget without border and text, which are alike.

    `render_lines` would draw each line, also those that children cover: 40 lines take 1 ms.
    """
    return draw(crop.crop_size((crop.width, 1))) * crop.height


class PlainVertical(Vertical):
    def render_lines(self, crop: Region) -> list[Strip]:
        return repeat_first_line(super().render_lines, crop)


class SearchPane(PlainVertical, Generic[_Content]):
    """Searches a list while the user types. A subclass yields `line`, then its list."""

    class Left(Message):
        """The user pressed Escape while there was nothing to clear."""

    def __init__(self) -> None:
        super().__init__()
        self.line = SearchLine(id="search")
        self._searched = ""
        # The line on which the last search has put the cursor; None if the cursor stayed on its row.
        self._best_line: int | None = None
        # What was under the cursor before the search, or where the user has moved the cursor since.
        self._chosen_content: _Content | None = None
        # The state that decides the footer: whether a row is ticked, and whether a search is typed.
        self._footer_state = (False, False)

    def search_list(self, text: str, content: _Content | None) -> None:
        """Show the rows that match this text.

        The cursor goes to the line with this content, if it is shown; for None to the best match.
        """
        raise NotImplementedError

    def content_at_cursor(self) -> _Content | None:
        """Return what identifies the row or heading under the cursor; None if there is no line."""
        raise NotImplementedError

    def row_counts(self) -> RowCounts:
        raise NotImplementedError

    @property
    def searched_list(self) -> _List:
        raise NotImplementedError

    def clear_ticks(self) -> bool:
        """Untick all rows. Return whether any was ticked."""
        return False

    def compose(self) -> ComposeResult:
        yield self.line
        yield cast(Widget, self.searched_list)

    def action_move(self, lines: int) -> None:
        self.search_now()
        self.searched_list.action_move(lines)

    def action_page(self, pages: int) -> None:
        self.search_now()
        self.searched_list.action_page(pages)

    def action_go(self, line: int) -> None:
        self.search_now()
        self.searched_list.action_go(line)

    def action_leave(self) -> None:
        """Clear the search; if there is none, the ticks; if there are none, send the message Left."""
        if self.line.value:
            self.line.action_clear()
        elif not self.clear_ticks():
            self.post_message(self.Left())

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self.search_now()

    def search_now(self) -> None:
        """Search for the text that has been typed so far.

        Every action on a row calls this first: letters that are typed at once cause one search,
        after the last of them.
        """
        value = self.line.value
        if value != self._searched:
            stay = self._keeps_cursor_on_row(value)
            content = self.content_at_cursor()
            if content is not None and (self._is_cursor_moved() or not self._searched.strip()):
                self._chosen_content = content
            self._searched = value
            # A search that finds nothing leaves no line for the cursor to stay on.
            self.search_list(value, (content or self._chosen_content) if stay else None)
            self._best_line = None if stay else self.searched_list.cursor
            self.show_count()

    def _keeps_cursor_on_row(self, text: str) -> bool:
        """Return whether the cursor stays on its row when the search becomes this text.

        It stays if the search is cleared, or gets shorter after the user has moved the cursor: the
        user has found that row.
        """
        is_shorter = len(text) < len(self._searched)
        return not text.strip() or (is_shorter and self._is_cursor_moved())

    def _is_cursor_moved(self) -> bool:
        return self.searched_list.cursor != self._best_line

    def show_count(self) -> None:
        """Show beside the search how many rows are ticked, match, and exist: "✓2 20/300"."""
        counts = self.row_counts()
        ticks = f"{TICKED}{counts.ticked}  " if counts.ticked else ""
        self.line.note = f"{ticks}{counts.found}/{counts.all}"
        self.line.refresh()
        state = counts.ticked > 0, bool(self.line.value)
        if state != self._footer_state and self.is_attached:
            self._footer_state = state
            self.screen.refresh_bindings()
