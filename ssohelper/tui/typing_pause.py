"""The pause in typing after which a dialog, or a shell, takes keys as its own.

A dialog may open or close while the user types for what was shown before: its sign-in has ended, or
AWS has answered an earlier key only now. The next keys must not be its commands then.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from enum import IntEnum

# A user who types on makes no pause of this length between two keys.
PAUSE_SECONDS = 0.5


class KeyKind(IntEnum):
    """What a key can do. A pause in typing ignores all kinds up to one of these.

    COMMAND is Enter, or text that no text field takes; TEXT is text for a field; OTHER is any other
    key, such as an arrow.
    """

    COMMAND = 1
    TEXT = 2
    OTHER = 3


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
        # Two times of the monotonic clock: until when a user who typed the last key may be typing
        # on, and until when keys are ignored.
        self._typing_until = self._ignored_until = -math.inf
        self._ignored_kind = KeyKind.COMMAND

    def note_key(self, *, may_open_dialog: bool) -> None:
        """Note that a key was handled, and whether it may open a dialog.

        If it may, and the dialog comes before any other key, the user types for that dialog. Every
        other key, such as a letter or an arrow, was for what was shown before the dialog.
        """
        self._typing_until = -math.inf if may_open_dialog else self._monotonic() + PAUSE_SECONDS

    def begin_after_opening(self) -> None:
        """Ignore text and Enter until a pause, unless the last key may have opened this dialog.

        Text for a field of the dialog is ignored too: its first letters went elsewhere.
        """
        self._ignore_keys(KeyKind.TEXT, self._typing_until)

    def begin(self, kind: KeyKind = KeyKind.COMMAND) -> None:
        """Ignore keys up to this kind until a pause: what they act on has changed by itself.

        For example, a dialog has closed at the end of its work, or the role under the cursor is gone.
        """
        self._ignore_keys(kind, self._monotonic() + PAUSE_SECONDS)

    def _ignore_keys(self, kind: KeyKind, until: float) -> None:
        now = self._monotonic()
        if until <= now:
            return
        is_ignoring = now < self._ignored_until
        self._ignored_kind = max(kind, self._ignored_kind) if is_ignoring else kind
        self._ignored_until = max(self._ignored_until, until)

    def is_key_ignored(self, kind: KeyKind) -> bool:
        """Return whether a key of this kind is ignored; if it is, the pause begins again.

        Other keys do not end the pause: a user who types ahead uses arrows too.
        """
        if kind > self._ignored_kind or self._monotonic() >= self._ignored_until:
            return False
        self._ignored_until = self._monotonic() + PAUSE_SECONDS
        return True

    async def wait(self) -> None:
        """Wait until the user makes a pause in typing. Only workers may await this."""
        while (seconds := self._pause_ends_at() - self._monotonic()) > 0:
            await self._sleep(seconds)

    def _pause_ends_at(self) -> float:
        return max(self._typing_until, self._ignored_until)
