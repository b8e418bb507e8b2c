"""Limits the rate of calls to AWS: at most 20 in any second, fewer after a 429.

`now` is monotonic seconds. A sliding window, not even spacing: 30 roles take one second instead of
1.5, and a limiter at AWS that counts requests per second refuses none.
"""

from collections import deque

# The quota that AWS publishes for the operations of the Identity Center portal.
REQUESTS_A_SECOND = 20.0
# The deadline of callers is 18 s.
LONGEST_PAUSE_SECONDS = 8.0
_LOWEST_RATE = 1.0
# Slightly more than a second: calls may reach AWS closer together than they were sent.
_WINDOW_SECONDS = 1.02
# 429s within this time answer one burst of calls.
_ONE_BURST_SECONDS = 0.5
# For this long after an answer from AWS, calls to AWS count as getting through.
_FLOWING_SECONDS = 3.0
# Of the rate, for each second with answers after a 429.
_REGAINED_SHARE = 0.25


class Pace:
    def __init__(self, requests_a_second: float = REQUESTS_A_SECOND) -> None:
        self._full_rate = self.rate = requests_a_second
        self._sent: deque[float] = deque()
        self._answered: deque[float] = deque()
        self._paused_until = 0.0
        self._throttled_at = -_ONE_BURST_SECONDS
        self._raised_at = 0.0
        self._answered_at = -_FLOWING_SECONDS - 1

    def next_call_at(self, now: float) -> float:
        allowed = max(1, int(self.rate))
        free_at = now if len(self._sent) < allowed else self._sent[-allowed] + _WINDOW_SECONDS
        return max(now, free_at, self._paused_until)

    def note_call_sent(self, now: float) -> None:
        _drop_older_times(self._sent, now - _WINDOW_SECONDS)
        self._sent.append(now)

    def note_answer(self, now: float) -> None:
        """An answer other than 429."""
        _drop_older_times(self._answered, now - _WINDOW_SECONDS)
        self._answered.append(now)
        self._answered_at = now
        if self.rate < self._full_rate and now - self._raised_at >= 1.0:
            self._raised_at = now
            self.rate = min(self._full_rate, self.rate + max(1.0, self.rate * _REGAINED_SHARE))

    def note_throttled(self, now: float, retry_after_seconds: float | None = None) -> None:
        """Lower the rate to the calls answered in the last second, once per burst of 429s."""
        if now - self._throttled_at >= _ONE_BURST_SECONDS:
            self._throttled_at = self._raised_at = now
            _drop_older_times(self._answered, now - _WINDOW_SECONDS)
            got_through = float(len(self._answered))
            self.rate = max(_LOWEST_RATE, min(self.rate * 0.8, max(got_through, _LOWEST_RATE)))
        pause = 0.2
        if retry_after_seconds is not None and retry_after_seconds > 0:
            pause = min(retry_after_seconds, LONGEST_PAUSE_SECONDS)
        self._paused_until = max(self._paused_until, now + pause)

    def has_recent_answer(self, now: float) -> bool:
        return now - self._answered_at <= _FLOWING_SECONDS


def _drop_older_times(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
