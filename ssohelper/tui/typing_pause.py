"""Ignores keys and clicks after the screen has changed, until the user makes a pause in typing."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from textual.geometry import Region
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen

# A user who keeps typing makes no pause of this length between two keys, and no user sees and
# clicks a new button in less time.
PAUSE_SECONDS = 0.5

# The parts of a dialog that can be clicked: Textual's buttons, and the line of keys.
_BUTTONS = "Button, KeyHints"


class KeyKind(IntEnum):
    """What a key can do.

    A pause in typing ignores all kinds up to one of these.

    COMMAND is Enter, or text that no text field takes; TEXT is text for a field.
    """

    CLICK = 0
    COMMAND = 1
    TEXT = 2
    OTHER = 3


class TypingPause:
    """Says which keys are ignored until the user has made a pause in typing.

    A dialog may open or close while the user types for what was shown before. The next keys must
    not run commands of what is shown now.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        # Times of the monotonic clock: until when the user may still be typing after the last key,
        # and until when keys of each kind are ignored.
        self._typing_until = -math.inf
        self._ignored_until = dict.fromkeys(KeyKind, -math.inf)

    def note_key(self, *, may_open_dialog: bool) -> None:
        """Record that a key or a click was handled, and whether it may open a dialog.

        If it may, and a dialog opens before any other key, the user types for that dialog.
        """
        self._typing_until = -math.inf if may_open_dialog else self._monotonic() + PAUSE_SECONDS

    def begin_after_opening(self) -> None:
        """Ignore text, Enter and clicks until a pause, unless the last key may have opened this
        dialog.
        """
        self._ignore_keys(KeyKind.TEXT, self._typing_until)
        self.begin(KeyKind.CLICK)

    def begin(self, kind: KeyKind = KeyKind.COMMAND) -> None:
        """Ignore keys up to this kind until a pause, because what they act on has just changed."""
        self._ignore_keys(kind, self._monotonic() + PAUSE_SECONDS)

    def _ignore_keys(self, kind: KeyKind, until: float) -> None:
        for each in KeyKind:
            if each <= kind:
                self._ignored_until[each] = max(self._ignored_until[each], until)

    def ignore_key_in_pause(self, kind: KeyKind, *, seconds_ago: float = 0.0) -> bool:
        """Return whether a key of this kind is ignored; if it is, the pause begins again."""
        now = self._monotonic()
        if now - seconds_ago >= self._ignored_until[kind]:
            return False
        for each, until in self._ignored_until.items():
            if each == kind or now < until:
                self._ignored_until[each] = now + PAUSE_SECONDS
        return True

    async def wait(self) -> None:
        """Wait until the user makes a pause in typing. Only workers may await this."""
        while (seconds := self._pause_ends_at() - self._monotonic()) > 0:
            await self._sleep(seconds)

    def _pause_ends_at(self) -> float:
        return max(self._typing_until, self._ignored_until[KeyKind.COMMAND])


class ButtonPlaces:
    """Ignores clicks for a moment after the buttons of a dialog have moved."""

    def __init__(self, ignore_clicks: Callable[[], object]) -> None:
        self._ignore_clicks = ignore_clicks
        self._places: WeakKeyDictionary[Screen[Any], list[tuple[Widget, Region]]]
        self._places = WeakKeyDictionary()

    def watch(self, dialog: Screen[Any]) -> None:
        """Watch the buttons of this dialog from its first drawing on."""
        if dialog not in self._places:
            self._places[dialog] = []
            dialog.call_after_refresh(self._watch_drawn_dialog, dialog)

    def _watch_drawn_dialog(self, dialog: Screen[Any]) -> None:
        if dialog.is_running:
            check = partial(self._check_button_places, dialog)
            dialog.screen_layout_refresh_signal.subscribe(dialog, check, immediate=True)
            check(dialog)

    def _check_button_places(self, dialog: Screen[Any], _: object) -> None:
        places = [(button, button.region) for button in dialog.query(_BUTTONS)]
        if places != self._places[dialog]:
            self._places[dialog] = places
            self._ignore_clicks()
