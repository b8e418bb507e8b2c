"""Screens and dialogs ignore a size that the terminal had earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.events import Resize
from textual.message_pump import MessagePump
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.events import Event
    from textual.geometry import Size

_Result = TypeVar("_Result")


class CurrentSizeMixin(MessagePump):
    """Lays a screen out only for the size that the terminal has now.

    Textual's screen sends itself a `Resize` whenever one has changed its size. If two sizes and a
    key wait in its queue, each size brings back the other without end: full load, no key and no
    signal (5 of 30 starts while a window was dragged, Textual 8.2.8).

    Not a subclass of `Screen`: Textual reads CSS and bindings of only the first base class that is
    one.
    """

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Resize) and self._is_earlier_size(event.size):
            if not (isinstance(self, Screen) and self._is_earlier_size(self.outer_size)):
                return
            # Of two sizes that wait one behind the other, Textual keeps the last: this one may have
            # replaced the present size.
            event = Resize(self.app.size, self.app.size)
        await super().on_event(event)

    def _is_earlier_size(self, size: Size) -> bool:
        now = self.app.size
        # A program below the prompt has fewer lines than the terminal.
        return size.width != now.width if self.app.is_inline else size != now


class CurrentSizeScreen(CurrentSizeMixin, Screen[_Result]):
    """A screen that is not a dialog."""
