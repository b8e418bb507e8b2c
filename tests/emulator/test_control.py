import pytest

from tests.emulator.conftest import fetch, portal


def test_counters_are_read_and_reset(emu):
    token = emu.issue_token("ana")["accessToken"]
    assert portal(emu, token).status == 200
    assert portal(emu, "wrong").status == 401
    told = fetch(emu, "GET", "/_ctl/counters").json()
    assert told["counters"] == {"ListAccounts": 2}
    assert told["by_status"] == {"ListAccounts 200": 1, "ListAccounts 401": 1}
    assert sorted(told["by_token"].values()) == [1, 1]
    assert list(told["by_connection"].values()) == [1, 1]
    assert token not in str(told)
    fetch(emu, "POST", "/_ctl/reset")
    assert fetch(emu, "GET", "/_ctl/counters").json()["counters"] == {}


def test_settings_and_scripts_are_set_and_cleared(emu):
    token = emu.issue_token("ana")["accessToken"]
    scripts = [{"operation": "ListAccounts", "status": 502, "body": "{", "times": 2}]
    asked = {"page_size": 3, "auto_approve": "ben", "scripts": scripts}
    assert fetch(emu, "POST", "/_ctl/faults", asked).json()["page_size"] == 3
    assert emu.auto_approve == "ben"
    assert [portal(emu, token).status for _ in range(3)] == [502, 502, 200]
    cleared = fetch(emu, "POST", "/_ctl/faults", {"clear": True}).json()
    assert cleared == fetch(emu, "GET", "/_ctl/faults").json()
    assert cleared["page_size"] == 100


def test_the_world_is_changed_and_read_and_sign_ins_end(emu):
    new = "000000000042"
    assigned = {"principal": "ana", "permission_set": "Developer", "target": new}
    actions = [
        {"do": "add_account", "account_id": new, "name": "new", "ou": "Sandbox"},
        {"do": "assign", **assigned},
    ]
    assert fetch(emu, "POST", "/_ctl/world", {"actions": actions}).status == 200
    assert emu.world.roles_of("ana")[new] == ("Developer",)
    gone = {"do": "remove_account", "account_id": new}
    assert fetch(emu, "POST", "/_ctl/world", gone).status == 200
    assert len(fetch(emu, "GET", "/_ctl/world").json()["account"]) == 12
    token = emu.issue_token("ana")["accessToken"]
    assert fetch(emu, "POST", "/_ctl/revoke", {"person": "ana"}).json() == {"ended": 1}
    assert portal(emu, token).status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_ctl/faults", {"no_such_knob": 1}),
        ("/_ctl/faults", {"scripts": [{"operation": "Nothing"}]}),
        ("/_ctl/world", {"do": "__init__"}),
        ("/_ctl/world", {"do": "add_account", "account_id": "1"}),
    ],
)
def test_an_impossible_request_is_400(emu, path, body):
    answer = fetch(emu, "POST", path, body)
    assert answer.status == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("Origin", origin) for origin in ("https://evil.example", "null")),
        *(("Sec-Fetch-Site", site) for site in ("cross-site", "same-site")),
    ],
)
def test_a_web_page_is_refused(emu, name, value):
    headers = {name: value}
    assert fetch(emu, "POST", "/_ctl/revoke", {}, headers).status == 403
    assert fetch(emu, "GET", "/_ctl/counters", headers=headers).status == 403


def test_a_form_is_refused(emu):
    answer = fetch(emu, "POST", "/_ctl/revoke", "{}", {"Content-Type": "text/plain"})
    assert answer.status == 415
    assert fetch(emu, "GET", "/_ctl/nothing").status == 404
