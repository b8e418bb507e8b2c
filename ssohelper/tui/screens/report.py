"""A dialog that reports the result of an action, in lines that are wrapped at its width."""

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
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import WrappedView, text_lines


class ReportScreen(Dialog[None]):
    HELP_TEXT = "What was done, what is wrong, and what to type next. Enter closes the report."
    CSS_PATH = "../styles/screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("enter,escape,q", "close", "Close")]

    def __init__(self, title: str, texts: Sequence[str]) -> None:
        super().__init__()
        self._title, self._texts = title, texts

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content(show(self._title)), classes="dialog--title")
            yield WrappedView()
            yield KeyHints([(ENTER, "close")])

    def on_mount(self) -> None:
        lines = self.query_one(WrappedView)
        lines.set_lines(text_lines(self._texts))
        lines.focus()

    def on_resize(self, event: Resize) -> None:
        fits_on_screen = dialog_sizes.fits_on_screen(
            event.size, text_lines(self._texts), [self._title]
        )
        self.query_one(".dialog").set_class(fits_on_screen, "short")

    def action_close(self) -> None:
        self.dismiss(None)
