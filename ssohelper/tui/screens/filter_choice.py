"""A dialog in which accounts and role names are ticked, as filters of `profile sync`."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ssohelper.core.filter_rows import FilterRow
from ssohelper.tui.widgets.filter_list import FilterList


class FilterChoiceScreen(ModalScreen["list[FilterRow] | None"]):
    """A dialog for the filters of `profile sync`. Its result is the ticked rows, or None."""

    HELP_TEXT = (
        "Only the ticked accounts and roles get profiles. Type to search, {filters.tick} ticks, {filters.take} takes "
        "the ticked ones. Later syncs repeat this choice. Nothing is written before the question."
    )
    CSS_PATH = "../styles/screens.tcss"

    def __init__(self, rows: Sequence[FilterRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content("profiles for which accounts and roles?"), classes="dialog--title")
            yield FilterList(self._rows)

    def on_filter_list_taken(self, event: FilterList.Taken) -> None:
        self.dismiss(event.rows)

    def on_filter_list_left(self) -> None:
        self.dismiss(None)
