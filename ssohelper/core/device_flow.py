"""The device code flow's rules (RFC 8628): how long to wait, how often to ask, when to stop."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import Secret

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# What the service says may be nonsense: once a second at most, once a minute at least.
_SHORTEST_INTERVAL_SECONDS, _LONGEST_INTERVAL_SECONDS = 1, 60
_USUAL_INTERVAL_SECONDS = 5
# The service gives a code 600 s; a longer promise is not waited for.
_USUAL_LIFE_SECONDS, _LONGEST_LIFE_SECONDS = 600, 900
# RFC 8628 §3.5: slow_down adds five seconds, for good.
_SLOW_DOWN_SECONDS = 5


class Poll(Enum):
    """What a poll brought when it brought no token."""

    PENDING = "pending"
    SLOW_DOWN = "slow down"
    NO_ANSWER = "no answer"


class DeviceAuthorization(NamedTuple):
    """A code that a person confirms at `verification_uri`, until `expires_at` (epoch seconds)."""

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval_seconds: int
    expires_at: int


def sensible_interval(said: object) -> int:
    """Return seconds between two polls, whatever the service said."""
    if not isinstance(said, int) or isinstance(said, bool):
        return _USUAL_INTERVAL_SECONDS
    return min(max(said, _SHORTEST_INTERVAL_SECONDS), _LONGEST_INTERVAL_SECONDS)


def sensible_life(said: object) -> int:
    """Return for how many seconds the code is waited for, whatever the service said."""
    if not isinstance(said, int) or isinstance(said, bool) or said <= 0:
        return _USUAL_LIFE_SECONDS
    return min(said, _LONGEST_LIFE_SECONDS)


def next_step(
    authorization: DeviceAuthorization, answer: Poll, now: int
) -> DeviceAuthorization | None:
    """Return the authorization to wait on further, or None when its time is over."""
    if answer is Poll.SLOW_DOWN:
        slower = authorization.interval_seconds + _SLOW_DOWN_SECONDS
        slower = min(slower, _LONGEST_INTERVAL_SECONDS)
        authorization = authorization._replace(interval_seconds=slower)
    if now + authorization.interval_seconds >= authorization.expires_at:
        return None
    return authorization
