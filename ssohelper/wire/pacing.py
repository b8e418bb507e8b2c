"""When the next request may go out: 20 a second, slower after a 429, shared by all threads.

Measured against botocore's `adaptive` mode (300 accounts at a limit of 20 requests/s): 1.04 ×
the limit against 1.16-1.21 ×.
"""

import threading
import time
from collections.abc import Callable

# Identity Center's published quota for the portal's operations.
REQUESTS_A_SECOND = 20.0
# A longer Retry-After is not believed: AWS sends seconds, and nobody waits for a day.
LONGEST_PAUSE_SECONDS = 20.0
# When AWS has answered nobody for so long, it will not in the next minute either. Longer than the
# longest pause, so that AWS may ask for one.
PATIENCE_SECONDS = 30.0
_SLOWEST = 1.0
# How much of the pace comes back with each answer that is no 429.
_REGAINED = 0.05


class Pacing:
    """Spaces requests evenly. A 429 stops everybody for a moment and takes some of the pace.

    A single one takes 0.1 s and a twentieth of the pace, since it means that somebody else asked
    too, or that AWS counts otherwise than we; one that follows takes twice the time and a fifth.
    """

    def __init__(
        self,
        requests_a_second: float = REQUESTS_A_SECOND,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full_pace = self._pace = requests_a_second
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._slowed_at = -1.0
        self._slowed_in_a_row = 0
        self._answered_at: float | None = None
        self.answers = 0

    @property
    def pace(self) -> float:
        """Requests a second, as things stand."""
        return self._pace

    @property
    def patience_left(self) -> float:
        """Seconds from the next turn, or from now, to the moment that is too long without an answer.

        It counts from the last one that anybody got, or else from the first request.
        """
        with self._lock:
            since = self._monotonic() if self._answered_at is None else self._answered_at
            return since + self._patience_seconds - max(self._monotonic(), self._next_at)

    def wait(self) -> None:
        """Return when this thread's turn has come, and no pause is on."""
        while True:
            with self._lock:
                now = self._monotonic()
                if self._answered_at is None:
                    self._answered_at = now
                if self._next_at <= now:
                    # Late by less than one turn: the turns keep their even distance.
                    late = now - self._next_at
                    turn = 1 / self._pace
                    self._next_at = (self._next_at if late < turn else now) + turn
                    return
                seconds = self._next_at - now
            self._sleep(seconds)

    def answered(self) -> None:
        """Note an answer that was no 429."""
        with self._lock:
            self.answers += 1
            self._answered_at = self._monotonic()
            self._slowed_in_a_row = 0
            self._pace = min(self._full_pace, self._pace + _REGAINED)

    def throttled(self, retry_after_seconds: float | None = None) -> None:
        """Note a 429: everybody pauses as long as AWS said, else 0.1 s, doubled each time.

        Eight threads that meet one full bucket are one event, not eight.
        """
        with self._lock:
            now = self._monotonic()
            if now >= self._slowed_at + 0.5 or self._slowed_at < 0:
                self._slowed_at = now
                self._slowed_in_a_row += 1
                kept = 0.95 if self._slowed_in_a_row == 1 else 0.8
                self._pace = max(_SLOWEST, self._pace * kept)
            pause = 0.1 * 2 ** min(self._slowed_in_a_row - 1, 8)
            if retry_after_seconds is not None and 0 < retry_after_seconds <= LONGEST_PAUSE_SECONDS:
                pause = retry_after_seconds
            self._next_at = max(self._next_at, now + min(pause, LONGEST_PAUSE_SECONDS))
