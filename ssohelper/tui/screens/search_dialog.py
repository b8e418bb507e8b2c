"""A dialog with a search above a list. The search has the focus, so that letters are no commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.screen import ModalScreen
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui.keys import make_cursor_bindings
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_Answer = TypeVar("_Answer")


class SearchDialog(ModalScreen[_Answer]):
    """A search above lines. Subclasses define which lines match, how to draw one, and Enter."""

    # Keys that are typed before it is there are for it: see StartedActions.
    TAKES_HELD_KEYS = True
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    SearchDialog .dialog { height: 80%; }
    SearchDialog SearchLine { background: $background; }
    """
    # What is shown in place of a list without any line, also before a search.
    NO_LINES: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [*make_cursor_bindings()]
    app: TuiApp[Any]

    def __init__(self, title: str, keys: Sequence[tuple[str, str]]) -> None:
        """`keys` are shown below the list: the names of actions in `core.keymap`, and what they do."""
        super().__init__()
        self._title, self._keys = title, keys
        self._searched = ""
        self._count = 0
        # The numbers of the lines that match, in their order.
        self._found: Sequence[int] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield SearchLine(id="dialog-search")
            yield Static("", id="dialog-empty", classes="dialog--note", markup=False)
            yield Chooser(lambda number, width: self.draw_line(self._found[number], width))
            keys = " · ".join(f"{self.app.key_of(name, self)}: {does}" for name, does in self._keys)
            yield Static(Content(keys), id="dialog-keys", classes="dialog--note")
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        self.query_one(Chooser).can_focus = False
        self.query_one(SearchLine).focus()

    def find_line_numbers(self, query: str) -> Sequence[int]:
        """Return the numbers of the lines that match what the user has typed, best first."""
        raise NotImplementedError

    def draw_line(self, number: int, width: int) -> Line:
        """Return the line with this number. It begins with a blank, the cursor's place."""
        raise NotImplementedError

    def action_enter(self) -> None:
        """Do what Enter does with the line under the cursor."""
        raise NotImplementedError

    def show_lines(self, count: int) -> None:
        """Show the lines that match what the user has typed; `count` is the number of all lines."""
        self._count = count
        line = self.query_one(SearchLine)
        self._searched = line.value
        self._found = self.find_line_numbers(line.value)
        self.query_one(Chooser).set_count(len(self._found), 0)
        empty = self.query_one("#dialog-empty", Static)
        empty.update(Content("nothing matches: esc closes" if count else self.NO_LINES))
        empty.display = not self._found
        line.note = f"{len(self._found)}/{count}"
        line.refresh()

    @property
    def typed_text(self) -> str:
        """Return what the user has typed."""
        return self.query_one(SearchLine).value

    @property
    def chosen_number(self) -> int | None:
        """Return the number of the line under the cursor, or None if nothing matches."""
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

    def on_click(self, event: Click) -> None:
        if event.chain == 2 and isinstance(event.widget, Chooser):
            self.action_enter()
