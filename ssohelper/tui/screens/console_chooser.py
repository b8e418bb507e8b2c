"""A dialog that asks which page of the AWS console to open: the service and the region.

Both are found as the user types. The page that was last opened as this role is the first line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.screen import ModalScreen
from textual.widgets import Static

from ssohelper.core import console_choices, console_urls
from ssohelper.core.console_choices import PageChoice
from ssohelper.core.text import show
from ssohelper.tui.keys import action_binding
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_REGION_WIDTH = 16


class ConsoleChooser(ModalScreen["PageChoice | None"]):
    """Its result is the page that the user chose, or None if the user left."""

    HELP_TEXT = (
        "Type to find a service and a region, such as: lambda eu-west-1. Enter opens the page under "
        "the cursor. The page that was last opened as this role is the first one. The same on the "
        "command line: ssohelper console --service NAME --region REGION"
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    ConsoleChooser .dialog { height: 80%; }
    ConsoleChooser SearchLine { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+k", "move(-1)", show=False, priority=True),
        Binding("down,ctrl+j,ctrl+n", "move(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        action_binding("console.open", priority=True),
        action_binding("console.cancel", priority=True),
    ]

    app: TuiApp[Any]

    def __init__(self, title: str, last: Sequence[PageChoice], region: str) -> None:
        """`last` are the pages that were last opened, `region` is the one to offer first."""
        super().__init__()
        self._title = title
        self._choices = console_choices.offer(last, region)
        # All pages before those of other regions: the last ones, and each service once.
        preferred = len(last) + len(console_urls.SERVICES)
        self._index = console_choices.index_of(self._choices, preferred)
        self._searched = ""
        self._found = list(range(len(self._choices)))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield SearchLine(id="page-search")
            yield Chooser(self._row, id="pages")
            keys = [self.app.key_of(f"console.{name}", self) for name in ("open", "cancel")]
            note = f"{keys[0]}: open · {keys[1]}: cancel"
            yield Static(Content(note), classes="dialog--note")

    def on_mount(self) -> None:
        chooser = self.query_one(Chooser)
        # The search keeps the focus: letters are never commands here.
        chooser.can_focus = False
        self._show()
        self.query_one(SearchLine).focus()

    def _show(self) -> None:
        self.query_one(Chooser).set_count(len(self._found), 0)
        line = self.query_one(SearchLine)
        line.note = f"{len(self._found)}/{len(self._choices)}"
        line.refresh()

    def _row(self, number: int, width: int) -> Line:
        choice = self._choices[self._found[number]]
        name_width = max(len(one) for one in console_urls.SERVICES) + 2
        region = "global" if console_urls.is_global(choice.service) else choice.region
        path = console_urls.service_page(*choice).url.partition("://")[2].partition("/")[2]
        left = max(0, width - 2 - name_width - _REGION_WIDTH)
        return [
            ("  ", ""),
            (fitted(choice.service, name_width), ""),
            (fitted(region, _REGION_WIDTH), "accent"),
            (fitted(path.partition("?")[0], left), "dim"),
        ]

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self._search_now()

    def _search_now(self) -> None:
        """Search for what has been typed so far; each action calls this first."""
        query = self.query_one(SearchLine).value
        if query != self._searched:
            self._searched = query
            everything = list(range(len(self._choices)))
            self._found = self._index.search(query, fuzzy=True) if query.strip() else everything
            self._show()

    def action_move(self, lines: int) -> None:
        self._search_now()
        self.query_one(Chooser).action_move(lines)

    def action_page(self, pages: int) -> None:
        self._search_now()
        self.query_one(Chooser).action_page(pages)

    def action_open(self) -> None:
        """Choose the page under the cursor; without one, do nothing."""
        self._search_now()
        if self._found:
            self.dismiss(self._choices[self._found[self.query_one(Chooser).cursor]])

    def on_click(self, event: Click) -> None:
        if event.chain == 2 and isinstance(event.widget, Chooser):
            self.action_open()

    def action_cancel(self) -> None:
        self.dismiss(None)
