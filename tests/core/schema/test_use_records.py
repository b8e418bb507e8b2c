"""Records of the use of roles and of the console."""

from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.schema import (
    use_records,
)
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import KEY, LATEST, NOON, check_limit


@pytest.mark.parametrize(
    "line",
    [None, [], ["corp"] * 6, ["corp", "001234567890", "R", 10**18, 1, False],
     ["corp", "001234567890", "R", NOON, -1, False], ["corp", "001234567890", "R", NOON, 1, 0],
     ["../x", "001234567890", "R", NOON, 1, False], ["corp", "001234567890", "R", NOON, 10**30, True]],
)  # fmt: skip
def test_a_line_of_usage_with_an_invalid_value_is_damaged(line: Any) -> None:
    with pytest.raises(Damaged):
        use_records.parse_usage(line)


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (
            lambda value: use_records.usage_rows({"version": 1, "roles": value}),
            [None] * 200_000,
            [None] * 200_001,
        ),
        (lambda value: use_records.parse_usage([*KEY, 1, value, True]), 1 << 40, (1 << 40) + 1),
        (lambda value: use_records.parse_usage([*KEY, 1, value, True]), 0, -1),
        (lambda value: use_records.parse_usage([*KEY, None, 0, *value]), [True], [True, 1]),
        (lambda value: use_records.parse_usage([*KEY, value, 0, True]), LATEST, LATEST + 1),
    ],
)
def test_the_largest_value_is_accepted_and_the_next_one_is_damaged(
    read: Callable[[Any], Any], largest: Any, too_large: Any
) -> None:
    check_limit(read, largest, too_large)
