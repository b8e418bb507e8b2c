"""A dialog that asks for a line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ssohelper.core.text import show
from ssohelper.tui import dialog_sizes
from ssohelper.tui.keys import action_binding


class AskScreen(ModalScreen["str | None"]):
    """A dialog that asks for text. Its result is the text, or None if the user typed none."""

    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    HELP_TEXT = (
        "A question: type the answer, then press Enter. Nothing changes before a diff is shown."
    )
    BINDINGS: ClassVar[list[BindingType]] = [action_binding("ask.cancel", "dismiss")]

    def __init__(self, question: str, value: str, command: str) -> None:
        """`value` is in the field at first. `command` is the command line that does the same."""
        super().__init__()
        self._question, self._value, self._command = question, value, command

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(show(self._question)), classes="dialog--title")
            yield Input(self._value, id="answer", compact=True)
            yield Static(Content(f"$ {show(self._command)}"), classes="dialog--command")
            yield Static("esc: cancel", classes="dialog--note", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)
