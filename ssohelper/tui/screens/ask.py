"""A dialog that asks for a line of text, and a widget that says why a dialog refuses the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from ssohelper.actions.flows.dialogue import accept_all
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import dialog_sizes
from ssohelper.tui.dialog import Dialog, make_title
from ssohelper.tui.keys import action_binding
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints


class RefusalLine(Static):
    """Says why a dialog refuses the typed text.

    The dialog stays open, for another text.

    If it closed, letters that are typed later would run commands of the screen below.
    """

    DEFAULT_CSS = "RefusalLine { height: auto; color: $text-error; display: none; }"

    def show_refusal(self, error: SsoHelperError, field: Input) -> None:
        """Show the error, and select the field's text: the next letters replace it."""
        self.update(
            Content("\n".join(show(text) for text in (f"✗ {error.message}", error.hint) if text))
        )
        self.display = True
        field.focus()
        field.select_all()
        call_after_drawing(self, self.scroll_visible, animate=False)


class AskScreen(Dialog["str | None"]):
    """A dialog that asks for text. Its result is the text, or None if the user left."""

    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    HELP_TEXT = (
        "A question: type the answer, then press Enter. Nothing changes before a diff is shown."
    )
    # A question may name more roles than fit: the field is scrolled into view.
    CSS = "AskScreen .dialog { overflow-y: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [action_binding("ask.cancel")]

    def __init__(
        self,
        question: str,
        value: str,
        command: str,
        check: Callable[[str], object] = accept_all,
    ) -> None:
        """`check` raises an SsoHelperError for an invalid text; the dialog then shows this error.

        The question may have several lines.
        """
        super().__init__()
        self._check = check
        self._question, self._value, self._command = question, value, command

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield make_title(self._question)
            yield Input(self._value, id="answer", compact=True)
            yield RefusalLine()
            yield Static(Content(f"$ {show(self._command)}"), classes="dialog--command")
            yield KeyHints([(ENTER, "go on"), ("ask.cancel", "cancel")])

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def action_cancel(self) -> None:
        """Restore the text from before the user typed; if it is unchanged, leave the dialog."""
        field = self.query_one(Input)
        if field.value != self._value:
            field.value = self._value
        else:
            self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        try:
            self._check(text)
        except SsoHelperError as error:
            self.query_one(RefusalLine).show_refusal(error, event.input)
        else:
            self.dismiss(text)
