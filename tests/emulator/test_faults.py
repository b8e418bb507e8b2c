import json
import socket
import time

import pytest

from ssohelper.emulator.faults import Faults
from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import PAYMENTS_PROD, fetch, portal

ACCOUNTS = "/assignment/accounts"


def ask(emu, timeout=30):
    return portal(emu, emu.issue_token("ana")["accessToken"], timeout=timeout)


def refresh(emu, token):
    asked = {name: token[name] for name in ("clientId", "clientSecret", "refreshToken")}
    return fetch(emu, "POST", "/token", {**asked, "grantType": "refresh_token"})


class TestScripts:
    def test_scripts_are_used_in_order_before_the_real_answer(self, emu):
        emu.faults.script("ListAccounts", 503, body=b"\xff{", times=2)
        emu.faults.script("ListAccounts", 307, {"Location": "http://evil/", "Date": "never"}, b"\0")
        assert [ask(emu).status for _ in range(2)] == [503, 503]
        answer = ask(emu)
        assert (answer.status, answer.body) == (307, b"\0")
        assert answer.headers["location"] == "http://evil/"
        assert answer.headers["date"] == "never"
        assert ask(emu).status == 200
        assert emu.counters["ListAccounts"] == 4

    def test_an_answer_can_be_lost_after_its_effect(self, emu):
        emu.faults.set(rotation="strict")
        emu.faults.script("CreateToken.refresh_token", reset=True)
        with pytest.raises(ConnectionResetError):
            refresh(emu, token := emu.issue_token("ana"))
        assert refresh(emu, token).json()["error"] == "invalid_grant"

    def test_stopping_ends_a_hang(self):
        with Emulator() as emu:
            emu.faults.hang("ListAccounts")
            with socket.create_connection(("127.0.0.1", emu.port), timeout=30) as client:
                host = f"127.0.0.1:{emu.port}"
                client.sendall(f"GET {ACCOUNTS} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                while not emu.counters["ListAccounts"]:
                    time.sleep(0.005)
                emu.stop()
                assert client.recv(1) == b""

    def test_a_single_grant_can_be_scripted(self, wire):
        wire.faults.fail("CreateToken.refresh_token", "InvalidGrantException", times=5)
        client = wire.register(grantTypes=[], redirectUris=[])
        assert wire.poll(client, wire.device(client))[1]["error"] == "authorization_pending"
        assert wire.refresh(wire.service.issue_token("ana"))[1]["error"] == "invalid_grant"
        wire.faults.fail("CreateToken", "SlowDownException")
        errors = [wire.poll(*wire.begin())[1]["error"] for _ in range(2)]
        assert errors == ["slow_down", "authorization_pending"]

    def test_an_unknown_operation_is_refused(self):
        with pytest.raises(ValueError, match="no operation"):
            Faults().script("ListAccount", 500)


class TestKnobs:
    def test_latency_is_per_operation(self, emu):
        emu.faults.latency_seconds = {"ListAccounts": 0.2}
        began = time.monotonic()
        assert ask(emu).status == 200
        assert time.monotonic() - began >= 0.2
        assert emu.faults.find_latency_seconds(("Logout",)) == 0
        emu.faults.latency_seconds = {"*": 1.5, "CreateToken.device_code": 0.5}
        assert emu.faults.find_latency_seconds(("CreateToken", "CreateToken.device_code")) == 0.5
        assert emu.faults.find_latency_seconds(("CreateToken", "CreateToken.refresh_token")) == 1.5

    def test_the_rate_limit_answers_as_aws_does(self, wire):
        wire.faults.set(rate_limit=0.001, rate_burst=3, retry_after="1")
        token = wire.service.issue_token("ana")["accessToken"]
        assert [wire.portal(ACCOUNTS, token)[0] for _ in range(4)] == [200, 200, 200, 429]
        answer = wire.raw("GET", ACCOUNTS, headers={"x-amz-sso_bearer_token": token})
        assert json.loads(answer.body) == {
            "message": "HTTP 429 Unknown Code",
            "__type": "com.amazonaws.switchboard.portal#TooManyRequestsException",
        }
        assert dict(answer.headers)["Retry-After"] == "1"
        # Signing in has its own quota.
        assert wire.refresh(wire.service.issue_token("ana"))[0] == 200

    def test_the_date_header_can_be_left_out_or_set(self, emu):
        emu.faults.set(date_header=False)
        assert "date" not in ask(emu).headers
        emu.faults.set(date_header="yesterday")
        assert ask(emu).headers["date"] == "yesterday"

    def test_device_answers_can_be_hostile(self, wire):
        wire.faults.set(
            verification_uri="file:///etc/passwd",
            verification_uri_complete=None,
            user_code="\x1b[31mRED",
            interval=-1,
            expires_in="soon",
        )
        client, device = wire.begin()
        assert device["verificationUri"] == "file:///etc/passwd"
        assert device["userCode"] == "\x1b[31mRED"
        assert (device["interval"], device["expiresIn"]) == (-1, "soon")
        wire.service.approve_device(device["userCode"], "ana")
        assert wire.poll(client, device)[0] == 200

    @pytest.mark.parametrize(
        "knob", [{"no_such": 1}, {"rotation": "often"}, {"account_names": "x"}]
    )
    def test_wrong_knobs_are_refused_and_nothing_is_set(self, knob):
        faults = Faults()
        with pytest.raises(ValueError, match=r"knob|rotation|table"):
            faults.set(page_size=5, **knob)
        assert faults.page_size == 100

    def test_clear_resets_everything(self, wire):
        fresh = wire.faults.knobs()
        wire.faults.set(page_size=1, account_names={"a": "b"}, rotation="none")
        wire.faults.fail("ListAccounts", "ForbiddenException")
        wire.faults.clear()
        assert wire.faults.knobs() == fresh
        token = wire.service.issue_token("ana")["accessToken"]
        assert wire.portal(ACCOUNTS, token)[0] == 200


class TestBetweenTwoCalls:
    def test_a_role_can_be_removed_and_a_session_end_before_a_later_call(self, wire):
        def remove() -> None:
            wire.world.remove_permission_set("DatabaseAdmin")

        wire.faults.run_before("GetRoleCredentials", remove, call=2)
        wire.faults.run_before("GetRoleCredentials", wire.service.end_sign_ins, call=3)
        token = wire.service.issue_token("ana")["accessToken"]
        got = [wire.credentials(token, PAYMENTS_PROD, "DatabaseAdmin")[0] for _ in range(3)]
        assert got == [200, 403, 401]

    def test_counting_begins_when_the_callback_is_set(self, wire):
        token = wire.service.issue_token("ana")["accessToken"]
        wire.portal(ACCOUNTS, token)
        done: list[int] = []
        wire.faults.run_before("ListAccounts", lambda: done.append(1), call=2)
        wire.portal(ACCOUNTS, token)
        assert done == []
        wire.portal(ACCOUNTS, token)
        wire.portal(ACCOUNTS, token)
        assert done == [1]


class TestDown:
    def test_an_operation_that_is_down_fails_until_its_entry_is_removed(self, emu):
        emu.faults.down = {"ListAccounts": 500}
        assert [ask(emu).status for _ in range(3)] == [500, 500, 500]
        emu.faults.down = {"*": 429}
        emu.faults.retry_after = "2"
        throttled = ask(emu)
        assert (throttled.status, throttled.headers["retry-after"]) == (429, "2")
        emu.faults.down = {"CreateToken.refresh_token": 500}
        assert ask(emu).status == 200

    def test_status_0_resets_the_connection_and_changes_nothing(self, emu):
        emu.faults.set(rotation="strict", down={"CreateToken": 0})
        with pytest.raises(ConnectionResetError):
            refresh(emu, token := emu.issue_token("ana"))
        emu.faults.down = {}
        assert refresh(emu, token).status == 200
