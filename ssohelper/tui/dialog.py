"""The base class of all dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.content import Content
from textual.events import Mount, Resize, ScreenResume, ScreenSuspend
from textual.screen import ModalScreen
from textual.widgets import Static

from ssohelper.core.text import show
from ssohelper.tui.current_size import CurrentSizeMixin
from ssohelper.tui.one_time_timers import is_still_there

if TYPE_CHECKING:
    from textual.events import Event
    from textual.scroll_view import ScrollView

_Result = TypeVar("_Result")
_NEED_WIDGETS = (Mount, Resize, ScreenResume, ScreenSuspend)


def make_title(question: str) -> Static:
    lines = map(show, question.split("\n"))
    return Static(Content("\n".join(lines)), classes="dialog--title")


class Dialog(CurrentSizeMixin, ModalScreen[_Result]):
    """A dialog whose handlers of Mount, Resize and the like run only if its widgets exist.

    A dialog may be closed before it is mounted. Textual then mounts none of its widgets, but calls
    the handlers.
    """

    # Shown in the dialog's border, where it takes no line from the text, while not all lines are
    # shown.
    SCROLL_KEYS = "page down, ↓, j: more"
    # True once Textual has called the dialog's `on_mount`.
    has_opened = False

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Mount):
            self.has_opened = is_still_there(self)
        if self.has_opened or not isinstance(event, _NEED_WIDGETS):
            await super().on_event(event)

    def watch_scroll_keys(self, view: ScrollView) -> None:
        self.watch(view, "show_vertical_scrollbar", self._show_scroll_keys)

    def _show_scroll_keys(self, is_longer: bool) -> None:
        self.query_one(".dialog").border_subtitle = self.SCROLL_KEYS if is_longer else ""
