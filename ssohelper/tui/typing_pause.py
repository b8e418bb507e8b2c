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
        # When the pause will be long enough: after the last key that opens no dialog, and for keys to
        # be taken again.
        self._typing_until = self._ignored_until = -math.inf

    def note_key(self, *, may_open_dialog: bool) -> None:
        """Note that a key was handled, and whether it may open a dialog.

        If it may, and the dialog comes before any other key, the user types for that dialog. Every
        other key, such as a letter or an arrow, was for what was shown before the dialog.
        """
        self._typing_until = -math.inf if may_open_dialog else self._monotonic() + PAUSE_SECONDS

    def begin_after_opening(self) -> None:
        """Ignore keys until a pause, unless the last key may have opened this dialog."""
        self._ignored_until = max(self._ignored_until, self._typing_until)

    def begin(self) -> None:
        """Ignore keys until a pause: what they were typed for has changed by itself.

        For example, a dialog has closed at the end of its work, or the role under the cursor is gone.
        """
        self._ignored_until = self._monotonic() + PAUSE_SECONDS

    def is_key_ignored(self, *, is_command: bool) -> bool:
        """Return whether this key is ignored; if it is, the pause begins again.

        `is_command`: it is text that no text field takes, or Enter. Other keys, such as arrows, are
        never ignored. They do not end the pause: a user who types ahead uses them too.
        """
        if not is_command or self._monotonic() >= self._ignored_until:
            return False
        self._ignored_until = self._monotonic() + PAUSE_SECONDS
        return True

    async def wait(self) -> None:
        """Wait until the user makes a pause in typing. Only workers may await this."""
        while (seconds := self._typing_until - self._monotonic()) > 0:
            await self._sleep(seconds)
