"""GetRoleCredentials of the real Portal against the emulator, with bad answers and failures."""

import time

import pytest

from ssohelper.core.model import Role
from ssohelper.errors import AwsUnreachable, BadAnswer, RoleNotAssigned, Throttled
from ssohelper.wire.role_credentials import get_role_credentials
from tests.wire.test_portal import ACCOUNT, NONSENSE, ROLE, deadline, keys_answer
from tests.wire.test_portal import emulator as emulator  # a fixture
from tests.wire.test_portal import portal as portal  # a fixture
from tests.wire.test_portal import token as token  # a fixture


class TestRoleCredentials:
    def test_milliseconds_become_seconds(self, emulator, portal, token):
        begun = time.time()
        credentials = get_role_credentials(portal, token, ROLE, deadline())
        assert begun + 3590 < credentials.expires_at <= time.time() + 3601
        issued = emulator.issued.get(credentials.access_key_id)
        assert (issued.account_id, issued.person) == (ACCOUNT, "ana")
        assert credentials.secret_access_key.reveal() == issued.secret_access_key

    def test_a_role_that_is_not_assigned_is_exit_5_naming_role_and_account(self, portal, token):
        with pytest.raises(RoleNotAssigned, match=r'"Nobody" in 000000000000'):
            get_role_credentials(portal, token, Role(ACCOUNT, "Nobody"), deadline())

    @pytest.mark.parametrize("body", NONSENSE)
    def test_bad_credentials_answers_are_exit_6(self, emulator, portal, token, body):
        emulator.faults.script("GetRoleCredentials", 200, body=body)
        with pytest.raises(BadAnswer):
            get_role_credentials(portal, token, ROLE, deadline())

    @pytest.mark.parametrize(
        "changed",
        [
            {"accessKeyId": None},
            {"accessKeyId": "null"},
            {"accessKeyId": "17"},
            {"accessKeyId": '""'},
            {"accessKeyId": '"ASIA\\"EXAMPLEEXAMPLE00"'},
            {"accessKeyId": '"ASIAEXAMPLEEXAMPLE00\\n"'},
            {"accessKeyId": '"ASIAEXAMPLE EXAMPLE00"'},
            *({"secretAccessKey": value} for value in (None, '""', '"a b"', "[]")),
            {"sessionToken": None},
            {"sessionToken": '"a\\u0000b"'},
            {"sessionToken": '"' + "x" * 20_000 + '"'},
            {"sessionToken": "{}"},
            *({"expiration": value} for value in (None, "null", "0", "-1", "1800000000")),
            *({"expiration": value} for value in ("1e18", "1e400", '"soon"', "true", "[]")),
            {"expiration": "9" * 5000},
        ],
        ids=lambda changed: " ".join(f"{k}={str(v)[:24]}" for k, v in changed.items()),
    )
    def test_fields_of_the_wrong_kind_are_exit_6(self, emulator, portal, token, changed):
        emulator.faults.script("GetRoleCredentials", 200, body=keys_answer())
        assert get_role_credentials(portal, token, ROLE, deadline()).expires_at == 1_800_000_000
        emulator.faults.script("GetRoleCredentials", 200, body=keys_answer(**changed))
        with pytest.raises(BadAnswer) as caught:
            get_role_credentials(portal, token, ROLE, deadline())
        assert caught.value.exit_code == 6

    def test_a_429_has_its_retry_after_and_is_not_retried(self, emulator, portal, token):
        emulator.faults.script("GetRoleCredentials", 429, {"Retry-After": "86400"}, times=9)
        with pytest.raises(Throttled) as caught:
            get_role_credentials(portal, token, ROLE, deadline())
        assert caught.value.retry_after_seconds == 86400
        assert emulator.counters["GetRoleCredentials"] == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 408])
    def test_a_server_error_is_not_retried(self, emulator, portal, token, status):
        emulator.faults.script("GetRoleCredentials", status, times=100)
        with pytest.raises(AwsUnreachable):
            get_role_credentials(portal, token, ROLE, deadline())
        assert emulator.counters["GetRoleCredentials"] == 1

    def test_a_silent_or_slow_answer_ends_at_the_deadline(self, emulator, portal, token):
        emulator.faults.hang("GetRoleCredentials")
        with pytest.raises(AwsUnreachable):
            get_role_credentials(portal, token, ROLE, deadline(0.5))
        emulator.faults.script("GetRoleCredentials", seconds_per_byte=0.2, times=5)
        begun = time.monotonic()
        with pytest.raises(AwsUnreachable):
            get_role_credentials(portal, token, ROLE, deadline(1.0))
        assert time.monotonic() - begun < 10

    def test_no_error_shows_the_token(self, emulator, portal, token):
        emulator.faults.fail("GetRoleCredentials", "InvalidRequestException")
        with pytest.raises(RoleNotAssigned) as caught:
            get_role_credentials(portal, token, ROLE, deadline())
        assert token.value.reveal() not in f"{caught.value!r} {caught.value.hint}"
