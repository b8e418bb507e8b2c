"""Whether cached credentials are served, renewed first, or too old. The only place that decides.

| time left, of a lifetime L | role credentials |
|---|---|
| more than L/2 | serve |
| at most L/2 | serve, and renew in the background |
| at most min(16 min, L/4) | renew first: below 15 min botocore asks again for each request |
| at most min(60 s, L/10) | too late: not served |

An access token is renewed before use at min(20 min, L/3), since SDKs renew theirs at 15 min.
"""

from enum import Enum

# The contract: callers share a failure for 30 s; none repeats the request before that.
RETRY_SECONDS = 30


class Freshness(Enum):
    """What to do with cached role credentials."""

    SERVE = "serve"
    SERVE_AND_RENEW = "serve and renew"
    RENEW_FIRST = "renew first"
    TOO_LATE = "too late"


def of_credentials(life_seconds: float, left_seconds: float, age_seconds: float) -> Freshness:
    """Return what to do with cached role credentials of this lifetime, time left and age.

    A negative age means that the clock was set back, so that the time left is unknown: too late. An
    age down to minus the last margin is accepted, since that margin of the lifetime is never served.
    """
    margin = _too_late_seconds(life_seconds)
    if left_seconds <= margin or age_seconds < -margin:
        return Freshness.TOO_LATE
    if left_seconds <= _renew_first_seconds(life_seconds):
        return Freshness.RENEW_FIRST
    if left_seconds <= life_seconds / 2:
        return Freshness.SERVE_AND_RENEW
    return Freshness.SERVE


def check_again_at(received_at: int, expires_at: int) -> int:
    """Return when to check these credentials again: after half of their lifetime."""
    return received_at + (expires_at - received_at) // 2


def renew_first_at(received_at: int, expires_at: int) -> int:
    """Return when these credentials begin to be renewed before they are served."""
    return expires_at - int(_renew_first_seconds(expires_at - received_at))


def token_margin_seconds(life_seconds: float) -> float:
    """Return the time left at which an access token of this lifetime is renewed before use."""
    return min(20 * 60, life_seconds / 3)


def _renew_first_seconds(life_seconds: float) -> float:
    return min(16 * 60, life_seconds / 4)


def _too_late_seconds(life_seconds: float) -> float:
    return min(60, life_seconds / 10)
