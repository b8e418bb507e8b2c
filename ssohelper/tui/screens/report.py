"""Dialogs that show lines: the result of an action, or a diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui import dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.widgets.key_hints import ENTER, Hint, KeyHints
from ssohelper.tui.widgets.lines import Line, WrappedView


class ReportScreen(Dialog[None]):
    HELP_TEXT = "What was done, what is wrong, and what to type next. Enter closes the report."
    CSS_PATH = "../styles/screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("enter,escape,q", "dismiss", "Close")]
    KEY: ClassVar[Hint] = (ENTER, "close")
    FITS_LINES = True

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield WrappedView(id="lines")
            yield KeyHints([self.KEY])

    def on_mount(self) -> None:
        view = self.query_one(WrappedView)
        view.set_lines(self._lines)
        view.focus()

    def on_resize(self, event: Resize) -> None:
        fits = dialog_sizes.fits_on_screen(event.size, self._lines, [self._title])
        self.query_one(".dialog").set_class(fits and self.FITS_LINES, "short")


class DiffScreen(ReportScreen):
    HELP_TEXT = "A diff of the config. Nothing is written here."
    BINDINGS: ClassVar[list[BindingType]] = [action_binding("diff.close", "dismiss")]
    KEY = ("diff.close", "close")
    FITS_LINES = False

    def __init__(self, title: str, lines: Sequence[Line], find: str = "") -> None:
        """The diff is scrolled to the first line that contains the text `find`."""
        super().__init__(title, lines)
        self._find = find

    def on_mount(self) -> None:
        call_after_drawing(self, self._scroll_to_text)

    def _scroll_to_text(self) -> None:
        view = self.query_one(WrappedView)
        texts = ("".join(text for text, _ in line) for line in view.lines)
        at = next((number for number, text in enumerate(texts) if self._find in text), 0)
        view.scroll_to(0, at, animate=False)
