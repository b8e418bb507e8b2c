"""One moment after which a command gives up, handed down to each wait and each try."""

from collections.abc import Callable


class Deadline:
    """So many seconds from now; `left()` is what remains of them, never below zero."""

    __slots__ = ("_ends_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._ends_at - self._monotonic())

    @property
    def passed(self) -> bool:
        return self._monotonic() >= self._ends_at
