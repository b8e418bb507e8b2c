"""How long the broker's callers wait, how many calls run at once, when to retry."""

from ssohelper.errors import SsoHelperError, Throttled

# Counts as failed then for the callers that wait for it. The renewal itself goes on.
RENEWAL_SILENT_SECONDS = 15.0
# How long a caller waits for newer credentials while unexpired credentials are cached.
USABLE_SECONDS = 4.0
# While calls to AWS fail (5xx, no connection), before exit code 6.
PATIENCE_SECONDS = 3.5
# While a role call's access token is still valid.
RENEWAL_AHEAD_SECONDS = 6.0
# Of a caller whose call to AWS is delayed only by AWS's rate limit.
LONGEST_WAIT_SECONDS = 50.0
# Before its own deadline, to a caller that may wait longer.
TELL_BEFORE_SECONDS = 2.0
# Enough for 20 calls/s if an answer takes 0.8 s.
MOST_CALLS = 16
# Until AWS has answered a call, so that few are wasted while AWS is down.
MOST_FIRST_CALLS = 4

# (seconds since the first failure, seconds until the next try)
_STEPS = ((10.0, 1.0), (30.0, 2.0))
_LONGEST_STEP_SECONDS = 4.0
LONGEST_RETRY_AFTER_SECONDS = 8.0


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
        """Callers wait a 429 out."""
        return isinstance(self.error, Throttled)

    def may_try_now(self, now: float) -> bool:
        return self.error is None or now >= self.next_at

    def note_failure(self, now: float, error: SsoHelperError, began_at: float) -> None:
        """Counted from `began_at`, when the failed request was sent; AWS's Retry-After from `now`."""
        if self.error is None:
            self._began_at = now
        self.error = error
        failing_for = now - self._began_at
        step = next((s for limit, s in _STEPS if failing_for < limit), _LONGEST_STEP_SECONDS)
        self.next_at = max(now, began_at + step)
        asked = getattr(error, "retry_after_seconds", None)
        if asked is not None and asked > 0:
            self.next_at = max(self.next_at, now + min(asked, LONGEST_RETRY_AFTER_SECONDS))

    def clear(self) -> None:
        self.error = None
