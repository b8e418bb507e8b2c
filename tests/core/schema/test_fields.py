"""The limit of each field: the largest value is accepted, and the next one is damaged."""

from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.schema import fields, listings, state_records
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.schema.sign_in_records import parse_sign_in_facts
from tests.core.schema.values import DAY, KEY, LATEST


def _valid(parse: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    """Return a function that reads a field, and raises where `parse` only names it as damaged."""

    def read(value: Any) -> None:
        if parse({name: value})[1]:
            raise Damaged(name)

    return read


def _facts(name: str) -> Callable[[Any], Any]:
    return _valid(parse_sign_in_facts, name)


def _choices(name: str) -> Callable[[Any], Any]:
    return _valid(state_records.parse_choices, name)


def _listing(**change: Any) -> Any:
    account = {
        "id": KEY[1], "name": "", "email": "", "roles": [], "refused": False, "answered": True,
    }  # fmt: skip
    listing = {"version": 1, "start_url": "u", "region": "r", "listed_at": 1, "accounts": [account]}
    in_account = {name: value for name, value in change.items() if name in account}
    in_listing = {name: value for name, value in change.items() if name in listing}
    return listings.parse_listing(
        {**listing, "accounts": [{**account, **in_account}], **in_listing}
    )


def _clock(name: str) -> Callable[[Any], Any]:
    good = {"aws_at": 1, "wall_at": 1, "uptime_at": 1, "boot": "b"}
    return lambda value: state_records.parse_clock_reading({**good, name: value})


def _versions(numbers: Any) -> Any:
    return state_records.parse_undo_numbers({"undo": numbers})


def _described(length: int) -> Any:
    described = {"bytes": length, "sha256": "0" * 64}
    return state_records.parse_version_head(
        {"before": described, "after": {"absent": True}, "choices": {}}
    )


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (lambda value: fields.checked_instant(value, "x"), LATEST, LATEST + 1),
        (lambda value: fields.checked_instant(value, "x"), 1, 0),
        (lambda value: fields.instant_from_millis(value, "x"), LATEST * 1000, LATEST * 1000 + 1),
        (lambda value: fields.instant_from_millis(value, "x"), 10**11, 10**11 - 1),
        (lambda value: fields.checked_text(value, "x"), "é" * 1024, "é" * 1025),
        (lambda value: fields.checked_token(value, "x"), "x" * 16384, "x" * 16385),
        (lambda rows: listings.rows_of_page({"a": rows}, "a"), [{}] * 100_000, [{}] * 100_001),
        (lambda at: listings.next_page_token({"nextToken": at}), "x" * 100_000, "x" * 100_001),
        (lambda value: listings.role_name_of_row({"roleName": value}), "x" * 1024, "x" * 1025),
        (lambda value: _listing(start_url=value), "x" * 4096, "x" * 4097),
        (lambda value: _listing(region=value), "x" * 1024, "x" * 1025),
        (lambda value: _listing(roles=value), ["x" * 1024], ["x", "x" * 1025]),
        (lambda value: _listing(roles=value), ["x"] * 100_000, ["x"] * 100_001),
        (_facts("signed_in_at"), LATEST, LATEST + 1),
        (_facts("token_ids"), ["x"] * 100, ["x"] * 101),
        (_facts("token_life_seconds"), DAY, DAY + 1),
        (_facts("token_life_seconds"), 1, 0),
        (_facts("observed_hours_seconds"), 90 * DAY, 90 * DAY + 1),
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
    read(largest)
    with pytest.raises(Damaged):
        read(too_large)


@pytest.mark.parametrize("value", [10**18, -1, 0, True, 1.0, "1", None, fields.LATEST_INSTANT + 1])
def test_an_instant_outside_the_range_is_damaged(value: Any) -> None:
    with pytest.raises(Damaged):
        fields.checked_instant(value, "at")
    assert fields.checked_instant(fields.LATEST_INSTANT, "at") == fields.LATEST_INSTANT
