"""A dialog that asks which page of the AWS console to open: the service and the region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from ssohelper.core import console_urls
from ssohelper.core.model import PageChoice
from ssohelper.core.search import Index
from ssohelper.tui.keys import action_binding
from ssohelper.tui.screens.search_dialog import SearchDialog
from ssohelper.tui.widgets.cells import fitted, pieces_with_matches
from ssohelper.tui.widgets.lines import Line

_SERVICE_WIDTH = max(map(len, console_urls.SERVICES)) + 2
_REGION_WIDTH = 16


class ConsoleChooser(SearchDialog["PageChoice | None"]):
    """Asks for a page of the AWS console; the result is the page or None."""

    HELP_TEXT = (
        "Type to find a service and a region, such as: lambda eu-west-1. {console.open} opens the page under "
        "the cursor. The page that was last opened as this role is the first one. The same on the "
        "command line: ssohelper console --service NAME --region REGION"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("console.open", "choose_line", priority=True),
        action_binding("console.cancel", "dismiss", priority=True),
    ]

    def __init__(self, title: str, last: Sequence[PageChoice], region: str) -> None:
        super().__init__(title, (("console.open", "open"), ("console.cancel", "cancel")))
        self._choices = console_urls.console_pages_to_offer(last, region)
        # How many pages the search prefers to those in other regions: the pages that were last
        # opened, and each service once.
        preferred = len(last) + len(console_urls.SERVICES)
        services, regions = zip(*self._choices, strict=True)
        self._index = Index((services, regions), fuzzy_columns=(0, 1), preferred=preferred)

    def on_mount(self) -> None:
        self.show_lines(len(self._choices))

    def find_line_numbers(self, query: str) -> Sequence[int]:
        if not query.strip():
            return range(len(self._choices))
        return self._index.search(query, fuzzy=True)

    def line_key(self, number: int) -> object:
        return self._choices[number]

    def draw_line(self, number: int, width: int) -> Line:
        choice = self._choices[number]
        region = "global" if console_urls.is_global_service(choice.service) else choice.region
        path = (
            console_urls.console_page_of_service(*choice).url.partition("://")[2].partition("/")[2]
        )
        left = max(0, width - 2 - _SERVICE_WIDTH - _REGION_WIDTH)
        query = self.typed_text
        spans = self._index.spans(query, number, fuzzy=True) if query.strip() else []
        # A search for a region finds global services too, though their lines show no region.
        region_spans = spans if region == choice.region else []
        return [
            ("  ", ""),
            *pieces_with_matches(choice.service, spans, 0, _SERVICE_WIDTH, ""),
            *pieces_with_matches(region, region_spans, 1, _REGION_WIDTH, "accent"),
            (fitted(path.partition("?")[0], left), "dim"),
        ]

    def action_choose_line(self) -> None:
        number = self.find_chosen_number()
        if number is not None:
            self.dismiss(self._choices[number])
