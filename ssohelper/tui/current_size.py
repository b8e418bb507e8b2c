"""What all our screens have in common: the size that they are laid out for, and when they take keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.events import Mount, Resize
from textual.message_pump import MessagePump
from textual.screen import Screen

from ssohelper.tui.keys import KeyOrderApp
from ssohelper.tui.one_time_timers import call_after_drawing

if TYPE_CHECKING:
    from textual.events import Event
    from textual.geometry import Size

_Result = TypeVar("_Result")


class CurrentSizeMixin(MessagePump):
    """Lays a screen out only for the size that the terminal has now; keys wait until it is drawn.

    Textual's screen sends itself a `Resize` whenever one has changed its size. If two sizes and a
    key wait in its queue, each size brings back the other without end: full load, no key and no
    signal (5 of 30 starts while a window was dragged, Textual 8.2.8).

    Not a subclass of `Screen`: Textual reads CSS and bindings of only the first base class that is
    one.
    """

    _is_drawn = False
    # Whether the screen shows what its keys act on. A screen that reads that in the background
    # sets this to False, and calls `note_content` then.
    has_content = True

    @property
    def takes_keys(self) -> bool:
        return self._is_drawn and self.has_content

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Resize) and self._is_earlier_size(event.size):
            if not (isinstance(self, Screen) and self._is_earlier_size(self.outer_size)):
                return
            # Of two sizes that wait one behind the other, Textual keeps the last: this one may have
            # replaced the present size.
            event = Resize(self.app.size, self.app.size)
        await super().on_event(event)
        if isinstance(event, Mount):
            call_after_drawing(self, self._note_drawing)

    def _note_drawing(self) -> None:
        self._is_drawn = True
        self._let_keys_act()

    def note_content(self) -> None:
        if not self.has_content:
            self.has_content = True
            self._let_keys_act()

    def _let_keys_act(self) -> None:
        # The focus comes first: the app sets it when it handles a message sent at the mount.
        if isinstance(self.app, KeyOrderApp):
            self.app.call_later(self.app.handle_waiting_input)

    def _is_earlier_size(self, size: Size) -> bool:
        now = self.app.size
        # A program below the prompt has fewer lines than the terminal.
        return size.width != now.width if self.app.is_inline else size != now


class CurrentSizeScreen(CurrentSizeMixin, Screen[_Result]):
    """A screen that is not a dialog."""
