"""Tokens, registrations and facts of a sign-in: of AWS, and as they are saved."""

from typing import Any

import pytest

from ssohelper.core.model import AccessToken, Secret, SignInFacts
from ssohelper.core.schema import sign_in_records
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import DAY, LATEST, NONSENSE, NOON

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


@pytest.mark.parametrize("name", SignInFacts._fields)
def test_a_damaged_fact_counts_as_missing_and_the_others_stay(name: str) -> None:
    good = {"signed_in_at": NOON, "user": "ana"}
    empty = SignInFacts()._asdict()
    for value in (value for value in NONSENSE if value is not None):
        facts, damaged = sign_in_records.parse_sign_in_facts({**good, name: value})
        if not (name == "token_ids" and value == []):
            assert facts._asdict()[name] == empty[name], value
        assert damaged == [name] or not value
        if name != "user":
            assert facts.user == "ana"


def _token(life: Any, **more: str) -> tuple[AccessToken, int]:
    client = sign_in_records.client_from_answer(
        {"clientId": "id", "clientSecret": "s", "clientSecretExpiresAt": NOON}, (), ()
    )
    answer = {"accessToken": "at", "expiresIn": life, **more}
    return sign_in_records.token_from_answer(answer, client, Secret("rt"), NOON)


@pytest.mark.parametrize("life", [0, -1, True, 1.5, "3600", None, [], 10**30])
def test_a_token_without_a_valid_lifetime_is_refused(life):
    with pytest.raises(Damaged):
        _token(life)


@pytest.mark.parametrize("life", [1, 86399, 86400, 10**18])
def test_a_token_lives_as_long_as_aws_says_and_24_h_at_most(life):
    token, promised = _token(life, refreshToken="new")
    assert (token.expires_at, promised) == (NOON + min(life, 86400), min(life, 86400))
    assert token.refresh_token == Secret("new")
    assert _token(life)[0].refresh_token == Secret("rt"), "an omitted one stays valid"


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
