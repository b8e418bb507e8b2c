"""The order in which the regions of one instance are asked."""

import pytest

from ssohelper.core.region_order import (
    CALL_SECONDS,
    RegionFailure,
    find_answering_region,
    is_region_failing,
    plan_region_tries,
    region_failure_after,
)

NOW = 1_800_000_000
ONE, TWO, THREE = "eu-west-1", "eu-central-1", "us-east-1"
ALL = (ONE, TWO, THREE)


def test_one_region_gets_all_the_time():
    [only] = plan_region_tries([ONE], {}, NOW)
    assert only == (ONE, None)


def test_without_failures_the_order_is_that_of_the_settings_and_the_last_has_no_limit():
    assert plan_region_tries(ALL, {}, NOW) == [(ONE, 1.0), (TWO, 1.0), (THREE, None)]


def test_a_region_that_failed_comes_last_while_it_is_skipped():
    failures = {ONE: RegionFailure(1, NOW + 1)}
    assert plan_region_tries(ALL, failures, NOW) == [(TWO, 1.0), (THREE, 1.0), (ONE, None)]
    assert find_answering_region(ALL, failures, NOW) == TWO


def test_a_region_that_failed_is_asked_again_in_its_order_for_a_short_time():
    failures = {ONE: RegionFailure(1, NOW)}
    first, *others = plan_region_tries(ALL, failures, NOW)
    assert first.region == ONE
    assert first.share is not None
    assert first.share * CALL_SECONDS <= 1.5
    assert [one.region for one in others] == [TWO, THREE]
    # The second region is used until the first one answers.
    assert find_answering_region(ALL, failures, NOW) == TWO


def test_when_all_have_failed_all_are_asked_in_order():
    failures = {region: RegionFailure(3, NOW + 100) for region in ALL}
    assert [one.region for one in plan_region_tries(ALL, failures, NOW)] == list(ALL)
    assert find_answering_region(ALL, failures, NOW) == ONE


def test_each_failure_in_a_row_skips_longer_and_not_without_end():
    failure, waits = None, []
    for _ in range(6):
        failure = region_failure_after(failure, NOW, is_throttled=False)
        waits.append(failure.skipped_until - NOW)
    assert waits == [60, 120, 300, 600, 600, 600]


def test_too_many_requests_skip_for_a_short_time_and_do_not_add_up():
    failure = region_failure_after(None, NOW, is_throttled=True)
    again = region_failure_after(failure, NOW, is_throttled=True)
    assert failure == again == RegionFailure(1, NOW + 10)


@pytest.mark.parametrize(
    ("skipped_until", "expected"),
    [
        (NOW + 600, True),
        (NOW + 601, False),  # the clock was set back after the failure
        (NOW - 1800, True),
        (NOW - 1801, False),  # the failure is too old to count
    ],
)
def test_a_failure_of_a_region_counts_for_a_while(skipped_until: int, expected: bool):
    assert is_region_failing(RegionFailure(1, skipped_until), NOW) is expected
    assert is_region_failing(None, NOW) is False
