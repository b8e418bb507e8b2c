"""Each limit of what is read: the largest value is accepted, the next one is damaged."""

from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.model import Role, Secret
from ssohelper.core.role_tree import MOST_EXCEPTIONS
from ssohelper.core.schema import (
    fields,
    list_view_records,
    listings,
    sign_in_records,
    state_records,
    use_records,
)
from ssohelper.core.schema.fields import Damaged

LATEST = 8_589_934_592  # in 2242
DAY = 86_400
KEY = ["corp", "001234567890", "ReadOnlyAccess"]
HASH = "0" * 64
VIEW = {
    "version": 1,
    "flat": True,
    "sort": "use",
    "all_folded": True,
    "exceptions": [],
    "only_session": None,
    "only_favourites": False,
}


def _facts(name: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        found, damaged = sign_in_records.parse_sign_in_facts({name: value})
        if damaged:
            raise Damaged(name)
        return found

    return read


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


def _version(name: str) -> Callable[[Any], Any]:
    return lambda value: state_records.parse_undo_and_redo_numbers(
        {"undo": [], "redo": [], name: value}
    )


def _described(length: int) -> Any:
    described = {"bytes": length, "sha256": HASH}
    return state_records.parse_version_head(
        {"before": described, "after": {"absent": True}, "choices": {}}
    )


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


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (lambda value: fields.checked_instant(value, "x"), LATEST, LATEST + 1),
        (lambda value: fields.checked_instant(value, "x"), 1, 0),
        (lambda value: fields.instant_from_millis(value, "x"), LATEST * 1000, LATEST * 1000 + 1),
        (lambda value: fields.instant_from_millis(value, "x"), 10**11, 10**11 - 1),
        (lambda value: fields.checked_text(value, "x"), "é" * 1024, "é" * 1025),
        (lambda value: fields.checked_token(value, "x"), "x" * 16384, "x" * 16385),
        (_facts("signed_in_at"), LATEST, LATEST + 1),
        (_facts("token_ids"), ["x"] * 100, ["x"] * 101),
        (_facts("token_life_seconds"), DAY, DAY + 1),
        (_facts("observed_hours_seconds"), 90 * DAY, 90 * DAY + 1),
        (_choices("accounts"), ["x"] * 1000, ["x"] * 1001),
        (_choices("roles"), ["x" * 4096], ["x" * 4097]),
        (_choices("removed"), [KEY[1:]] * 200_000, [KEY[1:]] * 200_001),
        (_clock("aws_at"), LATEST, LATEST + 1),
        (_clock("wall_at"), LATEST + 0.0, LATEST + 0.5),
        (_clock("wall_at"), 0, -0.5),
        (_clock("uptime_at"), 36_600 * DAY, 36_600 * DAY + 1),
        (_clock("boot"), "b" * 64, "b" * 65),
        (_version("undo"), [1] * 100, [1] * 101),
        (_version("redo"), [2**53], [2**53 + 1]),
        (_version("undo"), [1], [0]),
        (_described, 64 << 20, (64 << 20) + 1),
        (_described, 0, -1),
        (
            lambda value: use_records.unchecked_usage_records({"version": 1, "roles": value}),
            [None] * 200_000,
            [None] * 200_001,
        ),
        (lambda value: use_records.parse_usage([*KEY, 1, value, True]), 1 << 40, (1 << 40) + 1),
        (lambda value: use_records.parse_usage([*KEY, 1, value, True]), 0, -1),
        (lambda value: use_records.parse_usage([*KEY, None, 0, *value]), [True], [True, 1]),
        (lambda value: use_records.parse_visit([*KEY, 1, *value]), [True], [True, 1]),
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"exceptions": value}),
            [KEY[:2]] * MOST_EXCEPTIONS,
            [KEY[:2]] * (MOST_EXCEPTIONS + 1),
        ),
        (lambda value: list_view_records.parse_list_view(VIEW | {"sort": value}), "id", "ID"),
        (lambda value: list_view_records.parse_list_view(VIEW | {"flat": value}), True, 1),
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"only_favourites": value}),
            True,
            1,
        ),
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"only_session": value}),
            "corp",
            "a\x1b",
        ),
        (
            lambda value: list_view_records.parse_saved_view(
                {"name": "n", "query": value, "view": VIEW}
            ),
            "x" * 200,
            "x" * 201,
        ),
        (lambda value: use_records.parse_visit([*KEY, value, True]), LATEST, LATEST + 1),
        (
            lambda value: state_records.parse_given_notices({"marks": value}),
            ["x"] * 100,
            ["x"] * 101,
        ),
        (lambda value: state_records.parse_given_notices({"marks": [value]}), "x" * 100, "x" * 101),
        (
            lambda value: state_records.parse_prompt_role_end(b"row\n%d\n" % value),
            LATEST,
            LATEST + 1,
        ),
        (
            lambda value: listings.rows_of_page({"rows": value}, "rows"),
            [{}] * 100_000,
            [{}] * 100_001,
        ),
        (
            lambda value: listings.next_page_token({"nextToken": value}),
            "x" * 100_000,
            "x" * 100_001,
        ),
        (lambda value: listings.role_name_of_row({"roleName": value}), "x" * 1024, "x" * 1025),
        (lambda value: _listing(start_url=value), "x" * 4096, "x" * 4097),
        (lambda value: _listing(region=value), "x" * 1024, "x" * 1025),
        (lambda value: _listing(roles=value), ["x" * 1024], ["x", "x" * 1025]),
        (lambda value: _listing(roles=value), ["x"] * 100_000, ["x"] * 100_001),
    ],
)
def test_the_largest_value_is_accepted_and_the_next_one_is_damaged(
    read: Callable[[Any], Any], largest: Any, too_large: Any
) -> None:
    read(largest)
    with pytest.raises(Damaged):
        read(too_large)


def test_a_token_file_without_the_registrations_end_gets_90_days() -> None:
    found = {
        "accessToken": "at", "expiresAt": "2026-01-01T12:00:00Z", "refreshToken": "rt",
        "clientId": "id", "clientSecret": "s",
    }  # fmt: skip
    token = sign_in_records.parse_token(found)
    assert token.client is not None
    assert token.client.expires_at == token.expires_at + 90 * DAY
    late = sign_in_records.parse_token({**found, "expiresAt": "2242-03-16T00:00:00Z"})
    assert late.client is not None
    assert late.client.expires_at == LATEST


def test_a_registration_keeps_its_first_100_texts_and_no_other_values() -> None:
    found = {
        "clientId": "id", "clientSecret": "s", "expiresAt": "2026-01-01T12:00:00Z",
        "scopes": ["x", 1, None, *["y"] * 100], "grantTypes": "refresh_token",
    }  # fmt: skip
    client = sign_in_records.parse_registration(found)
    assert client.client_secret == Secret("s")
    assert client.scopes == ("x", *["y"] * 97)
    assert client.grant_types == ()


def test_an_invalid_removed_role_does_not_bring_the_others_back() -> None:
    rows = [["001234567890", "A"], ["1", "B"], ["001234567890"], "x", ["001234567890", "C", "D"]]
    found, damaged = state_records.parse_choices({"removed": rows})
    assert found.removed == frozenset({Role("001234567890", "A")})
    assert damaged == []
