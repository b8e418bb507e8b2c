"""Types, ranges and relations of what is read from own files and from AWS."""

import json
import math
from typing import Any

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.model import Secret, SignInFacts
from ssohelper.core.schema import (
    credential_records,
    fields,
    listings,
    sign_in_records,
    state_records,
    use_records,
)
from ssohelper.core.schema.fields import Damaged

NOON = 1_767_268_800
# What no number, text or list of ours may be.
NONSENSE: tuple[Any, ...] = (
    None, True, 10**18, -(10**18), -1, 1.5, math.nan, math.inf, "", "a\0b", "a\nb", "\x1b[2J",
    "\u202e", "\ud800", "x" * 20_000, [], {}, [[]], {"a": 1},
)  # fmt: skip
GOOD_CACHED = {
    "access_key_id": "ASIAABCDEFGHIJKLMNOP",
    "secret_access_key": "secret",
    "session_token": "token",
    "expires_at": NOON + 3600,
    "received_at": NOON,
    "token_id": "0123456789abcdef",
}
GOOD_PORTAL = {
    "accessKeyId": "ASIAABCDEFGHIJKLMNOP",
    "secretAccessKey": "secret",
    "sessionToken": "token",
    "expiration": (NOON + 3600) * 1000,
}


def test_valid_credentials_are_read() -> None:
    cached = credential_records.parse_cached_credentials(GOOD_CACHED)
    assert cached.credentials.expires_at == NOON + 3600
    assert credential_records.credentials_from_portal(GOOD_PORTAL).expires_at == NOON + 3600


@pytest.mark.parametrize("name", [name for name in GOOD_CACHED if name != "token_id"])
@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: json.dumps(value, default=str)[:20])
def test_cached_credentials_with_an_invalid_value_are_damaged(name: str, value: Any) -> None:
    with pytest.raises(Damaged):
        credential_records.parse_cached_credentials({**GOOD_CACHED, name: value})


@pytest.mark.parametrize("name", GOOD_PORTAL)
@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: json.dumps(value, default=str)[:20])
def test_credentials_of_the_portal_with_an_invalid_value_are_damaged(name: str, value: Any) -> None:
    with pytest.raises(Damaged) as caught:
        credential_records.credentials_from_portal({**GOOD_PORTAL, name: value})
    assert caught.value.field == name
    assert "secret" not in str(caught.value).replace("secretAccessKey", "")


@pytest.mark.parametrize(
    ("life_seconds", "is_good"),
    [(-60, False), (0, False), (1, True), (12 * 3600, True), (12 * 3600 + 300, True),
     (12 * 3600 + 301, False), (33 * 365 * 86400, False)],
)  # fmt: skip
def test_credentials_that_live_over_12_h_or_have_expired_are_damaged(
    life_seconds: int, is_good: bool
) -> None:
    found = {**GOOD_CACHED, "expires_at": NOON + life_seconds}
    if is_good:
        assert credential_records.parse_cached_credentials(found).life_seconds == life_seconds
        return
    with pytest.raises(Damaged):
        credential_records.parse_cached_credentials(found)


@pytest.mark.parametrize("value", [10**18, -1, 0, True, 1.0, "1", None, fields.LATEST_INSTANT + 1])
def test_an_instant_outside_the_range_is_damaged(value: Any) -> None:
    with pytest.raises(Damaged):
        fields.checked_instant(value, "at")
    assert fields.checked_instant(fields.LATEST_INSTANT, "at") == fields.LATEST_INSTANT


GOOD_TOKEN = {
    "accessToken": "at",
    "expiresAt": "2026-01-01T12:00:00Z",
    "refreshToken": "rt",
    "clientId": "id",
    "clientSecret": "secret",
    "registrationExpiresAt": "2026-04-01T12:00:00Z",
}


@pytest.mark.parametrize("value", [*NONSENSE, "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_a_token_without_a_valid_value_and_end_is_damaged(value: Any) -> None:
    for name in ("accessToken", "expiresAt"):
        if name == "accessToken" and isinstance(value, str) and value[:1] in ("9", "1"):
            continue
        with pytest.raises(Damaged):
            sign_in_records.parse_token({**GOOD_TOKEN, name: value})


@pytest.mark.parametrize("value", NONSENSE)
def test_a_token_with_a_damaged_refresh_token_or_client_cannot_be_renewed(value: Any) -> None:
    assert sign_in_records.parse_token({**GOOD_TOKEN, "refreshToken": value}).refresh_token is None
    assert sign_in_records.parse_token({**GOOD_TOKEN, "clientSecret": value}).client is None
    client = sign_in_records.parse_token({**GOOD_TOKEN, "registrationExpiresAt": value}).client
    assert client is not None
    assert client.expires_at == NOON + 90 * 86400


@pytest.mark.parametrize(
    ("ends", "lacks"),
    [("2026-01-01T12:00:00", True), ("2026-01-01T12:00:00Z", False),
     ("2026-01-01T12:00:00UTC", False), ("2026-01-01T12:00:00+01:00", False), ("x", False)],
)  # fmt: skip
def test_an_end_without_a_time_zone_is_recognized(ends: str, lacks: bool) -> None:
    assert sign_in_records.expiry_lacks_zone({"expiresAt": ends}) is lacks


@pytest.mark.parametrize("name", SignInFacts._fields)
@pytest.mark.parametrize("value", [value for value in NONSENSE if value is not None])
def test_a_damaged_fact_counts_as_missing_and_the_others_stay(name: str, value: Any) -> None:
    good = {"signed_in_at": NOON, "user": "ana"}
    facts, damaged = sign_in_records.parse_sign_in_facts({**good, name: value})
    empty = SignInFacts()._asdict()
    if not (name == "token_ids" and value == []):
        assert facts._asdict()[name] == empty[name]
    assert damaged == [name] or not value
    if name != "user":
        assert facts.user == "ana"


@pytest.mark.parametrize("life", [0, -1, True, 1.5, "3600", None, [], 10**30])
def test_a_token_without_a_valid_lifetime_is_refused(life: Any) -> None:
    client = sign_in_records.client_from_answer(
        {"clientId": "id", "clientSecret": "s", "clientSecretExpiresAt": NOON}, (), ()
    )
    with pytest.raises(Damaged):
        sign_in_records.token_and_lifetime_from_answer(
            {"accessToken": "at", "expiresIn": life}, client, None, NOON
        )


@pytest.mark.parametrize("life", [1, 86399, 86400])
def test_a_token_lives_as_long_as_aws_says(life: int) -> None:
    client = sign_in_records.client_from_answer(
        {"clientId": "id", "clientSecret": "s", "clientSecretExpiresAt": NOON}, (), ()
    )
    answer = {"accessToken": "at", "expiresIn": life, "refreshToken": "new"}
    token, promised = sign_in_records.token_and_lifetime_from_answer(
        answer, client, Secret("rt"), NOON
    )
    assert (token.expires_at, promised) == (NOON + life, life)
    assert token.refresh_token == Secret("new")


def test_a_token_is_used_for_24_h_at_most_and_keeps_an_omitted_refresh_token() -> None:
    client = sign_in_records.client_from_answer(
        {"clientId": "id", "clientSecret": "s", "clientSecretExpiresAt": NOON}, (), ()
    )
    answer = {"accessToken": "at", "expiresIn": 10**18}
    token, promised = sign_in_records.token_and_lifetime_from_answer(
        answer, client, Secret("rt"), NOON
    )
    assert (token.expires_at, promised) == (NOON + 86400, 10**18)
    assert token.refresh_token == Secret("rt")


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
     {"accounts": [{**GOOD_ACCOUNT, "roles": ["R" * 5000]}]}, {"accounts": [[]]}],
)  # fmt: skip
def test_a_listing_with_an_invalid_value_is_damaged(change: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        listings.parse_listing({**GOOD_LISTING, **change})


@pytest.mark.parametrize(
    "line",
    [None, [], ["corp"] * 6, ["corp", "001234567890", "R", 10**18, 1, False],
     ["corp", "001234567890", "R", NOON, -1, False], ["corp", "001234567890", "R", NOON, 1, 0],
     ["../x", "001234567890", "R", NOON, 1, False], ["corp", "001234567890", "R", NOON, 10**30, True]],
)  # fmt: skip
def test_a_line_of_usage_with_an_invalid_value_is_damaged(line: Any) -> None:
    with pytest.raises(Damaged):
        use_records.parse_usage(line)


def test_invalid_choices_get_their_default() -> None:
    found = {
        "accounts": ["a*"], "roles": 5, "template": "{nope}", "form": "evil",
        "default_region": "us-east-1.evil.com", "removed": [["x", "y"], ["001234567890", "R"]],
    }  # fmt: skip
    choices, damaged = state_records.parse_choices(found)
    assert choices._replace(removed=frozenset()) == Choices(accounts=("a*",))
    assert {role.name for role in choices.removed} == {"R"}
    assert damaged == ["roles", "template", "form", "default_region"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 10**18, "1", None, True])
@pytest.mark.parametrize("name", ["aws_at", "wall_at", "uptime_at"])
def test_a_reading_of_awss_clock_outside_the_range_is_damaged(name: str, value: Any) -> None:
    good = {"aws_at": NOON, "wall_at": NOON, "uptime_at": 5.0, "boot": "b"}
    assert state_records.parse_clock_reading(good).aws_at == NOON
    with pytest.raises(Damaged):
        state_records.parse_clock_reading({**good, name: value})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"1",
        b"a\n\n",
        b"a\n99999999999\n",
        b"a\n1",
        b"a\n-1\n",
        b"a\n1\n2\n",
        b"a" * 999,
    ],
)
def test_a_prompts_file_with_nonsense_is_damaged(content: bytes) -> None:
    assert state_records.parse_prompt_role_end(b"1|0|fine|ok\n1767268800\n") == NOON
    assert state_records.parse_prompt_role_end(b"1|0|fine|ok\n") is None
    with pytest.raises(Damaged):
        state_records.parse_prompt_role_end(content)
