"""How long the broker and its callers wait, how much is asked at once, and when to retry."""

from ssohelper.errors import SsoHelperError, Throttled

# After so long without an answer, a renewal counts as failing for the callers that wait for it; it
# goes on.
RENEWAL_SILENT_SECONDS = 15.0
# How long a caller with unexpired credentials waits for newer ones.
USABLE_SECONDS = 5.0
# How long a caller waits through failing answers (5xx, no connection) before exit 6.
PATIENCE_SECONDS = 3.5
# How long a call with an unexpired token waits for the token's renewal.
RENEWAL_AHEAD_SECONDS = 6.0
# The contract: a caller whose request will soon be sent at AWS's pace waits up to 50 s.
LONGEST_WAIT_SECONDS = 50.0
# A caller is told to wait longer this long before its own deadline.
TELL_BEFORE_SECONDS = 2.0
# Calls under way at once: at 20 calls/s, enough for answers that take 0.8 s each.
MOST_CALLS = 16
# The same before AWS has answered any: limits the requests that are wasted while it is down.
MOST_FIRST_CALLS = 4

# When to retry a failed request: each second for 10 s, every 2 s until 30 s, then every 4 s (the
# contract). Pairs of (seconds since the first failure, seconds to the next probe).
_STEPS = ((10.0, 1.0), (30.0, 2.0))
_LONGEST_STEP_SECONDS = 4.0
LONGEST_RETRY_AFTER_SECONDS = 8.0


class Backoff:
    """When to retry one kind of request that keeps failing. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self.error: SsoHelperError | None = None
        self._began_at = 0.0
        self.next_at = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the last request failed."""
        return self.error is not None

    @property
    def is_throttled(self) -> bool:
        """Whether the last failure was a 429, which callers wait out."""
        return isinstance(self.error, Throttled)

    def may_probe(self, now: float) -> bool:
        """Return whether another request may be sent now."""
        return self.error is None or now >= self.next_at

    def note_failure(self, now: float, error: SsoHelperError, began_at: float) -> None:
        """Set the time of the next probe, counted from the beginning of the one that failed.

        AWS's Retry-After counts up to 8 s, from now.
        """
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
        """Forget the failures, after a success."""
        self.error = None
