"""The time at which a command gives up; passed to every function that waits or retries."""

from collections.abc import Callable


class Deadline:
    """So many seconds from now, by the monotonic clock that is passed."""

    __slots__ = ("_ends_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._ends_at - self._monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self._monotonic() >= self._ends_at
