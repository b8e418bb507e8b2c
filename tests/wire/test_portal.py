"""The real Portal against the emulator, with bad answers and failures."""

import threading
import time
from types import SimpleNamespace

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import AccessToken, Role, Secret, SignInFacts, SsoSession
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable, BadAnswer, RoleNotAssigned, Throttled, TokenRejected
from ssohelper.wire import portal as portal_module
from ssohelper.wire.portal import Pacing, Portal
from ssohelper.wire.role_credentials import get_role_credentials

ACCOUNT = "000000000000"
ROLE = Role(ACCOUNT, "Role00")
# Bad answers with status 200, none of which may be accepted.
NONSENSE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"{", id="truncated"),
    pytest.param(b"null", id="null"),
    pytest.param(b"[]", id="list"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"<html>sign in to the hotel's network</html>", id="html"),
    pytest.param(b"9" * 5000, id="5000 digits"),
    pytest.param(b"[" * 100_000, id="deep"),
    pytest.param(b"\xff\xfe\x00", id="not UTF-8"),
    pytest.param(b'{"a":"' + b"x" * (5 << 20) + b'"}', id="huge"),
]
GOOD_KEYS = {
    "accessKeyId": '"ASIAEXAMPLEEXAMPLE00"',
    "secretAccessKey": '"secret"',
    "sessionToken": '"token"',
    "expiration": "1800000000000",
}


@pytest.fixture
def emulator():
    with Emulator(World.of_size(3, 2)) as running:
        yield running


@pytest.fixture
def token(emulator):
    return token_of(emulator)


@pytest.fixture
def portal(emulator):
    return portal_of(emulator)


def token_of(emulator):
    return AccessToken(Secret(emulator.issue_token("ana")["accessToken"]), 2**31, None, None)


def quick_pacing() -> Pacing:
    """Return the real Pacing with a clock that sleeps move: it waits no real time.

    Sleeps of several threads overlap, as real ones do: each ends so long after its thread's last
    look at the clock.
    """
    slept, seen = [0.0], threading.local()

    def monotonic() -> float:
        seen.at = time.monotonic() + slept[0]
        return seen.at

    def sleep(seconds: float) -> None:
        slept[0] = max(slept[0], seen.at + seconds - time.monotonic())

    return Pacing(100_000, monotonic=monotonic, sleep=sleep)


def portal_of(emulator, **more):
    session = SsoSession("corp", emulator.world.start_url, emulator.world.region, ())
    pacing = more.get("pacing") or quick_pacing()
    return Portal(session, emulator.environment(), facts=SignInFacts, pacing=pacing)


def deadline(seconds=18.0):
    return Deadline(seconds, time.monotonic)


def keys_answer(**changed):
    fields = {**GOOD_KEYS, **changed}
    inside = ",".join(f'"{name}":{value}' for name, value in fields.items() if value is not None)
    return f'{{"roleCredentials":{{{inside}}}}}'


class TestListing:
    def test_all_pages_are_read(self, token):
        with Emulator(World.of_size(250, 130)) as emulator:
            portal, token = portal_of(emulator), token_of(emulator)
            accounts = list(portal.list_accounts(token))
            assert len({account.id for account in accounts}) == 250
            assert emulator.counters["ListAccounts"] == 3
            assert len(portal.list_roles(token, accounts[0].id)) == 130
            assert emulator.counters["ListAccountRoles"] == 2

    def test_an_account_on_two_pages_is_listed_once(self, emulator, portal, token):
        row = f'{{"accountId":"{ACCOUNT}","accountName":"a","emailAddress":"b"}}'
        for after in ('"nextToken":"x",', ""):
            emulator.faults.script("ListAccounts", 200, body=f'{{{after}"accountList":[{row}]}}')
        assert [account.id for account in portal.list_accounts(token)] == [ACCOUNT]

    def test_missing_names_are_empty_and_hostile_ones_unchanged(self, emulator, portal, token):
        emulator.faults.set(account_names={ACCOUNT: None}, emails={ACCOUNT: None})
        first = next(portal.list_accounts(token))
        assert (first.id, first.name, first.email) == (ACCOUNT, "", "")
        name = "\x1b]8;;http://evil\x07[/bold]%s{{x}}${y}\u202e\n"
        emulator.faults.account_names = {ACCOUNT: name}
        emulator.faults.role_names = {"Role00": "../../x"}
        assert next(portal.list_accounts(token)).name == name
        assert "../../x" in portal.list_roles(token, ACCOUNT)
        body = f'{{"accountList":[{{"accountId":"{ACCOUNT}","accountName":"a\\ud800"}}]}}'
        emulator.faults.script("ListAccounts", 200, body=body)
        assert next(portal.list_accounts(token)).name == "a\ud800"

    def test_a_repeated_or_unsafe_page_token_is_an_error(self, emulator, portal, token):
        emulator.faults.script("ListAccounts", 200, body='{"nextToken":"a\\nb","accountList":[]}')
        with pytest.raises(BadAnswer, match="nextToken"):
            list(portal.list_accounts(token))
        emulator.reset_counters()
        emulator.faults.repeat_next_token = True
        with pytest.raises(BadAnswer, match="circle"):
            list(portal.list_accounts(token))
        assert emulator.counters["ListAccounts"] <= 3

    def test_a_listing_ends_with_an_error_after_1000_pages(self, emulator, portal, token):
        pages = iter(range(10_000))

        def answer():
            number = next(pages)
            emulator.faults.script(
                "ListAccounts", 200, body=f'{{"nextToken":"n{number}","accountList":[]}}'
            )
            emulator.faults.run_before("ListAccounts", answer, 1)

        emulator.faults.run_before("ListAccounts", answer)
        with pytest.raises(BadAnswer, match="without an end"):
            list(portal.list_accounts(token))
        assert emulator.counters["ListAccounts"] == 1000

    @pytest.mark.parametrize("body", NONSENSE)
    def test_a_bad_page_is_exit_6_and_not_asked_for_again(self, emulator, portal, token, body):
        emulator.faults.script("ListAccounts", 200, body=body)
        with pytest.raises(BadAnswer) as caught:
            list(portal.list_accounts(token))
        assert caught.value.exit_code == 6
        assert emulator.counters["ListAccounts"] == 1

    @pytest.mark.parametrize(
        "rows",
        [
            *("null", "{}", '"text"', "[1]", "[[]]", "[null]", "[{}]"),
            '[{"accountId":null}]',
            '[{"accountId":123456789012}]',
            '[{"accountId":"12345678901"}]',
            '[{"accountId":"../../000001"}]',
            '[{"accountId":"12345678901２"}]',
            '[{"accountId":"123456789012\\n"}]',
            '[{"accountId":"123456789012","accountName":1}]',
            '[{"accountId":"123456789012","emailAddress":[]}]',
            '[{"accountId":"123456789012","accountName":"' + "x" * 5000 + '"}]',
        ],
    )
    def test_accounts_of_wrong_types_are_exit_6(self, emulator, portal, token, rows):
        emulator.faults.script("ListAccounts", 200, body=f'{{"accountList":{rows}}}')
        with pytest.raises(BadAnswer):
            list(portal.list_accounts(token))

    def test_roles_of_wrong_types_are_exit_6(self, emulator, portal, token):
        for role in ("null", "1", '""', "[]", '"' + "x" * 5000 + '"'):
            body = f'{{"roleList":[{{"roleName":{role}}}]}}'
            emulator.faults.script("ListAccountRoles", 200, body=body)
            with pytest.raises(BadAnswer):
                portal.list_roles(token, ACCOUNT)

    @pytest.mark.parametrize(
        "name", ["InvalidRequestException", "ForbiddenException", "ResourceNotFoundException"]
    )
    def test_a_refused_account_is_exit_5_and_asked_once(self, emulator, portal, token, name):
        emulator.faults.fail("ListAccountRoles", name, "No access")
        with pytest.raises(RoleNotAssigned):
            portal.list_roles(token, ACCOUNT)
        assert emulator.counters["ListAccountRoles"] == 1
        emulator.end_sign_ins()  # a rejected token differs from a refused account
        with pytest.raises(TokenRejected, match='"corp"'):
            portal.list_roles(token, ACCOUNT)

    def test_a_429_lowers_the_pace_and_is_retried_six_times(self, emulator, token):
        pacing = quick_pacing()
        portal = portal_of(emulator, pacing=pacing)
        emulator.faults.throttle("ListAccountRoles", times=2)
        assert portal.list_roles(token, ACCOUNT) == ["Role00", "Role01"]
        assert emulator.counters["ListAccountRoles"] == 3
        assert pacing.pace.rate < 100_000
        emulator.faults.throttle("ListAccountRoles", times=100)
        with pytest.raises(Throttled):
            portal.list_roles(token, ACCOUNT)
        assert emulator.counters["ListAccountRoles"] == 3 + 6

    def test_an_answer_for_another_thread_begins_the_six_tries_again(
        self, emulator, token, monkeypatch
    ):
        pacing = quick_pacing()
        portal, tries = portal_of(emulator, pacing=pacing), []

        def refuse(*_, **__):
            tries.append("429")
            if len(tries) == 3:
                pacing.note_answer()
            raise Throttled("throttling")

        monkeypatch.setattr(portal, "send_get_request", refuse)
        with pytest.raises(Throttled):
            portal.list_roles(token, ACCOUNT)
        assert len(tries) == 2 + 6

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
    def test_a_server_error_is_tried_three_times(
        self, emulator, portal, token, status, monkeypatch
    ):
        pauses = []
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append)
        monkeypatch.setattr(portal_module, "time", clock)
        emulator.faults.script("ListAccountRoles", status, times=100)
        with pytest.raises(AwsUnreachable):
            portal.list_roles(token, ACCOUNT)
        assert emulator.counters["ListAccountRoles"] == 3
        assert [0.2 <= pauses[0] <= 0.4, 0.4 <= pauses[1] <= 0.8, len(pauses)] == [True, True, 2]

    def test_a_lost_answer_is_asked_for_again_and_a_redirect_is_not_followed(
        self, emulator, portal, token
    ):
        emulator.faults.script("ListAccountRoles", reset=True)
        emulator.faults.script("ListAccountRoles", close_after=5)
        assert portal.list_roles(token, ACCOUNT) == ["Role00", "Role01"]
        emulator.reset_counters()
        there = {"Location": f"{emulator.url}/assignment/roles?account_id={ACCOUNT}"}
        emulator.faults.script("ListAccountRoles", 302, there)
        with pytest.raises(BadAnswer, match="redirect"):
            portal.list_roles(token, ACCOUNT)
        assert emulator.counters["ListAccountRoles"] == 1


class TestLogout:
    def test_logout_ends_the_sign_in_at_aws(self, emulator, portal, token):
        portal.log_out(token)
        with pytest.raises(TokenRejected):
            get_role_credentials(portal, token, ROLE, deadline())
        with pytest.raises(TokenRejected):
            portal.log_out(token)

    @pytest.mark.parametrize("body", [" \n", "{}"])
    def test_logout_accepts_a_blank_body_or_an_object(self, emulator, portal, token, body):
        emulator.faults.script("Logout", 200, body=body)
        portal.log_out(token)

    @pytest.mark.parametrize("status", [400, 403, 404, 500])
    def test_logout_refused_by_another_program_is_exit_6(self, emulator, portal, token, status):
        emulator.faults.script("Logout", status, times=3)
        with pytest.raises(AwsUnreachable):
            portal.log_out(token)

    def test_a_refusal_or_a_captive_portals_page_is_no_logout(self, emulator, portal, token):
        """A captive portal answers 200 to everything, but the sign-in at AWS has not ended."""
        emulator.faults.fail("Logout", "InvalidRequestException")
        with pytest.raises(BadAnswer):
            portal.log_out(token)
        emulator.faults.script("Logout", 200, body="<html>sign in to the hotel</html>")
        with pytest.raises(BadAnswer, match="captive portal"):
            portal.log_out(token)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("ListAccounts", lambda portal, token: list(portal.list_accounts(token))),
        ("ListAccountRoles", lambda portal, token: portal.list_roles(token, "000000000000")),
        (
            "GetRoleCredentials",
            lambda portal, token: get_role_credentials(portal, token, ROLE, deadline()),
        ),
        ("Logout", lambda portal, token: portal.log_out(token)),
    ],
)
def test_a_proxys_oauth_error_ends_no_sign_in(emulator, portal, token, operation, call):
    emulator.faults.script(operation, 401, body='{"error":"access_denied"}', times=3)
    with pytest.raises(AwsUnreachable) as caught:
        call(portal, token)
    assert type(caught.value) is AwsUnreachable


# -- GetRoleCredentials --


class TestRoleCredentials:
    def test_milliseconds_become_seconds_and_a_role_not_assigned_is_exit_5(
        self, emulator, portal, token
    ):
        begun = time.time()
        credentials = get_role_credentials(portal, token, ROLE, deadline())
        assert begun + 3590 < credentials.expires_at <= time.time() + 3601
        issued = emulator.issued.get(credentials.access_key_id)
        assert (issued.account_id, issued.person) == (ACCOUNT, "ana")
        assert credentials.secret_access_key.reveal() == issued.secret_access_key
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
