"""The only place that decides whether something kept is served, renewed first, or too late.

| time left of a life L | role credentials |
|---|---|
| more than L/2 | serve |
| at most L/2 | serve and renew |
| at most min(16 min, L/4) | renew first: botocore asks again on each request below 15 min |
| at most min(60 s, L/10) | too late: not served |

An access token is renewed first at min(20 min, L/3): the SDKs start at 15 min.
"""

from enum import Enum

# The contract: a failure is shared for 30 s, and nobody tries again before that.
RETRY_SECONDS = 30


class Freshness(Enum):
    SERVE = "serve"
    SERVE_AND_RENEW = "serve and renew"
    RENEW_FIRST = "renew first"
    TOO_LATE = "too late"


def of_credentials(life_seconds: float, left_seconds: float, age_seconds: float) -> Freshness:
    """Return what to do with kept role credentials of this life, time left and age.

    An age below zero is a clock that was set back: nobody knows then what is left. As much as
    the last margin is forgiven, since that much is never served.
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
    """Return when somebody must next think about these credentials: at half of their life."""
    return received_at + (expires_at - received_at) // 2


def renew_first_at(received_at: int, expires_at: int) -> int:
    """Return from when on these credentials are renewed before they are served."""
    return expires_at - int(_renew_first_seconds(expires_at - received_at))


def token_margin_seconds(life_seconds: float) -> float:
    """Return with how much time left an access token of this life is renewed first."""
    return min(20 * 60, life_seconds / 3)


def _renew_first_seconds(life_seconds: float) -> float:
    return min(16 * 60, life_seconds / 4)


def _too_late_seconds(life_seconds: float) -> float:
    return min(60, life_seconds / 10)
