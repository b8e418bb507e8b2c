"""A dialog that shows a diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Line, LineView, WrappedView


class DiffScreen(Dialog[None]):
    # Keys typed before the dialog is shown go to the dialog: see StartedActions.
    TAKES_HELD_KEYS = True
    CSS_PATH = "../styles/screens.tcss"
    HELP_TEXT = "A diff of the config. Nothing is written here."
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("diff.close", "dismiss"),
        ("enter", "dismiss", "Close"),
    ]

    def __init__(self, title: str, lines: Sequence[Line], find: str | None = None) -> None:
        """The diff is scrolled to the first line that contains the text `find`."""
        super().__init__()
        self._title, self._lines, self._find = title, lines, find

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield WrappedView(id="diff")
            yield KeyHints([("diff.close", "close")])

    def on_mount(self) -> None:
        view = self.query_one("#diff", LineView)
        view.set_lines(self._lines)
        view.focus()
        if self._find is not None:
            call_after_drawing(self, self._scroll_to_text, view, self._find)

    def _scroll_to_text(self, view: LineView, find: str) -> None:
        at = next(
            (n for n, line in enumerate(view.lines) if find in "".join(text for text, _ in line)), 0
        )
        view.scroll_to(0, at, animate=False)
