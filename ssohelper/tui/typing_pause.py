"""The pause in typing after which a dialog, or a shell, takes keys as its own.

A dialog may open or close while the user types for what was shown before: its sign-in has ended, or
AWS has answered an earlier key only now. The next keys must not be its commands then.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

# A user who types on makes no pause of this length between two keys.
PAUSE_SECONDS = 0.5


class TypingPause:
    """Says which keys are ignored until the user has made a pause in typing.

    `monotonic` gives the seconds of a monotonic clock, and `sleep` waits for so many seconds.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        # When the pause will be long enough: after the last typed key, and for keys to be taken again.
        self._typing_until = self._ignored_until = -math.inf

    def note_key(self, *, is_typing: bool) -> None:
        """Note that a key was handled; `is_typing`: it edits the text of a field.

        Any other key may open a dialog itself: the user then types for that dialog.
        """
        self._typing_until = self._monotonic() + PAUSE_SECONDS if is_typing else -math.inf

    def begin_after_opening(self) -> None:
        """Ignore keys until a pause if the user was typing when this dialog opened."""
        self._ignored_until = max(self._ignored_until, self._typing_until)

    def begin_after_closing(self) -> None:
        """Ignore keys until a pause: a dialog has closed by itself, so the next may be for it."""
        self._ignored_until = self._monotonic() + PAUSE_SECONDS

    def is_key_ignored(self, *, is_text_or_enter: bool, is_for_field: bool) -> bool:
        """Return whether this key is ignored; if it is, the pause begins again.

        A key that a text field takes (`is_for_field`) is not ignored. Any key but text and Enter, such
        as an arrow, shows that the user has seen the dialog: after it no key is ignored.
        """
        if self._monotonic() >= self._ignored_until:
            return False
        if not is_text_or_enter:
            self._ignored_until = -math.inf
            return False
        if is_for_field:
            return False
        self._ignored_until = self._monotonic() + PAUSE_SECONDS
        return True

    async def wait(self) -> None:
        """Wait until the user makes a pause in typing. Only workers may await this."""
        while (seconds := self._typing_until - self._monotonic()) > 0:
            await self._sleep(seconds)
