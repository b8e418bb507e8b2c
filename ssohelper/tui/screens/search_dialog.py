"""A dialog with a search above a list. The search has the focus, so letters run no commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import make_cursor_bindings
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.widgets.key_hints import Hint, KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.search_line import PLACEHOLDER, SearchLine

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_Answer = TypeVar("_Answer")
# How many lines the dialog needs besides its list: border, title, a blank line, and the search.
_FRAME_LINES = 5
# The fewest lines for the list, or for the text that replaces an empty list.
_LEAST_LINES = 3
# How many columns of the screen the line of keys cannot use, if the dialog fills the width.
_BESIDE_KEYS = 4


class SearchDialog(Dialog[_Answer]):
    """A search above a list of lines.

    Subclasses define which lines match, how to draw a line, and what Enter does.
    """

    # Keys typed before the dialog is shown go to the dialog: see StartedActions.
    TAKES_HELD_KEYS = True
    CSS_PATH = "../styles/screens.tcss"
    # The selectors do not name this class: in a subclass they would then match nothing.
    CSS = """
    #dialog-empty { height: 1fr; padding: 0 2; background: $background; }
    SearchLine { background: $background; }
    """
    PLACEHOLDER: ClassVar[str] = PLACEHOLDER
    BINDINGS: ClassVar[list[BindingType]] = [*make_cursor_bindings()]
    app: DialogApp

    def __init__(self, title: str, keys: Sequence[Hint]) -> None:
        super().__init__()
        self._title, self._keys = title, keys
        self._searched = ""
        self._count = 0
        # The numbers of the lines that match, in the order in which they are shown.
        self._found: Sequence[int] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield SearchLine(id="dialog-search", placeholder=self.PLACEHOLDER)
            yield Static("", id="dialog-empty", classes="dialog--note", markup=False)
            yield Chooser(
                lambda number, width: self.draw_line(self._found[number], width),
                key_of=lambda number: self.line_key(self._found[number]),
            )
            yield KeyHints(self._keys, id="dialog-keys")
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        self.query_one(Chooser).can_focus = False
        self.query_one(SearchLine).focus()

    def find_line_numbers(self, query: str) -> Sequence[int]:
        """Return the numbers of the lines that match what the user has typed, best first."""
        raise NotImplementedError

    def draw_line(self, number: int, width: int) -> Line:
        """Return the text of the line with this number. It begins with a blank for the cursor."""
        raise NotImplementedError

    def line_key(self, number: int) -> object:
        """Return what identifies the line with this number, also after the lines have changed."""
        raise NotImplementedError

    def empty_text(self) -> str:
        return f"nothing matches · {self.clear_key} clears the search"

    @property
    def clear_key(self) -> str:
        """Return the name of the key that clears the search: escape closes the dialog."""
        return self.app.get_key_display(Binding("ctrl+u", ""))

    def action_choose_line(self) -> None:
        raise NotImplementedError

    def show_lines(self, count: int) -> None:
        """Show the lines that match; `count` is the number of all.

        The cursor goes to the best match.
        """
        self._count = count
        line = self.query_one(SearchLine)
        self._searched = line.value
        self._found = self.find_line_numbers(line.value)
        chooser = self.query_one(Chooser)
        chooser.set_count(len(self._found), 0)
        empty = self.query_one("#dialog-empty", Static)
        empty.update(Content("" if self._found else self.empty_text()))
        chooser.display, empty.display = bool(self._found), not self._found
        line.note = f"{len(self._found)}/{count}" if count else ""
        line.refresh()
        self._fit_height(self.app.size)

    def on_resize(self, event: Resize) -> None:
        self._fit_height(event.size)

    def _fit_height(self, size: Size) -> None:
        """Make the dialog as high as all lines need, so that it keeps its height during a search."""
        most = size.height if size.height < LOW_LINES else size.height * 4 // 5
        keys = self.query_one(KeyHints).lines_needed(size.width - _BESIDE_KEYS)
        needed = max(_LEAST_LINES, self._count) + _FRAME_LINES + keys
        self.query_one(".dialog").styles.height = min(most, needed)

    @property
    def typed_text(self) -> str:
        return self.query_one(SearchLine).value

    def find_chosen_number(self) -> int | None:
        """Return the number of the line under the cursor, or None, after a search for the last
        letters.
        """
        self._search_now()
        return self._found[self.query_one(Chooser).cursor] if self._found else None

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self._search_now()

    def _search_now(self) -> None:
        """Search for the typed text, so that an action cannot use a line of an earlier search."""
        if self.typed_text != self._searched:
            self.show_lines(self._count)

    def action_move(self, lines: int) -> None:
        self._search_now()
        self.query_one(Chooser).action_move(lines)

    def action_page(self, pages: int) -> None:
        self._search_now()
        self.query_one(Chooser).action_page(pages)

    def action_go(self, line: int) -> None:
        self._search_now()
        self.query_one(Chooser).action_go(line)

    def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        number = self.find_chosen_number()
        if number is not None and self.line_key(number) == event.key:
            self.action_choose_line()
