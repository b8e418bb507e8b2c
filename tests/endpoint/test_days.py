"""Days in seconds: successive lifetimes, sleep and wake-up, the end of a sign-in, notices."""

import json
import re
import threading
from collections.abc import Iterator

import pytest

from ssohelper.actions import renewal
from ssohelper.core.instants import from_iso
from ssohelper.core.model import SignInFacts
from ssohelper.emulator.server import Emulator
from ssohelper.endpoint import serving
from ssohelper.fastpath import spawn
from ssohelper.stores import clock_file, token_cache
from ssohelper.stores.token_cache import TokenFiles
from tests.conftest import Home
from tests.endpoint.test_hits import write_settings
from tests.endpoint.world import (
    ROLE,
    START_URL,
    Clock,
    Served,
    faked,
    prepared,
    served,
    small_center,
    wait_for,
)

HOUR = 3600


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    # Linux's uptime includes sleep.
    monkeypatch.setattr(clock_file, "measure_uptime", made.passed)
    # No other tool renews tokens here, so there is no reason to wait after a refusal.
    monkeypatch.setattr(renewal, "_REREAD_SECONDS", 0.1)
    return made


@pytest.fixture
def emulator(home, clock) -> Iterator[Emulator]:
    with small_center(clock) as running:
        running.faults.sign_in_seconds = 90 * 24 * HOUR
        prepared(home, running)
        yield running


def signed_in(home: Home, clock: Clock, hours: float, began: int = 0) -> TokenFiles:
    """Record the time of the sign-in, as `login` does; `hours` is its length in the settings."""
    state = home.path / ".local/state/ssohelper"
    tokens = TokenFiles(home.token_folder, state=state, runtime=home.runtime)
    tokens.save_facts("corp", SignInFacts(signed_in_at=int(clock.now()) + began))
    write_settings(home, f"session_hours = {hours}\n")
    return tokens


def good(endpoint: Served, clock: Clock) -> dict[str, str]:
    """Ask, and check with the emulator that the credentials are valid now."""
    answered = endpoint.get()
    assert answered.status == 200, answered.body
    issued = endpoint.emulator.issued.get(answered.body["AccessKeyId"])
    assert issued is not None
    assert issued.role_name == ROLE
    assert issued.expires_at > clock.true()
    return answered.body


def test_four_lifetimes_of_credentials_and_of_tokens(home, emulator, clock):
    emulator.faults.role_credentials_seconds = HOUR
    with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
        seen = set()
        for _ in range(4 * 4):
            clock.go_on(HOUR / 4)
            endpoint.serving.background.do_one_round()
            good_now = good(endpoint, clock)
            seen.add(good_now["AccessKeyId"])
            # An SDK asks again at 15 min and fails at 10: it must never get less.
            assert (from_iso(good_now["Expiration"]) or 0) - clock.true() > 15 * 60
    assert 4 <= len(seen) <= 10
    assert len(seen) <= emulator.counters["GetRoleCredentials"] <= len(seen) + 2
    assert 4 <= emulator.counters["CreateToken.refresh_token"] <= 9


def test_an_error_in_the_settings_does_not_end_a_job(home, emulator, clock):
    emulator.faults.role_credentials_seconds = HOUR
    signed_in(home, clock, hours=4)
    with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
        wait_for(lambda: len(endpoint.told) == 1)
        write_settings(home, "session_hours = [\n")
        for _ in range(2 * 2):
            clock.go_on(HOUR / 2)
            endpoint.serving.background.do_one_round()
            good(endpoint, clock)
        assert emulator.counters["GetRoleCredentials"] >= 3
        clock.go_on(HOUR + 60)
        # The hour from the previous settings still applies.
        wait_for(lambda: len(endpoint.told) == 2)
        path = f'"{home.path}/.config/ssohelper/config.toml"'
        warned = [text for text in endpoint.warned if "settings" in text]
        assert warned == [f"using the previous settings: {path} line 1: invalid value"]


def test_a_damaged_token_file_is_a_warning(home, emulator, clock, monkeypatch):
    monkeypatch.setattr(token_cache, "_TORN_SECONDS", 0.1)
    with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
        before = good(endpoint, clock)
        [token] = home.token_folder.iterdir()
        whole = token.read_bytes()
        token.write_bytes(b"")  # as another tool does on a full disk
        wait_for(lambda: endpoint.told)
        assert endpoint.told[0].startswith('the sign-in to "corp" is over')
        assert good(endpoint, clock) == before
        token.write_bytes(whole)
        wait_for(lambda: len(endpoint.told) == 2)
        assert "again" in endpoint.told[1]


def test_it_renews_after_a_sleep_without_any_request(home, emulator, clock):
    # Longer than the sleep: only the jump of the clock shows that something is due.
    emulator.faults.role_credentials_seconds = 12 * HOUR
    with served(home, emulator, clock, pause_seconds=0.05) as endpoint:
        good(endpoint, clock)
        clock.sleep(2 * HOUR)
        wait_for(lambda: emulator.counters["GetRoleCredentials"] == 2)


@pytest.mark.parametrize("hours", [9, -9, 24 * 400])
def test_setting_the_clock_changes_nothing(home, emulator, clock, hours):
    emulator.faults.role_credentials_seconds = HOUR
    # The sign-in must not end by the wall clock, by which all tools read the token file's expiry.
    emulator.faults.token_seconds = 500 * 24 * HOUR
    emulator.faults.registration_seconds = 600 * 24 * HOUR
    prepared(home, emulator)
    with served(home, emulator, clock) as endpoint:
        good(endpoint, clock)
        clock.set(hours * HOUR)
        good(endpoint, clock)
        clock.set(-hours * HOUR)
        good(endpoint, clock)


@pytest.mark.parametrize("is_paused", [False, True])
def test_after_a_sleep_nothing_expired_is_served(home, emulator, clock, monkeypatch, is_paused):
    """A paused virtual machine: its wall clock is corrected afterwards, no other clock moved."""
    emulator.faults.role_credentials_seconds = HOUR
    if is_paused:
        monkeypatch.setattr(clock_file, "measure_uptime", clock.monotonic)
    with served(home, emulator, clock) as endpoint:
        before = good(endpoint, clock)
        clock.sleep(9 * HOUR)
        assert good(endpoint, clock)["AccessKeyId"] != before["AccessKeyId"]
        # Without network it is an error, not expired credentials.
        clock.sleep(9 * HOUR)
        emulator.stop()
        answered = endpoint.get()
        assert answered.status in (401, 503)
        assert "CNRY" not in json.dumps(answered.body)
        emulator.start()


def test_a_role_that_is_no_longer_assigned_is_not_served_any_more(home, emulator, clock):
    emulator.faults.role_credentials_seconds = HOUR
    with served(home, emulator, clock, pause_seconds=0.05) as endpoint:
        good(endpoint, clock)
        emulator.faults.fail("GetRoleCredentials", "ForbiddenException", "No access", times=9)
        clock.go_on(HOUR / 2 + 60)
        wait_for(lambda: endpoint.get().status == 403)
        assert endpoint.get().body["code"] == "AccessDenied"


class TestSlowAws:
    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch):
        """Wait for AWS much shorter than it takes here, so that a busy machine changes nothing."""
        assert serving.CONTAINER_SECONDS <= 1.5  # botocore gives up after 2 seconds
        monkeypatch.setattr(serving, "CONTAINER_SECONDS", 0.3)

    def test_credentials_near_their_end_are_served_meanwhile(self, home, emulator, clock):
        emulator.faults.role_credentials_seconds = HOUR
        with served(home, emulator, clock) as endpoint:
            # The first credentials come from AWS, which may take longer on a busy machine.
            wait_for(lambda: endpoint.get().status == 200)
            before = good(endpoint, clock)
            emulator.faults.latency_seconds = {"GetRoleCredentials": 4, "CreateToken": 4}
            clock.go_on(HOUR - 14 * 60)
            assert good(endpoint, clock)["AccessKeyId"] == before["AccessKeyId"]
            emulator.faults.latency_seconds = {}

    def test_without_credentials_it_is_an_error_and_the_next_gets_them(self, home, emulator, clock):
        emulator.faults.latency_seconds = {"GetRoleCredentials": 2.5}
        with served(home, emulator, clock) as endpoint:
            answered = endpoint.get()
            assert (answered.status, answered.body["code"]) == (503, "AwsUnreachable")
            wait_for(lambda: endpoint.get().status == 200)
        assert emulator.counters["GetRoleCredentials"] == 1


class TestEndOfASignIn:
    def test_notices_come_an_hour_and_15_min_before(self, home, emulator, clock):
        signed_in(home, clock, hours=10)
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            wait_for(lambda: len(endpoint.told) == 1)
            assert re.search(r"\(in (10h|9h 5\dm)\)", endpoint.told[0])
            clock.go_on(8 * HOUR)
            for _ in range(2 * 20 - 1):
                clock.go_on(180)
                endpoint.serving.background.do_one_round()
            left = [text.partition("(in ")[2].partition(")")[0] for text in endpoint.told[1:]]
            assert len(left) == 2
            assert re.fullmatch("1h|5[6-9]m", left[0])
            assert re.fullmatch("1[1-5]m", left[1])
        assert all("ssohelper login corp" in text for text in endpoint.told)

    def test_when_it_has_passed_at_the_start_the_tokens_end_is_told(self, home, emulator, clock):
        signed_in(home, clock, hours=0.25)
        clock.go_on(HOUR / 3)
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            wait_for(lambda: endpoint.told)
            assert re.search(r"must sign in .* \(in (40|39|3[0-8])m\)", endpoint.told[0])
            for _ in range(3):
                endpoint.serving.background.do_one_round()
            assert len(endpoint.told) == 1

    def test_everything_is_renewed_shortly_before(self, home, emulator, clock):
        # The token lives for an hour and is 15 min old then: no other rule renews it.
        signed_in(home, clock, hours=1.75)
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            good(endpoint, clock)  # no call is under way while the clock advances
            clock.go_on(1.5 * HOUR)
            asked: list[tuple[float, int, str]] = []
            until = clock.true() + HOUR / 4 - 30
            while clock.true() < until:
                clock.go_on(100)
                endpoint.serving.background.do_one_round()
                refreshes = emulator.counters["CreateToken.refresh_token"]
                key_id = good(endpoint, clock)["AccessKeyId"]
                asked.append((until - clock.true(), refreshes, key_id))
            _, refreshes, key_id = asked[-1]
            earlier = [asking for asking in asked if asking[0] > 110]
            # Both were renewed in the last two minutes.
            assert refreshes not in {asking[1] for asking in earlier}
            assert key_id not in {asking[2] for asking in earlier}

    @pytest.mark.long
    def test_after_it_requests_fail_until_a_login(self, home, emulator, clock, run):
        emulator.faults.role_credentials_seconds = HOUR
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            good(endpoint, clock)
            emulator.end_sign_ins("ana")
            clock.go_on(90 * 60)
            wait_for(lambda: endpoint.get().status == 401)
            body = endpoint.get().body
            assert body["code"] == "LoginRequired"
            expired = 'the session "corp" expired (sign in with: ssohelper login corp)'
            assert body["message"] == expired
            wait_for(lambda: any("is over" in text for text in endpoint.told))
            # The round that gave the notice may still be asking AWS: wait for its end.
            endpoint.serving.background.do_one_round()
            asked = emulator.counters["CreateToken.refresh_token"]
            for _ in range(5):
                clock.go_on(60)
                endpoint.serving.background.do_one_round()
            # Without requests AWS is not asked repeatedly.
            assert emulator.counters["CreateToken.refresh_token"] == asked
            home.browser()
            assert run("login", "corp", env=faked(clock)).returncode == 0
            wait_for(lambda: endpoint.get().status == 200)
            wait_for(lambda: "again" in endpoint.told[-1])

    @pytest.mark.long
    def test_a_logout_gives_a_notice_of_its_own(self, home, emulator, clock, run):
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            good(endpoint, clock)
            assert run("logout", "corp").returncode == 0
            assert endpoint.get().status == 401
            wait_for(lambda: endpoint.told)
            assert endpoint.told[0].startswith('the session "corp" is signed out: requests fail')

    def test_a_refusal_by_aws_gives_a_notice_at_once(self, home, emulator, clock):
        with served(home, emulator, clock, pause_seconds=0.01) as endpoint:
            good(endpoint, clock)
            emulator.end_sign_ins("ana")
            clock.go_on(35 * 60)
            wait_for(lambda: endpoint.told)
            assert "before" in endpoint.told[0]


class TestBackground:
    """Early renewals: after half of a lifetime, unless the settings forbid them."""

    @pytest.fixture(autouse=True)
    def _an_hour(self, emulator):
        emulator.faults.role_credentials_seconds = HOUR

    def test_a_round_after_half_of_the_lifetime_renews(self, home, emulator, clock):
        with served(home, emulator, clock, pause_seconds=600) as endpoint:
            before = endpoint.get().body
            endpoint.serving.background.do_one_round()  # the thread's own first round may be before
            clock.go_on(HOUR / 2 + 60)
            assert endpoint.get().body == before
            endpoint.serving.background.do_one_round()
            assert endpoint.get().body != before
        assert emulator.counters["GetRoleCredentials"] == 2

    def test_before_the_end_a_token_without_refresh_token_is_kept(self, home, emulator, clock):
        content = emulator.issue_token("ana", start_url=START_URL)
        del content["refreshToken"]
        home.write_token(content)
        # The sign-in ends in half an hour, the token later.
        tokens = signed_in(home, clock, hours=1, began=-HOUR // 2)
        with served(home, emulator, clock, pause_seconds=600) as endpoint:
            before = endpoint.get().body
            endpoint.serving.background.do_one_round()  # the thread's own first round may be before
            clock.go_on(HOUR / 2 - 60)
            assert endpoint.get().body == before
            endpoint.serving.background.do_one_round()
            assert endpoint.get().body != before  # the credentials are renewed, with this token
        assert tokens.load_facts("corp").ended_at is None

    def test_it_renews_nothing_early_where_the_settings_say_so(self, home, emulator, clock):
        write_settings(home, "renew_ahead = false\n")
        with served(home, emulator, clock, pause_seconds=600) as endpoint:
            before = endpoint.get().body
            clock.go_on(HOUR / 2 + 60)
            endpoint.serving.background.do_one_round()
            assert endpoint.get().body == before
            clock.go_on(HOUR / 4)  # less than a quarter of an hour is left: renewed for the request
            assert endpoint.get().body != before

    @pytest.mark.parametrize("renews_early", [True, False])
    def test_in_a_container_the_end_waits(self, home, emulator, monkeypatch, renews_early):
        """The request is the background thread's, or a client's that did not wait for the answer."""
        monkeypatch.setattr(spawn, "can_outlive_caller", lambda: False)
        home.env["SSOHELPER_RENEW_AHEAD"] = str(renews_early).lower()
        has_begun, may_answer = threading.Event(), threading.Event()

        def wait() -> None:
            has_begun.set()
            may_answer.wait(60)

        emulator.faults.run_before("GetRoleCredentials", wait)
        with served(home, emulator, Clock(), pause_seconds=600) as endpoint:
            if not renews_early:
                assert endpoint.get().status == 503
            assert has_begun.wait(60)
            ending = threading.Thread(target=endpoint.serving.background.stop)
            ending.start()
            ending.join(0.2)
            has_waited = ending.is_alive()
            may_answer.set()
            ending.join(60)
            assert has_waited
            assert endpoint.get().status == 200
        assert emulator.counters["GetRoleCredentials"] == 1
