"""The contract's table of freshness, for lifetimes from a minute to twelve hours."""

import pytest

from ssohelper.core import freshness
from ssohelper.core.freshness import Freshness


@pytest.mark.parametrize(
    ("life", "left", "expected"),
    [
        (3600, 3600, Freshness.SERVE),
        (3600, 1801, Freshness.SERVE),
        (3600, 1800, Freshness.SERVE_AND_RENEW),
        (3600, 901, Freshness.SERVE_AND_RENEW),
        # L/4 of an hour is 15 min: less than 16, so it decides.
        (3600, 900, Freshness.RENEW_FIRST),
        (3600, 61, Freshness.RENEW_FIRST),
        (3600, 60, Freshness.TOO_LATE),
        (3600, -5, Freshness.TOO_LATE),
        (43200, 961, Freshness.SERVE_AND_RENEW),
        (43200, 960, Freshness.RENEW_FIRST),
        (900, 226, Freshness.SERVE_AND_RENEW),
        (900, 225, Freshness.RENEW_FIRST),
        (60, 31, Freshness.SERVE),
        (60, 15, Freshness.RENEW_FIRST),
        (60, 6, Freshness.TOO_LATE),
    ],
)
def test_the_freshness_of_credentials_follows_the_table(life, left, expected):
    assert freshness.freshness_of_credentials(life, left, life - left) is expected


@pytest.mark.parametrize(("age", "expected"), [(-60, Freshness.SERVE), (-61, Freshness.TOO_LATE)])
def test_after_the_clock_was_set_back_cached_credentials_are_not_served(age, expected):
    assert freshness.freshness_of_credentials(3600, 3600 - age, age) is expected


def test_credentials_are_checked_again_after_half_of_their_lifetime() -> None:
    assert freshness.half_life_at(1000, 4600) == 2800


@pytest.mark.parametrize("life", [60, 61, 900, 3600, 3601, 43200])
def test_credentials_are_renewed_before_use_from_the_moment_in_the_table(life: int) -> None:
    at = freshness.renewal_required_at(1000, 1000 + life)
    left = 1000 + life - at
    assert freshness.freshness_of_credentials(life, left, life - left) is Freshness.RENEW_FIRST
    assert (
        freshness.freshness_of_credentials(life, left + 1, life - left - 1)
        is Freshness.SERVE_AND_RENEW
    )


@pytest.mark.parametrize(("life", "margin"), [(3600, 1200), (28800, 1200), (60, 20)])
def test_a_token_is_renewed_before_sdks_would_renew_it(life: int, margin: float) -> None:
    assert freshness.token_margin_seconds(life) == margin
