"""Records of choices, clock, versions of the config, notices and prompts."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.model import Role
from ssohelper.core.schema import state_records
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import DAY, KEY, LATEST, NOON, check_limit

HASH = "0" * 64


def test_invalid_choices_get_their_default() -> None:
    found = {
        "accounts": ["a*"], "roles": 5, "template": "{nope}", "form": "evil",
        "default_region": "us-east-1.evil.com", "removed": [["x", "y"], ["001234567890", "R"]],
    }  # fmt: skip
    choices, damaged = state_records.parse_choices(found)
    assert choices._replace(removed=frozenset()) == Choices(accounts=("a*",))
    assert {role.name for role in choices.removed} == {"R"}
    assert damaged == ["roles", "template", "form", "default_region"]


def test_an_invalid_removed_role_does_not_bring_the_others_back() -> None:
    rows = [["001234567890", "A"], ["1", "B"], ["001234567890"], "x", ["001234567890", "C", "D"]]
    found, damaged = state_records.parse_choices({"removed": rows})
    assert found.removed == frozenset({Role("001234567890", "A")})
    assert damaged == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 10**18, "1", None, True])
@pytest.mark.parametrize("name", ["aws_at", "wall_at", "uptime_at"])
def test_a_reading_of_awss_clock_outside_the_range_is_damaged(name: str, value: Any) -> None:
    good = {"aws_at": NOON, "wall_at": NOON, "uptime_at": 5.0, "boot": "b"}
    assert state_records.parse_clock_reading(good).aws_at == NOON
    with pytest.raises(Damaged):
        state_records.parse_clock_reading({**good, name: value})


def _choices(name: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        found, damaged = state_records.parse_choices({name: value})
        if damaged:
            raise Damaged(name)
        return found

    return read


def _clock(name: str) -> Callable[[Any], Any]:
    good = {"aws_at": 1, "wall_at": 1, "uptime_at": 1, "boot": "b"}
    return lambda value: state_records.parse_clock_reading({**good, name: value})


def _versions(numbers: Any) -> Any:
    return state_records.parse_undo_numbers({"undo": numbers})


def _described(length: int) -> Any:
    described = {"bytes": length, "sha256": HASH}
    return state_records.parse_version_head(
        {"before": described, "after": {"absent": True}, "choices": {}}
    )


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (_choices("accounts"), ["x"] * 1000, ["x"] * 1001),
        (_choices("roles"), ["x" * 4096], ["x" * 4097]),
        (_choices("removed"), [KEY[1:]] * 200_000, [KEY[1:]] * 200_001),
        (_clock("aws_at"), LATEST, LATEST + 1),
        (_clock("wall_at"), LATEST + 0.0, LATEST + 0.5),
        (_clock("wall_at"), 0, -0.5),
        (_clock("uptime_at"), 36_600 * DAY, 36_600 * DAY + 1),
        (_clock("boot"), "b" * 64, "b" * 65),
        (_versions, [1] * 100, [1] * 101),
        (_versions, [2**53], [2**53 + 1]),
        (_versions, [1], [0]),
        (_described, 64 << 20, (64 << 20) + 1),
        (_described, 0, -1),
    ],
)
def test_the_largest_value_is_accepted_and_the_next_one_is_damaged(read, largest, too_large):
    check_limit(read, largest, too_large)
