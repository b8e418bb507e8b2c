"""How long callers wait, how many calls run at once and per second, when to retry.

`now` is monotonic seconds.
"""

from collections import deque

from ssohelper.errors import SsoHelperError, Throttled

# After this time, callers treat a token renewal as failed. The renewal itself goes on.
RENEWAL_SILENT_SECONDS = 15.0
# How long a caller waits for newer credentials while unexpired credentials are cached.
USABLE_SECONDS = 4.0
# While calls to AWS fail (5xx, no connection), a caller gets exit code 6 after this time.
PATIENCE_SECONDS = 3.5
# How long a caller waits for a renewal while the old access token is still valid.
RENEWAL_AHEAD_SECONDS = 6.0
# The longest wait of a caller whose call only AWS's rate limit delays.
LONGEST_WAIT_SECONDS = 50.0
# How long before its deadline a caller is told that it may wait longer.
TELL_BEFORE_SECONDS = 2.0
# The most calls under way: enough for 20 calls/s if an answer takes 0.8 s.
MOST_CALLS = 16
# The most calls until AWS has answered one: fewer are wasted while AWS is down.
MOST_FIRST_CALLS = 4

# Pairs: seconds since the first failure, seconds until the next try.
_STEPS = ((10.0, 1.0), (30.0, 2.0))
# The longest time between tries. It is less than PATIENCE_SECONDS, so each caller sees a try.
_LONGEST_STEP_SECONDS = 3.0

# The quota that AWS publishes for the operations of the Identity Center portal.
REQUESTS_A_SECOND = 20.0
# The longest Retry-After that we obey, since a caller's deadline is 18 s.
LONGEST_PAUSE_SECONDS = 8.0
_LOWEST_RATE = 1.0
# The rate's window is slightly more than a second: calls may reach AWS closer together than we sent
# them.
_WINDOW_SECONDS = 1.02
# All 429s within this time count as the answer to one burst of calls.
_ONE_BURST_SECONDS = 0.5
# Calls to AWS count as getting through for this long after an answer.
_FLOWING_SECONDS = 3.0
# The share by which the rate rises in each second with answers after a 429.
_REGAINED_SHARE = 0.25


class Backoff:
    def __init__(self) -> None:
        self.error: SsoHelperError | None = None
        self._began_at = 0.0
        self.next_at = 0.0

    @property
    def is_failing(self) -> bool:
        return self.error is not None

    @property
    def is_throttled(self) -> bool:
        """Return whether AWS answered 429, after which callers go on waiting."""
        return isinstance(self.error, Throttled)

    def may_try_now(self, now: float) -> bool:
        return self.error is None or now >= self.next_at

    def note_failure(self, now: float, error: SsoHelperError, began_at: float) -> None:
        """Set the time of the next try.

        It is counted from `began_at`, when the failed request was sent; AWS's Retry-After from
        `now`.
        """
        if self.error is None:
            self._began_at = now
        self.error = error
        failing_for = now - self._began_at
        step = next((s for limit, s in _STEPS if failing_for < limit), _LONGEST_STEP_SECONDS)
        self.next_at = max(now, began_at + step)
        asked = getattr(error, "retry_after_seconds", None)
        if asked is not None and asked > 0:
            self.next_at = max(self.next_at, now + min(asked, LONGEST_PAUSE_SECONDS))

    def clear(self) -> None:
        self.error = None


class Pace:
    """Limits calls to 20 in any second, fewer after a 429.

    A sliding window: 30 roles take one second, with even spacing 1.5. A limiter that counts
    requests per second refuses none.
    """

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
        """Record an answer other than a 429."""
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
