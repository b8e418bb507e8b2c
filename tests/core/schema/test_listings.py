"""Lists of accounts and roles: the pages of AWS, and the saved list."""

from typing import Any

import pytest

from ssohelper.core.schema import listings
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import NOON

GOOD_ACCOUNT = {
    "id": "001234567890", "name": "pay\x1b", "email": "", "roles": ["R"], "refused": False,
    "answered": True,
}  # fmt: skip
GOOD_LISTING = {
    "version": 1, "start_url": "https://x", "region": "eu-west-1", "listed_at": NOON,
    "accounts": [GOOD_ACCOUNT],
}  # fmt: skip


def test_a_listing_may_hold_any_name() -> None:
    assert listings.parse_listing(GOOD_LISTING).accounts[0].account.name == "pay\x1b"


@pytest.mark.parametrize(
    "change",
    [{"listed_at": 10**18}, {"version": 2}, {"accounts": [{**GOOD_ACCOUNT, "id": "1"}]},
     {"accounts": [{**GOOD_ACCOUNT, "roles": [1]}]}, {"accounts": [{**GOOD_ACCOUNT, "roles": "R"}]},
     {"accounts": [{**GOOD_ACCOUNT, "refused": 1}]}, {"accounts": {}}, {"region": None},
     {"accounts": [{**GOOD_ACCOUNT, "roles": ["R" * 5000]}]}, {"accounts": [[]]},
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "name": None}]},
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "email": "a" * 5000}]},
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "answered": None}]},
     # Equal lists of names are checked once. A later list that differs must still be checked.
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "roles": ["R", 1]}]},
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "roles": [["R"]]}]},
     {"accounts": [GOOD_ACCOUNT, {**GOOD_ACCOUNT, "roles": ["R" * 5000]}]}],
)  # fmt: skip
def test_a_listing_with_an_invalid_value_is_damaged(change: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        listings.parse_listing({**GOOD_LISTING, **change})
