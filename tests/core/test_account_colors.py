"""Which account has which colour and label, by the rules of the settings."""

import pytest

from ssohelper.core.account_colors import (
    ColorAndLabel,
    is_account_pattern,
    is_production,
    make_account_color_finder,
    parse_color_and_label,
)
from ssohelper.core.model import Account

PROD = Account("000030000001", "payments-prod", "")


@pytest.mark.parametrize(
    ("value", "pattern", "mark"),
    [
        ("red", "*prod*", ("red", "prod")),
        ("red production", "*prod*", ("red", "production")),
        ("red  two words", "x", ("red", "two words")),
        ("cyan", "*", ("cyan", "cyan")),
        ("white", "*-[ab]-dev?", ("white", "dev")),
        *((text, "x", None) for text in ("Red", "reddish", "red ", "", "orange")),
        *((f"red {label}", "x", None) for label in ("x" * 21, "a\x1b[31m", "a\nb")),
    ],
)
def test_a_value_is_a_colour_and_perhaps_a_label(value, pattern, mark):
    assert parse_color_and_label(value, pattern) == (ColorAndLabel(*mark) if mark else None)


def test_a_pattern_is_a_short_printable_text():
    assert is_account_pattern("*prod*")
    assert not any(map(is_account_pattern, ("", " a", "a\n", "a\x1b", "\u202e", "x" * 101)))


@pytest.mark.parametrize(
    ("rules", "color"),
    [
        ({"*PROD*": "red"}, "red"),
        ({"payments-*": "blue", "*prod*": "red"}, "blue"),
        ({"*prod*": "red", "payments-*": "blue"}, "red"),
        ({"0000300*": "green"}, "green"),
        ({"!*dev*": "yellow"}, "yellow"),
        ({"prod": "blue"}, "red"),  # a pattern is compared with the whole name
        ({}, "red"),
    ],
)
def test_the_first_pattern_that_matches_name_or_id_counts(rules, color):
    mark = make_account_color_finder(rules)(PROD)
    assert (mark.color if mark else None) == color


def test_a_name_that_looks_like_another_accounts_id_is_not_compared() -> None:
    find = make_account_color_finder({"000030000001": "red"})
    assert find(PROD) is not None
    assert find(Account("999999999999", "000030000001", "")) is None


@pytest.mark.parametrize(
    "name",
    ["prod", "payments-prod", "PRD 2", "Orders Production", "live_eu", "eu1prod2", "paymentsProd"],
)
def test_a_whole_word_of_a_name_tells_production(name: str) -> None:
    assert is_production(name)
    mark = make_account_color_finder({})(Account("000030000001", name, ""))
    assert mark == ColorAndLabel("red", "prod")


@pytest.mark.parametrize(
    "name",
    [
        *("nonprod", "non-prod", "nonProd", "NonProd", "NONPROD", "non prod", "preprod"),
        *("pre-prod", "preProd", "product", "products-dev", "reproduce", "alive", "delivery", ""),
    ],
)
def test_a_part_of_a_word_tells_no_production(name: str) -> None:
    assert make_account_color_finder({})(Account("000030000001", name, "")) is None
