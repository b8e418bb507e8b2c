"""Filters of account, role and profile names."""

import pytest

from ssohelper.core import choices


@pytest.mark.parametrize("name", ["tax-api/Admin", "!team/Admin", "a[b]*?", "[!x]"])
def test_the_filter_of_one_name_matches_that_name_alone(name):
    matches = choices.glob_filter((choices.filter_for_exact_text(name),))
    assert matches(name)
    assert not any(map(matches, ("tax-api/Other", "ab", "x", f"{name}s")))


def test_the_case_of_a_filter_does_not_matter():
    passes = choices.glob_filter(("PAY-*", "!*-Dev"))
    assert [passes(text) for text in ("pay-prod", "Pay-DEV", "tax-prod")] == [True, False, False]
