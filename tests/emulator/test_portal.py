import json

import pytest

from tests.emulator.conftest import PAYMENTS_PROD

ANA_ACCOUNTS = 9


@pytest.fixture
def token(wire):
    return wire.service.issue_token("ana")["accessToken"]


def pages_of(wire, token, **query):
    """Follow nextToken to the end; return the account ids page by page."""
    pages, after = [], {}
    while True:
        status, body = wire.portal("/assignment/accounts", token, **query, **after)
        assert status == 200
        pages.append([row["accountId"] for row in body["accountList"]])
        if body["nextToken"] is None:
            return pages
        after = {"next_token": body["nextToken"]}


def test_accounts_have_name_and_email(wire, token):
    rows = wire.portal("/assignment/accounts", token)[1]["accountList"]
    assert len(rows) == ANA_ACCOUNTS
    assert {
        "accountId": PAYMENTS_PROD,
        "accountName": "payments-prod",
        "emailAddress": "aws+payments-prod@example.com",
    } in rows


def test_the_pages_hold_each_account_once(wire, token):
    pages = pages_of(wire, token, max_result="4")
    assert [len(page) for page in pages] == [4, 4, 1]
    assert len({i for page in pages for i in page}) == ANA_ACCOUNTS
    wire.faults.set(page_size=3)
    assert [len(page) for page in pages_of(wire, token)] == [3, 3, 3]


@pytest.mark.parametrize("asked", ["0", "101", "-1", "x", "1.5", "²"])
def test_max_result_is_from_1_to_100_and_an_invented_next_token_refused(wire, token, asked):
    for query in ({"max_result": asked}, {"next_token": "abc"}):
        status, body = wire.portal("/assignment/accounts", token, **query)
        assert status == 400
        assert body["__type"].endswith("#InvalidRequestException")


def test_roles_of_an_unassigned_account_are_refused(wire, token):
    status, body = wire.portal("/assignment/roles", token, account_id="000010000001")
    assert (status, body["message"]) == (403, "No access")


@pytest.mark.parametrize(
    ("account_id", "role"),
    [
        (PAYMENTS_PROD, "SandboxAdmin"),
        (PAYMENTS_PROD, "readonlyaccess"),
        (PAYMENTS_PROD, "AWSReservedSSO_ReadOnlyAccess_0123456789abcdef"),
        ("000010000001", "ReadOnlyAccess"),
        ("999999999999", "ReadOnlyAccess"),
    ],
)
def test_credentials_of_an_unassigned_role_are_refused(wire, token, account_id, role):
    headers = {"X-Amz-Sso_bearer_token": token}
    query = {"account_id": account_id, "role_name": role}
    answer = wire.raw("GET", "/federation/credentials", headers=headers, **query)
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "message": "No access",
        "__type": "com.amazonaws.switchboard.portal#ForbiddenException",
    }
    assert dict(answer.headers)["x-amzn-ErrorType"].startswith("ForbiddenException:")


@pytest.mark.parametrize(
    ("role", "hours"), [("BreakGlassAdmin", 1), ("DatabaseAdmin", 2), ("ReadOnlyAccess", 8)]
)
def test_credentials_are_valid_as_long_as_the_permission_set_says(wire, token, role, hours):
    keys = wire.credentials(token, PAYMENTS_PROD, role)[1]["roleCredentials"]
    assert keys["expiration"] == (wire.clock.now + hours * 3600) * 1000
    wire.faults.set(role_credentials_seconds=90)
    keys = wire.credentials(token, PAYMENTS_PROD, role)[1]["roleCredentials"]
    assert keys["expiration"] == (wire.clock.now + 90) * 1000


def test_keys_look_like_those_of_aws_and_contain_canaries(wire, token):
    keys = wire.credentials(token, PAYMENTS_PROD, "ReadOnlyAccess")[1]["roleCredentials"]
    assert keys["accessKeyId"].startswith("ASIA")
    assert len(keys["accessKeyId"]) == 20
    assert keys["secretAccessKey"].startswith("CNRYSAK")
    assert len(keys["secretAccessKey"]) == 40
    assert keys["sessionToken"].startswith("CNRY-ST-")
    assert len(keys["sessionToken"]) > 900
    issued = wire.service.issued.get(keys["accessKeyId"])
    assert issued is not None
    assert issued[3:6] == ("ana", PAYMENTS_PROD, "ReadOnlyAccess")


@pytest.mark.parametrize("token", ["", "wrong", "CNRY-AT-"])
def test_a_wrong_token_is_401_with_aws_message(wire, token):
    status, body = wire.portal("/assignment/accounts", token)
    assert (status, body["message"]) == (401, "Session token not found or invalid")
    assert body["__type"].endswith("#UnauthorizedException")


def test_an_access_token_expires_after_an_hour(wire, token):
    wire.clock.forward(3599)
    assert wire.portal("/assignment/accounts", token)[0] == 200
    wire.clock.forward(1)
    assert wire.portal("/assignment/accounts", token)[0] == 401


def test_logout_ends_the_whole_sign_in(wire):
    token = wire.service.issue_token("ana")
    other = wire.service.issue_token("ana")
    assert wire.portal("/logout", token["accessToken"], "POST") == (200, None)
    assert wire.portal("/assignment/accounts", token["accessToken"])[0] == 401
    assert wire.refresh(token)[0] == 400
    assert wire.portal("/assignment/accounts", other["accessToken"])[0] == 200


def test_a_token_without_the_portals_scope_is_refused(wire):
    token = wire.service.issue_token("ana", scopes=("other:scope",))["accessToken"]
    assert wire.portal("/assignment/accounts", token)[0] == 401


def test_a_role_with_a_changed_name_gives_credentials_by_that_name(wire, token):
    wire.faults.set(role_names={"DatabaseAdmin": "../../x"})
    assert wire.credentials(token, PAYMENTS_PROD, "../../x")[0] == 200
