"""Decides what a click on a line of a list, or on a key of the footer, means."""

from enum import Enum, auto
from typing import NamedTuple

from textual.events import Click
from textual.geometry import Offset

# Two clicks with more time than this between them are never a double click. Textual counts clicks
# at one place as a chain if they are 0.5 s apart; but it also counts clicks on other widgets.
_MOST_SECONDS = 1.0


class Clicked(Enum):
    """What a click on a line of a list, or on a key of the footer, means."""

    ONCE = auto()
    TWICE = auto()
    # The second click at one place, but another line is there now. Such a click may only move the
    # cursor, because the user probably meant the line that was there.
    MOVED = auto()
    # The button was pressed on another line, or on none. Such a click does nothing: the user probably
    # wanted to select text.
    DRAGGED = auto()


class _LastClick(NamedTuple):
    target: object
    place: Offset
    at: float


class ClickMemory:
    """Remembers what was clicked last in one list, or in the footer.

    Between two clicks at one place, a refresh, a fold, the wheel or the first click can put another
    line or key there.
    """

    def __init__(self) -> None:
        self._last: _LastClick | None = None
        self._pressed: object = None

    def note_press(self, target: object) -> None:
        self._pressed = target

    def classify_click(self, event: Click, target: object) -> Clicked:
        """Return what this click means, and remember it.

        `target` is what is under the pointer.

        A target must stay equal when its line moves, and differ from the targets of other lines.
        """
        last, self._last = self._last, None
        if target != self._pressed:
            return Clicked.DRAGGED
        self._last = _LastClick(target, event.screen_offset, event.time)
        if (
            last is None
            or event.chain < 2
            or event.screen_offset != last.place
            or event.time - last.at > _MOST_SECONDS
        ):
            return Clicked.ONCE
        if target != last.target:
            return Clicked.MOVED
        self._last = None
        return Clicked.TWICE
