"""The rules of the device code flow (RFC 8628): how often to poll, and when to stop polling."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import Secret

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# Seconds if the service sends no interval, and the most seconds that we wait.
_USUAL_INTERVAL_SECONDS, _LONGEST_INTERVAL_SECONDS = 5, 60
# AWS's device codes are valid for 600 s.
_USUAL_LIFE_SECONDS, _LONGEST_LIFE_SECONDS = 600, 900
# RFC 8628 §3.5
_SLOW_DOWN_SECONDS = 5


class Poll(Enum):
    PENDING = "pending"
    SLOW_DOWN = "slow down"
    NO_ANSWER = "no answer"


class DeviceAuthorization(NamedTuple):
    """A code that the user confirms at `verification_uri` before `expires_at` (epoch seconds)."""

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval_seconds: int
    expires_at: int
    life_seconds: int


def sensible_poll_seconds(value: object) -> int:
    return _limited(value, _USUAL_INTERVAL_SECONDS, _LONGEST_INTERVAL_SECONDS)


def sensible_code_life_seconds(value: object) -> int:
    return _limited(value, _USUAL_LIFE_SECONDS, _LONGEST_LIFE_SECONDS)


def _limited(value: object, usual: int, longest: int) -> int:
    return min(value, longest) if type(value) is int and value > 0 else usual


def next_poll(
    authorization: DeviceAuthorization, answer: Poll, now: int
) -> DeviceAuthorization | None:
    """Return the authorization for the next poll; None if the code expires before that poll."""
    interval = authorization.interval_seconds
    if answer is Poll.SLOW_DOWN:
        interval = min(interval + _SLOW_DOWN_SECONDS, _LONGEST_INTERVAL_SECONDS)
    if now + interval >= authorization.expires_at:
        return None
    return authorization._replace(interval_seconds=interval)
