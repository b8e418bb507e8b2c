"""Role credentials: of AWS, and as they are cached."""

import pytest

from ssohelper.core.schema import credential_records
from ssohelper.core.schema.fields import Damaged
from tests.core.schema.values import NONSENSE, NOON

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
def test_cached_credentials_with_an_invalid_value_are_damaged(name: str) -> None:
    for value in NONSENSE:
        with pytest.raises(Damaged):
            credential_records.parse_cached_credentials({**GOOD_CACHED, name: value})


@pytest.mark.parametrize("name", GOOD_PORTAL)
def test_credentials_of_the_portal_with_an_invalid_value_are_damaged(name: str) -> None:
    for value in NONSENSE:
        with pytest.raises(Damaged) as caught:
            credential_records.credentials_from_portal({**GOOD_PORTAL, name: value})
        assert caught.value.field == name
        assert "secret" not in str(caught.value).replace("secretAccessKey", "")


@pytest.mark.parametrize(
    ("life_seconds", "is_good"),
    [(-60, False), (0, False), (1, True), (12 * 3600, True), (12 * 3600 + 300, True),
     (12 * 3600 + 301, False), (33 * 365 * 86400, False)],
)  # fmt: skip
def test_credentials_that_live_over_12_h_or_have_expired_are_damaged(life_seconds, is_good):
    found = {**GOOD_CACHED, "expires_at": NOON + life_seconds}
    if is_good:
        assert credential_records.parse_cached_credentials(found).life_seconds == life_seconds
        return
    with pytest.raises(Damaged):
        credential_records.parse_cached_credentials(found)
