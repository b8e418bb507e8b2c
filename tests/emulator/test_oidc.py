import json

import pytest

from ssohelper.emulator.exchange import OIDC_ERRORS
from tests.emulator.conftest import REDIRECT


def test_an_error_is_in_header_and_body_as_with_aws(wire):
    answer = wire.raw("POST", "/token", b'{"clientId": "x", "clientSecret": "y"}')
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "invalid_client"
    assert dict(answer.headers)["x-amzn-ErrorType"] == (
        "InvalidClientException:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
    )
    token = wire.service.issue_token("ana")
    captured = {"error": "invalid_grant", "error_description": "Invalid refresh token provided"}
    assert wire.refresh({**token, "refreshToken": "other"}) == (400, captured)


class TestRegistration:
    def test_it_is_valid_for_ninety_days_and_has_a_canary(self, wire):
        status, body = wire.post("/client/register", clientName="n", clientType="public")
        assert status == 200
        assert body["clientSecretExpiresAt"] - body["clientIdIssuedAt"] == 90 * 86400
        assert body["clientSecret"].startswith("CNRY-CS-")
        wire.faults.set(sign_in_seconds=200 * 86400)
        token = wire.service.issue_token("ana")
        wire.clock.forward(90 * 86400)
        assert wire.refresh(token)[1]["error"] == "invalid_client"

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"clientName": None}, "invalid_request"),
            ({"clientType": "confidential"}, "invalid_client_metadata"),
            ({"scopes": "all"}, "invalid_request"),
            ({"scopes": ["a b"]}, "invalid_scope"),
            ({"grantTypes": ["password"]}, "unsupported_grant_type"),
            ({"redirectUris": ["https://evil/"]}, "invalid_redirect_uri"),
            ({"issuerUrl": "https://other/start"}, "invalid_request"),
        ],
    )
    def test_bad_ones_are_refused(self, wire, fields, error):
        good = {"clientName": "n", "clientType": "public"}
        status, body = wire.post("/client/register", **{**good, **fields})
        assert (status, body["error"]) == (400, error)

    def test_a_body_that_is_not_an_object_is_refused(self, wire):
        for body in (b"{", b"[]", b"\xff", b"3"):
            assert wire.raw("POST", "/client/register", body).status == 400


class TestDeviceCode:
    def test_it_is_pending_until_the_user_approves(self, wire):
        client, device = wire.begin()
        assert wire.poll(client, device)[1]["error"] == "authorization_pending"
        assert wire.poll(client, device)[1]["error"] == "authorization_pending"
        wire.service.approve_device(device["userCode"].lower(), "ana")
        status, token = wire.poll(client, device)
        assert status == 200
        assert token["expiresIn"] == 3600
        assert token["tokenType"] == "Bearer"
        assert wire.portal("/assignment/accounts", token["accessToken"])[0] == 200
        assert wire.poll(client, device)[1]["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        ("person", "second"), [("ana", None), *((p, "access_denied") for p in ("finn", "nobody"))]
    )
    def test_automatic_consent_never_answers_the_first_poll(self, wire, person, second):
        wire.service.auto_approve = person
        client, device = wire.begin()
        errors = [wire.poll(client, device)[1].get("error") for _ in range(2)]
        assert errors == ["authorization_pending", second]

    def test_a_denied_an_old_and_another_clients_code_are_refused(self, wire):
        client, device = wire.begin()
        wire.service.approve_device(device["userCode"], "ana")
        other = wire.register(grantTypes=[], redirectUris=[])
        assert wire.poll(other, device)[1]["error"] == "invalid_grant"
        wire.service.approve_device(device["userCode"], "", deny=True)
        assert wire.poll(client, device)[1]["error"] == "access_denied"
        assert device["expiresIn"] == 600
        wire.clock.forward(600)
        assert wire.poll(client, device)[1]["error"] == "expired_token"

    def test_a_client_without_scopes_gets_eight_hours_and_no_refresh_token(self, wire):
        client, device = wire.begin(scopes=[])
        wire.service.approve_device(device["userCode"], "ana")
        token = wire.poll(client, device)[1]
        assert token["expiresIn"] == 8 * 3600
        assert "refreshToken" not in token

    def test_an_unknown_start_url_is_refused(self, wire):
        client = wire.register(grantTypes=[], redirectUris=[])
        url = "https://d-9.awsapps.com/start"
        status, body = wire.post("/device_authorization", **client, startUrl=url)
        assert (status, body["error"]) == (400, "invalid_request")


class TestPkce:
    def test_the_code_can_be_redeemed_once_within_ten_minutes(self, wire):
        client, code = wire.get_code("ben")
        status, token = wire.redeem(client, code)
        assert status == 200
        assert token["accessToken"].startswith("CNRY-AT-")
        assert token["refreshToken"].startswith("CNRY-RT-")
        assert wire.redeem(client, code)[1]["error"] == "invalid_grant"
        client, code = wire.get_code()
        wire.clock.forward(601)
        assert wire.redeem(client, code)[0] == 400

    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"codeVerifier": "w" * 64}, "invalid_grant"),
            ({"codeVerifier": "short"}, "invalid_request"),
            ({"codeVerifier": None}, "invalid_request"),
            ({"redirectUri": "http://127.0.0.1:1/oauth/callback"}, "invalid_grant"),
            ({"code": "wrong"}, "invalid_grant"),
        ],
    )
    def test_a_wrong_proof_is_refused(self, wire, more, error):
        client, code = wire.get_code()
        assert wire.redeem(client, **{"code": code, **more})[1]["error"] == error  # type: ignore[arg-type]

    def test_the_parameter_scope_and_a_redirect_without_a_path_are_accepted(self, wire):
        wire.service.auto_approve = "ana"
        client = wire.register(redirectUris=["http://127.0.0.1"])
        uri = "http://127.0.0.1:49160"
        back = wire.authorize(client, redirect_uri=uri, scopes="", scope="sso:account:access")
        assert wire.redeem(client, back["code"], redirectUri=uri)[0] == 200

    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"scopes": "sso:account:access other"}, "invalid_scope"),
        ],
    )
    def test_a_bad_request_is_redirected_with_an_error(self, wire, more, error):
        wire.service.auto_approve = "ana"
        assert wire.authorize(wire.register(), **more) == {"error": error, "state": "s-1"}

    @pytest.mark.parametrize(
        "uri",
        [
            "https://127.0.0.1/oauth/callback",
            "http://evil.example/oauth/callback",
            "http://127.0.0.1:1/other",
            "http://127.0.0.1:1/oauth/callback#x",
            "http://u@127.0.0.1:1/oauth/callback",
            "http://127.0.0.1:1/oauth/call\r\nback",
            "http://127.0.0.1.evil.example/oauth/callback",
            "",
        ],
    )
    def test_an_unregistered_redirect_uri_gets_an_error_page(self, wire, uri):
        wire.service.auto_approve = "ana"
        client = wire.register()["clientId"]
        asked = {"client_id": client, "redirect_uri": uri, "response_type": "code"}
        answer = wire.raw("GET", "/authorize", **asked)
        assert answer.status == 400
        assert "Location" not in dict(answer.headers)

    @pytest.mark.parametrize("days", [0, 90])
    def test_an_unknown_or_expired_client_gets_an_error_page(self, wire, days):
        known = wire.register()["clientId"]
        wire.clock.forward(days * 86400)
        client = known if days else "x"
        answer = wire.raw("GET", "/authorize", client_id=client, redirect_uri=REDIRECT)
        assert answer.status == 400
        assert b"<title>" in answer.body


class TestRefresh:
    def test_rotation_none_returns_the_same_token(self, wire):
        wire.faults.set(rotation="none")
        token = wire.service.issue_token("ana")
        for _ in range(3):
            assert wire.refresh(token)[1]["refreshToken"] == token["refreshToken"]

    def test_rotation_grace_accepts_the_old_token_for_a_while(self, wire):
        wire.faults.set(rotation="grace", grace_seconds=30)
        token = wire.service.issue_token("ana")
        assert wire.refresh(token)[1]["refreshToken"] != token["refreshToken"]
        wire.clock.forward(29)
        assert wire.refresh(token)[0] == 200
        wire.clock.forward(1)
        assert wire.refresh(token)[1]["error"] == "invalid_grant"

    @pytest.mark.parametrize(("revokes", "refreshed", "listed"), [(0, 200, 200), (1, 400, 401)])
    def test_rotation_strict_accepts_each_token_once(self, wire, revokes, refreshed, listed):
        """A second use can revoke the session."""
        wire.faults.set(rotation="strict", strict_revokes_session=bool(revokes))
        token = wire.service.issue_token("ana")
        status, second = wire.refresh(token)
        assert status == 200
        assert wire.refresh(token)[1]["error"] == "invalid_grant"
        assert wire.refresh({**token, "refreshToken": second["refreshToken"]})[0] == refreshed
        assert wire.portal("/assignment/accounts", second["accessToken"])[0] == listed

    def test_no_token_outlives_the_sign_in_or_the_person(self, wire):
        token = wire.service.issue_token("ana")
        wire.clock.forward(7.5 * 3600)
        assert wire.refresh(token)[1]["expiresIn"] == 1800
        wire.clock.forward(1800)
        assert wire.refresh(token)[1]["error_description"] == "Invalid refresh token provided"
        token = wire.service.issue_token("ana")
        wire.world.people["ana"] = wire.world.person("ana")._replace(enabled=False)
        assert wire.refresh(token)[0] == 400


def test_an_unknown_grant_is_refused(wire):
    status, body = wire.post("/token", **wire.register(), grantType="password")
    assert (status, body["error"]) == (400, "unsupported_grant_type")


def test_the_start_url_selects_the_organization(wire):
    other = type(wire.world)(start_url="https://d-2222222222.awsapps.com/start")
    other.add_person("ana")
    other.add_account("000000000077", "elsewhere")
    other.add_permission_set("Admin")
    other.assign("ana", "Admin", "Root")
    wire.service.worlds.append(other)
    there = wire.service.issue_token("ana", start_url=other.start_url)
    here = wire.service.issue_token("ana")
    accounts = wire.portal("/assignment/accounts", there["accessToken"])[1]["accountList"]
    assert [row["accountId"] for row in accounts] == ["000000000077"]
    accounts = wire.portal("/assignment/accounts", here["accessToken"])[1]["accountList"]
    assert len(accounts) == 9


def test_every_modelled_error_can_be_scripted(wire):
    for name, (status, code) in OIDC_ERRORS.items():
        wire.faults.fail("CreateToken", name)
        got = wire.post("/token")
        assert (got[0], got[1]["error"]) == (status, code)
