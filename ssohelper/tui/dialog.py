"""The base class of all dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

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

    from ssohelper.tui.base import TuiApp

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


class LateDismissScreen(Dialog[_Result]):
    """A dialog that closes itself when its background work ends, which may be at any time.

    Textual's `dismiss` would remove the screen in front, which may be another one.
    """

    app: TuiApp[Any]

    def __init__(self) -> None:
        super().__init__()
        # The arguments of `finish`, if it was called while another screen was shown.
        self._waiting_close: tuple[_Result, bool] | None = None
        self.has_finished = False

    def finish(self, result: _Result, *, begins_pause: bool = False) -> None:
        """Dismiss the dialog with this result, now or when it is shown again.

        Later calls do nothing.

        With `begins_pause`, the next letters and Enter are ignored: they were typed for this
        dialog.
        """
        if self.has_finished:
            return
        self.has_finished = True
        if self.app.screen is self:
            self._close(result, begins_pause)
        else:
            self._waiting_close = result, begins_pause

    def _close(self, result: _Result, begins_pause: bool) -> None:
        if begins_pause:
            self.app.typing_pause.begin()
        self.dismiss(result)

    def on_screen_resume(self) -> None:
        if self._waiting_close is not None:
            waiting, self._waiting_close = self._waiting_close, None
            self._close(*waiting)
