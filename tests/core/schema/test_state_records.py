"""Records of choices, clock, versions of the config, notices and prompts."""

import math
from typing import Any

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.model import Role
from ssohelper.core.schema import state_records
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import NOON


def test_invalid_choices_get_their_default_and_bring_no_removed_role_back():
    found = {
        "accounts": ["a*"], "roles": 5, "template": "{nope}", "form": "evil",
        "default_region": "us-east-1.evil.com", "removed": [["x", "y"], ["001234567890", "R"]],
    }  # fmt: skip
    choices, damaged = state_records.parse_choices(found)
    assert choices._replace(removed=frozenset()) == Choices(accounts=("a*",))
    assert {role.name for role in choices.removed} == {"R"}
    assert damaged == ["roles", "template", "form", "default_region"]
    rows = [["001234567890", "A"], ["1", "B"], ["001234567890"], "x", ["001234567890", "C", "D"]]
    choices, damaged = state_records.parse_choices({"removed": rows})
    assert choices.removed == frozenset({Role("001234567890", "A")})
    assert damaged == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 10**18, "1", None, True])
@pytest.mark.parametrize("name", ["aws_at", "wall_at", "uptime_at"])
def test_a_reading_of_awss_clock_outside_the_range_is_damaged(name: str, value: Any) -> None:
    good = {"aws_at": NOON, "wall_at": NOON, "uptime_at": 5.0, "boot": "b"}
    assert state_records.parse_clock_reading(good).aws_at == NOON
    with pytest.raises(Damaged):
        state_records.parse_clock_reading({**good, name: value})
