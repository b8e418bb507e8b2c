"""The base class of all dialogs. It ignores events while the dialog's widgets do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.events import Mount, Resize, ScreenResume, ScreenSuspend
from textual.screen import ModalScreen

from ssohelper.tui.one_time_timers import is_still_there

if TYPE_CHECKING:
    from textual.events import Event

_Result = TypeVar("_Result")
# In the border of a dialog whose lines are more than it shows: that takes no line from them.
SCROLL_KEYS = "page down, ↓, j: more"
_NEED_WIDGETS = (Mount, Resize, ScreenResume, ScreenSuspend)


class Dialog(ModalScreen[_Result]):
    """A dialog whose handlers of Mount, Resize and the like run only if its widgets exist.

    A dialog may be closed before it is mounted, because its work has ended or the user has chosen
    another screen. Textual then mounts none of its widgets, or is removing them, but calls the
    handlers nevertheless.
    """

    # Whether `on_mount` was called.
    has_opened = False

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Mount):
            self.has_opened = is_still_there(self)
        if self.has_opened or not isinstance(event, _NEED_WIDGETS):
            await super().on_event(event)
