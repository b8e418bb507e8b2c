"""The keys that wait while an action that a key has begun is worked out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from textual.events import Key, Paste
from textual.screen import Screen

# Keys wait this long for the question or the end of the action. Later keys are dropped, and those
# before too: a user who has seen for a second that nothing happens types them for something else.
_WAIT_SECONDS = 1.0


class InputHold:
    """Keeps keys from a screen until an action has ended. `cancel` stops the action, if it can be.

    `typed_at` is when the last key came (monotonic seconds) that has not been handled, or None.
    The `with` statement releases the hold at its end.
    """

    def __init__(self, screen: Screen[Any], ended: Callable[[InputHold], None]) -> None:
        self.screen = screen
        self.cancel: Callable[[], None] | None = None
        self.typed_at: float | None = None
        self._ended = ended
        self._keys: deque[Key | Paste] = deque()
        self._began_at = time.monotonic()

    def __enter__(self) -> InputHold:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def release(self) -> None:
        """Let keys act on the screen again, those that waited first. A second call does nothing."""
        self._ended(self)

    def take_over(self, before: InputHold) -> None:
        """Keep the keys that the earlier hold has kept."""
        self.typed_at = before.typed_at
        self._keys.extend(before.take_keys())

    def keep(self, event: Key | Paste) -> bool:
        """Keep the key; return False if it was dropped, because the action takes long.

        An action that cannot be cancelled is local and ends soon, so its keys wait for its end.
        """
        self.typed_at = time.monotonic()
        if self.cancel is not None and self.typed_at - self._began_at > _WAIT_SECONDS:
            self._keys.clear()
            return False
        self._keys.append(event)
        return True

    def take_keys(self) -> Sequence[Key | Paste]:
        """Return the keys that wait, in their order, and keep them no longer."""
        keys, self._keys = self._keys, deque()
        return keys

    def drop_keys(self) -> None:
        """Drop the keys that wait."""
        self._keys.clear()
        self.typed_at = None

    def begin_again(self) -> None:
        """Count the time that keys wait from now on, because another screen is shown."""
        self._began_at = time.monotonic()
