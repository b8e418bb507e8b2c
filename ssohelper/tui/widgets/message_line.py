"""The message line: one line above the footer, which covers nothing.

It shows the last message at the left, and at the right whether a list of roles could not be
refreshed. Its text has no markup. A click opens the history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Resize
from textual.strip import Strip
from textual.widget import Widget

from ssohelper.tui.messages import LOW_LINES, Kind
from ssohelper.tui.widgets.cells import fitted

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

# The line shows how old a list of roles is, so it is drawn again after so many seconds.
_CHECK_SECONDS = 5
# If both do not fit, the note about failed refreshes names its session only within a third of the
# line. `FailureNote.shortest` is shown beside every message.
_LEAST_SHARE = 3


class Shown(NamedTuple):
    """What the line shows: a message with its kind, and at the right end the lists' state."""

    kind: Kind | None
    message: str
    mark: str


class MessageLine(Widget):
    """Shows the app's last message, and the note about lists that could not be refreshed."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "message-line--warn",
        "message-line--bad",
    }
    DEFAULT_CSS = """
    MessageLine {
        dock: bottom; margin-bottom: 1; height: 1; background: $surface; color: $foreground;
        &:hover { background: $panel; }
        & > .message-line--warn { color: $text-warning; text-style: bold; }
        & > .message-line--bad { color: $text-error; text-style: bold; }
    }
    """
    app: TuiApp[Any]

    def __init__(self, *, in_dialog: bool = False) -> None:
        """`in_dialog` shows messages only; the screen below the dialog has the note about lists."""
        super().__init__()
        self._in_dialog = in_dialog
        self._shown = Shown(None, "", "")

    def on_mount(self) -> None:
        self.app.messages_changed.subscribe(self, lambda _nothing: self.update())
        self.set_interval(_CHECK_SECONDS, self.update)
        self.update()

    def on_resize(self, event: Resize) -> None:
        self.update()

    def update(self) -> None:
        """Show the app's present message, and the note about lists that could not be refreshed."""
        shown = self._choose_content(max(0, self.app.size.width - 2))
        is_low = self._in_dialog or self.app.size.height < LOW_LINES
        self.display = bool(shown.message or shown.mark) or not is_low
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def _choose_content(self, width: int) -> Shown:
        message, found = self.app.messages.shown, None
        if not self._in_dialog:
            found = self.app.list_states.failure_note(self.app.services.clock.now())
        text = message.line if message else ""
        kind = message.kind if message else None
        if found is None:
            return Shown(kind, text, "")
        for mark in (found.text, found.short):
            free = width - cell_len(mark) - 4
            if free >= (cell_len(text) + 2 if text else 0):
                return Shown(kind, text, mark)
        is_small = cell_len(found.short) + 2 <= width // _LEAST_SHARE
        return Shown(kind, text, found.short if is_small else found.shortest)

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        kind, message, mark = self._shown
        right = f"  {Kind.WARNING.sign} {mark} " if mark else " "
        left_width = max(0, width - cell_len(right) - 1)
        sign = f"{kind.sign} " if kind else ""
        strong = base
        if kind is not None and kind.style:
            strong = base + self.get_component_rich_style(
                f"message-line--{kind.style}", partial=True
            )
        warn = base + self.get_component_rich_style("message-line--warn", partial=True)
        text = fitted(message, max(0, left_width - cell_len(sign)))
        strip = Strip([Segment(f" {sign}", strong), Segment(text, base), Segment(right, warn)])
        return strip.adjust_cell_length(width, base)

    async def on_click(self) -> None:
        await self.run_action("app.messages")
