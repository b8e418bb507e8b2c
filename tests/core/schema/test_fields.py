"""Single values: instants, numbers, texts, each with its limit."""

from typing import Any

import pytest

from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import LATEST, check_limit


@pytest.mark.parametrize("value", [10**18, -1, 0, True, 1.0, "1", None, fields.LATEST_INSTANT + 1])
def test_an_instant_outside_the_range_is_damaged(value: Any) -> None:
    with pytest.raises(Damaged):
        fields.checked_instant(value, "at")
    assert fields.checked_instant(fields.LATEST_INSTANT, "at") == fields.LATEST_INSTANT


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (lambda value: fields.checked_instant(value, "x"), LATEST, LATEST + 1),
        (lambda value: fields.checked_instant(value, "x"), 1, 0),
        (lambda value: fields.instant_from_millis(value, "x"), LATEST * 1000, LATEST * 1000 + 1),
        (lambda value: fields.instant_from_millis(value, "x"), 10**11, 10**11 - 1),
        (lambda value: fields.checked_text(value, "x"), "é" * 1024, "é" * 1025),
        (lambda value: fields.checked_token(value, "x"), "x" * 16384, "x" * 16385),
    ],
)
def test_the_largest_value_is_accepted_and_the_next_one_is_damaged(read, largest, too_large):
    check_limit(read, largest, too_large)
