"""Decides whether cached credentials are served, renewed before use, or too old.

| time left of a lifetime L | role credentials |
|---|---|
| more than L/2 | serve |
| at most L/2 | serve, and renew in the background |
| at most min(16 min, L/4) | renew before use: below 15 min botocore asks us at each request |
| at most min(60 s, L/10) | too old: not served |

If renewal in the background is off, credentials are renewed before use below L/4.

An access token is renewed before use when at most min(20 min, L/3) are left: SDKs begin at 15 min.
"""

from enum import Enum

# All callers get AWS's refusal for so many seconds, without a new request.
RETRY_SECONDS = 30
SHARE_WITHOUT_BACKGROUND = 0.25


class Freshness(Enum):
    SERVE = "serve"
    SERVE_AND_RENEW = "serve and renew"
    RENEW_FIRST = "renew first"
    TOO_LATE = "too late"


def freshness_of_credentials(
    life_seconds: float, left_seconds: float, age_seconds: float
) -> Freshness:
    """A negative age means that the clock was set back, so the time left is unknown.

    A clock error up to min(60 s, L/10) does no harm: credentials so near their end are never served.
    """
    margin = min(60, life_seconds / 10)
    if left_seconds <= margin or age_seconds < -margin:
        return Freshness.TOO_LATE
    if left_seconds <= _renewal_margin_seconds(life_seconds):
        return Freshness.RENEW_FIRST
    if left_seconds <= life_seconds / 2:
        return Freshness.SERVE_AND_RENEW
    return Freshness.SERVE


def half_life_at(received_at: int, expires_at: int) -> int:
    return received_at + (expires_at - received_at) // 2


def renewal_required_at(received_at: int, expires_at: int) -> int:
    return expires_at - int(_renewal_margin_seconds(expires_at - received_at))


def token_margin_seconds(life_seconds: float) -> float:
    return min(20 * 60, life_seconds / 3)


def _renewal_margin_seconds(life_seconds: float) -> float:
    return min(16 * 60, life_seconds / 4)
