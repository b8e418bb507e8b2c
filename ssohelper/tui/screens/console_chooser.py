"""A dialog that asks which page of the AWS console to open: the service and the region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from ssohelper.core import console_urls
from ssohelper.core.model import PageChoice
from ssohelper.core.search import Index
from ssohelper.core.text import show
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.widgets.cells import fitted, pieces_with_matches
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_KEYS = (("console.open", "open"), ("console.cancel", "cancel"))
_SERVICE_WIDTH = max(map(len, console_urls.SERVICES)) + 2
_REGION_WIDTH = 16
# How many lines the dialog needs besides its list: border, title, a blank line, and the search.
_FRAME_LINES = 5
# The fewest lines for the list, or for the text that replaces an empty list.
_LEAST_LINES = 3
# How many columns of the screen the line of keys cannot use, if the dialog fills the width.
_BESIDE_KEYS = 4


class ConsoleChooser(Dialog["PageChoice | None"]):
    """Asks for a page of the AWS console; the result is the page or None.

    The search has the focus, so letters run no commands.
    """

    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    #dialog-empty { height: 1fr; padding: 0 2; background: $background; }
    SearchLine { background: $background; }
    """
    HELP_TEXT = (
        "Type to find a service and a region, such as: lambda eu-west-1. {console.open} opens the page under "
        "the cursor. The page that was last opened as this role is the first one. The same on the "
        "command line: ssohelper console --service NAME --region REGION"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *make_cursor_bindings(),
        action_binding("console.open", "choose_line", priority=True),
        action_binding("console.cancel", "clear_or_close", priority=True),
    ]
    app: DialogApp

    def __init__(self, title: str, last: Sequence[PageChoice], region: str) -> None:
        """`last` are the pages opened as this role before, of which the latest is the first line."""
        super().__init__()
        self._title, self._searched = title, ""
        self._choices = console_urls.console_pages_to_offer(last, region)
        # How many pages the search prefers to those in other regions: the pages that were last
        # opened, and each service once.
        preferred = len(last) + len(console_urls.SERVICES)
        services, regions = zip(*self._choices, strict=True)
        self._index = Index((services, regions), fuzzy_columns=(0, 1), preferred=preferred)
        # The numbers of the pages that match, in the order in which they are shown.
        self._found: Sequence[int] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield SearchLine(id="dialog-search")
            yield Static("", id="dialog-empty", classes="dialog--note", markup=False)
            yield Chooser(self._draw_page, key_of=lambda line: self._choices[self._found[line]])
            yield KeyHints(_KEYS, id="dialog-keys")
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        self.query_one(Chooser).can_focus = False
        self.query_one(SearchLine).focus()
        self._show_pages()

    def _show_pages(self) -> None:
        """Show the pages that match what the user has typed. The cursor goes to the best match."""
        line, count = self.query_one(SearchLine), len(self._choices)
        self._searched = line.value
        is_searching = bool(line.value.strip())
        self._found = self._index.search(line.value, fuzzy=True) if is_searching else range(count)
        chooser, empty = self.query_one(Chooser), self.query_one("#dialog-empty", Static)
        chooser.set_count(len(self._found), 0)
        clears = f"nothing matches · {self.app.key_of('console.cancel')} clears the search"
        empty.update(Content("" if self._found else clears))
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
        needed = max(_LEAST_LINES, len(self._choices)) + _FRAME_LINES + keys
        self.query_one(".dialog").styles.height = min(most, needed)

    def _draw_page(self, line: int, width: int) -> Line:
        number = self._found[line]
        choice = self._choices[number]
        region = "global" if choice.service in console_urls.GLOBAL else choice.region
        url = console_urls.console_page_of_service(*choice).url
        path = url.partition("://")[2].partition("/")[2]
        left = max(0, width - 2 - _SERVICE_WIDTH - _REGION_WIDTH)
        query = self.query_one(SearchLine).value
        spans = self._index.spans(query, number, fuzzy=True) if query.strip() else []
        # A search for a region finds global services too, though their lines show no region.
        region_spans = spans if region == choice.region else []
        return [
            ("  ", ""),
            *pieces_with_matches(choice.service, spans, 0, _SERVICE_WIDTH, ""),
            *pieces_with_matches(region, region_spans, 1, _REGION_WIDTH, "accent"),
            (fitted(path.partition("?")[0], left), "dim"),
        ]

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self._search_now()

    def _search_now(self) -> Chooser:
        """Search for the typed text, so that an action cannot use a line of an earlier search."""
        if self.query_one(SearchLine).value != self._searched:
            self._show_pages()
        return self.query_one(Chooser)

    def action_move(self, lines: int) -> None:
        self._search_now().action_move(lines)

    def action_page(self, pages: int) -> None:
        self._search_now().action_page(pages)

    def action_go(self, line: int) -> None:
        self._search_now().action_go(line)

    def action_clear_or_close(self) -> None:
        line = self.query_one(SearchLine)
        if line.value:
            line.action_clear()
        else:
            self.dismiss(None)

    def action_choose_line(self) -> None:
        chooser = self._search_now()
        if self._found:
            self.dismiss(self._choices[self._found[chooser.cursor]])

    def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        if self._search_now().cursor_key == event.key:
            self.action_choose_line()
