import pytest

from ssohelper.emulator.server import Emulator
from tests.emulator.conftest import PAYMENTS_PROD, fetch


def accounts(emu: Emulator, token: str) -> int:
    headers = {"x-amz-sso_bearer_token": token}
    return fetch(emu, "GET", "/assignment/accounts", headers=headers).status


def test_counters_are_read_and_reset(emu):
    token = fetch(emu, "POST", "/_ctl/token", {"person": "ana"}).json()["accessToken"]
    assert accounts(emu, token) == 200
    assert accounts(emu, "wrong") == 401
    told = fetch(emu, "GET", "/_ctl/counters").json()
    assert told["counters"] == {"ListAccounts": 2}
    assert told["by_status"] == {"ListAccounts 200": 1, "ListAccounts 401": 1}
    assert sorted(told["by_token"].values()) == [1, 1]
    assert list(told["by_connection"].values()) == [1, 1]
    assert token not in str(told)
    fetch(emu, "POST", "/_ctl/reset")
    assert fetch(emu, "GET", "/_ctl/counters").json()["counters"] == {}


def test_knobs_scripts_and_callbacks_are_set(emu):
    token = emu.issue_token("ana")["accessToken"]
    answer = fetch(
        emu,
        "POST",
        "/_ctl/faults",
        {
            "page_size": 3,
            "auto_approve": "ben",
            "scripts": [{"operation": "ListAccounts", "status": 502, "body_base64": "/w=="}],
            "fail": [{"operation": "ListAccounts", "name": "ForbiddenException"}],
            "before": [
                {"operation": "ListAccounts", "call": 3, "revoke": "ana"},
                {
                    "operation": "ListAccounts",
                    "world": [{"do": "add_account", "account_id": "000000000042", "name": "x"}],
                },
            ],
        },
    )
    assert answer.json()["page_size"] == 3
    assert emu.auto_approve == "ben"
    assert [accounts(emu, token) for _ in range(3)] == [502, 403, 401]
    assert "000000000042" in emu.world.accounts
    cleared = fetch(emu, "POST", "/_ctl/faults", {"clear": True}).json()
    assert cleared["page_size"] == 100


def test_the_world_is_changed_and_read(emu):
    actions = [
        {"do": "add_account", "account_id": "000000000042", "name": "new", "ou": "Sandbox"},
        {
            "do": "assign",
            "principal": "ana",
            "permission_set": "Developer",
            "target": "000000000042",
        },
    ]
    assert fetch(emu, "POST", "/_ctl/world", {"actions": actions}).status == 200
    assert emu.world.roles_of("ana")["000000000042"] == ("Developer",)
    gone = {"do": "remove_account", "account_id": "000000000042"}
    assert fetch(emu, "POST", "/_ctl/world", gone).status == 200
    assert len(fetch(emu, "GET", "/_ctl/world").json()["account"]) == 12


def test_approve_revoke_and_identity(emu):
    client = fetch(
        emu, "POST", "/client/register", {"clientName": "n", "clientType": "public"}
    ).json()
    who = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    device = fetch(
        emu, "POST", "/device_authorization", {**who, "startUrl": emu.world.start_url}
    ).json()
    asked = {"user_code": device["userCode"], "person": "chi"}
    assert fetch(emu, "POST", "/_ctl/approve", asked).status == 200
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    bought = fetch(
        emu, "POST", "/token", {**who, "grantType": grant, "deviceCode": device["deviceCode"]}
    ).json()
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name=ReadOnlyAccess"
    headers = {"x-amz-sso_bearer_token": bought["accessToken"]}
    key = fetch(emu, "GET", path, headers=headers).json()["roleCredentials"]["accessKeyId"]
    told = fetch(emu, "GET", f"/_ctl/identity?access_key_id={key}").json()
    assert told["person"] == "chi"
    assert (told["account_id"], told["role_name"]) == (PAYMENTS_PROD, "ReadOnlyAccess")
    assert "CNRY" not in str(told)
    assert fetch(emu, "POST", "/_ctl/revoke", {"person": "chi"}).json() == {"ended": 1}
    assert accounts(emu, bought["accessToken"]) == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_ctl/faults", {"no_such_knob": 1}),
        ("/_ctl/faults", {"scripts": [{"operation": "Nothing"}]}),
        ("/_ctl/world", {"do": "__init__"}),
        ("/_ctl/world", {"do": "add_account", "account_id": "1"}),
        ("/_ctl/approve", {"user_code": "none", "person": "ana"}),
        ("/_ctl/token", {"person": "nobody"}),
    ],
)
def test_an_impossible_request_is_400(emu, path, body):
    answer = fetch(emu, "POST", path, body)
    assert answer.status == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_web_page_is_refused(emu, headers):
    assert fetch(emu, "POST", "/_ctl/revoke", {}, headers).status == 403
    assert fetch(emu, "GET", "/_ctl/counters", headers=headers).status == 403


def test_a_form_is_refused(emu):
    answer = fetch(emu, "POST", "/_ctl/revoke", "{}", {"Content-Type": "text/plain"})
    assert answer.status == 415
    assert fetch(emu, "GET", "/_ctl/nothing").status == 404
