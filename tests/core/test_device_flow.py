"""For how long, and how often, a device code is polled."""

import pytest

from ssohelper.core import device_flow
from ssohelper.core.device_flow import DeviceAuthorization, Poll, next_poll
from ssohelper.core.model import Secret

WAITING = DeviceAuthorization(Secret("d"), "ABCD", "https://a", "https://b", 5, 1000, 600)


@pytest.mark.parametrize(
    ("value", "interval"),
    [(None, 5), (0, 5), (-1, 5), (1, 1), (7, 7), (10**9, 60), ("5", 5), (True, 5), (1.5, 5)],
)
def test_the_interval_is_limited_whatever_the_service_sends(value: object, interval: int) -> None:
    assert device_flow.sensible_poll_seconds(value) == interval


@pytest.mark.parametrize(
    ("value", "life"), [(None, 600), (0, 600), (-1, 600), (60, 60), (10**18, 900), ("60", 600)]
)
def test_the_lifetime_is_limited_whatever_the_service_sends(value: object, life: int) -> None:
    assert device_flow.sensible_code_life_seconds(value) == life


def test_slow_down_adds_five_seconds_to_all_later_intervals():
    once = next_poll(WAITING, Poll.SLOW_DOWN, 0)
    assert once is not None
    twice = next_poll(once, Poll.SLOW_DOWN, 0)
    assert twice is not None
    later = next_poll(twice, Poll.PENDING, 0)
    assert [step.interval_seconds for step in (once, twice, later) if step] == [10, 15, 15]


def test_polling_ends_when_the_code_expires() -> None:
    now, polls, step = 0, 0, next_poll(WAITING, Poll.PENDING, 0)
    while step is not None:
        now += step.interval_seconds
        polls += 1
        step = next_poll(step, Poll.PENDING, now)
    assert polls < 1000 / 5 + 1
    assert now < 1000
