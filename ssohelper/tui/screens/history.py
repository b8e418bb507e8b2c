"""A dialog with all messages since the program started; the one under the cursor is shown whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from ssohelper.core.text import broken_into_lines
from ssohelper.tui.copying import copy_text
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding
from ssohelper.tui.messages import Message
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line, LineView
from ssohelper.tui.widgets.message_line import MessageLine

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_KIND_WIDTH = 10
# The greatest width of the dialog, and how many of its columns the border and padding take.
_WIDEST, _BESIDE_WHOLE = 110, 8
# The lines for the border, the title, a blank line and the keys; the least height of the list, and
# of the message below it.
_FRAME_LINES, _LEAST_LINES = 5, 2
_NONE = "No message has been shown yet."


class HistoryScreen(Dialog[None]):
    HELP_TEXT = (
        "All messages since the program started, the newest first. The message under the cursor is "
        "shown whole, and can be copied. Nothing is saved when the program ends."
    )
    CLOSES_WITH_SCREEN = True
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    HistoryScreen .dialog { width: 110; }
    HistoryScreen Chooser { height: 1fr; min-height: 2; }
    HistoryScreen #whole { height: auto; min-height: 2; max-height: 50%; }
    HistoryScreen .dialog--title { padding-bottom: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("messages.copy"),
        action_binding("messages.close"),
    ]
    app: DialogApp

    def __init__(self) -> None:
        super().__init__()
        self._messages: tuple[Message, ...] = ()

    def compose(self) -> ComposeResult:
        self._messages = tuple(reversed(self.app.messages.all))
        with Vertical(classes="dialog"):
            yield Static(Content("Messages"), classes="dialog--title")
            yield Chooser(self._draw_message_row, key_of=self._messages.__getitem__, id="messages")
            yield LineView(id="whole")
            yield KeyHints([("messages.copy", "copy"), ("messages.close", "close")])
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        chooser = self.query_one(Chooser)
        chooser.set_count(len(self._messages))
        chooser.focus()
        call_after_drawing(self, self._show_whole_message)

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        self._show_whole_message()

    def on_resize(self, event: Resize) -> None:
        self._fit_height(event.size)
        call_after_drawing(self, self._show_whole_message)

    def _fit_height(self, size: Size) -> None:
        """Make the dialog high enough for its list and for the longest message shown whole."""
        width = max(8, min(_WIDEST, size.width) - _BESIDE_WHOLE)
        whole = max(
            (len([*_wrapped_message_lines(one, width)]) for one in self._messages), default=0
        )
        needed = max(_LEAST_LINES, len(self._messages)) + max(_LEAST_LINES, whole) + _FRAME_LINES
        self.query_one(".dialog").styles.height = min(size.height * 9 // 10, needed)

    @property
    def _message_under_cursor(self) -> Message | None:
        number = self.query_one(Chooser).cursor
        return self._messages[number] if 0 <= number < len(self._messages) else None

    def _show_whole_message(self) -> None:
        view, message = self.query_one("#whole", LineView), self._message_under_cursor
        width = max(8, view.size.width - 2)
        lines: list[Line] = (
            [[(_NONE, "dim")]] if message is None else [*_wrapped_message_lines(message, width)]
        )
        view.set_lines(lines)

    def _draw_message_row(self, number: int, width: int) -> Line:
        message = self._messages[number]
        kind = message.kind
        text = fitted(message.line, max(0, width - _KIND_WIDTH - 14))
        return [
            (f"  {time_of_day_text(message.at)}  ", "dim"),
            (fitted(f"{kind.sign} {kind.word}", _KIND_WIDTH), kind.style or "dim"),
            (f" {text}", ""),
        ]

    def on_chooser_chosen(self) -> None:
        self.action_copy()

    def action_copy(self) -> None:
        message = self._message_under_cursor
        if message is not None:
            more = f"\n{message.more}" if message.more else ""
            copy_text(self.app, f"{message.text}{more}", "the message")

    def action_close(self) -> None:
        self.dismiss(None)


def _wrapped_message_lines(message: Message, width: int) -> Iterator[Line]:
    for text, style in ((message.text, message.kind.style), (message.more, "accent")):
        for line in broken_into_lines(text, width) if text else ():
            yield [(line, style)]


def time_of_day_text(at: int) -> str:
    """Return the local time of day, such as 14:30:05."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S")
