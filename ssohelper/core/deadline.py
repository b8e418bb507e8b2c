"""How much time is left; each function that waits or retries takes a deadline."""

from collections.abc import Callable


class Deadline:
    """The moment that is `seconds` from now, by the monotonic clock that the caller passes."""

    __slots__ = ("_ends_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def seconds_left(self) -> float:
        return max(0.0, self._ends_at - self._monotonic())

    @property
    def has_passed(self) -> bool:
        return self._monotonic() >= self._ends_at
