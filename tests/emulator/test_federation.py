"""The emulator's federation service: single-use tokens, and console pages only."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ssohelper.emulator.exchange import Answer
from tests.emulator.conftest import PAYMENTS_PROD, Wire

PAGE = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1"


def keys(wire: Wire, role: str = "ReadOnlyAccess") -> dict[str, str]:
    token = wire.service.issue_token("ana")["accessToken"]
    status, found = wire.credentials(token, PAYMENTS_PROD, role)
    assert status == 200
    made = found["roleCredentials"]
    names = {"sessionId": "accessKeyId", "sessionKey": "secretAccessKey"}
    return {name: made[names.get(name, name)] for name in (*names, "sessionToken")}


def token_of(wire: Wire, session: Any, method: str = "POST") -> tuple[int, Any]:
    text = session if isinstance(session, str) else json.dumps(session)
    asked = {"Action": "getSigninToken", "Session": text}
    if method == "GET":
        answer = wire.raw("GET", "/federation", **asked)
    else:
        answer = wire.raw("POST", "/federation", urlencode(asked).encode())
    return answer.status, json.loads(answer.body)


def log_in(wire: Wire, token: str, destination: str = PAGE) -> Answer:
    asked = {"Action": "login", "Issuer": "x", "Destination": destination, "SigninToken": token}
    return wire.raw("GET", "/federation", **asked)


def cookie_in(answer: Answer) -> str:
    return dict(answer.headers)["Set-Cookie"].split(";")[0]


def console(wire: Wire, answer: Answer) -> str:
    """Follow the redirect of a login as a browser does; return the page."""
    location = urlsplit(dict(answer.headers)["Location"])
    query = {name: values[0] for name, values in parse_qs(location.query).items()}
    page = wire.raw("GET", location.path, headers={"Cookie": cookie_in(answer)}, **query)
    assert page.status == 200
    return page.body.decode()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_keys_give_a_token_and_the_token_a_console_session(wire, method):
    status, found = token_of(wire, keys(wire), method)
    assert status == 200
    page = console(wire, log_in(wire, found["SigninToken"]))
    assert "payments-prod 000030000001" in page
    assert "ReadOnlyAccess" in page
    assert PAGE.replace("&", "&amp;") in page
    assert wire.service.counters["federation.getSigninToken"] == 1
    assert wire.service.counters["federation.login"] == 1


def test_a_token_can_be_used_once_within_fifteen_minutes(wire):
    token = token_of(wire, keys(wire))[1]["SigninToken"]
    wire.clock.forward(899)
    assert log_in(wire, token).status == 302
    assert log_in(wire, token).status == 400
    token = token_of(wire, keys(wire))[1]["SigninToken"]
    wire.clock.forward(901)
    assert log_in(wire, token).status == 400


@pytest.mark.parametrize("broken", ["sessionId", "sessionKey", "sessionToken"])
def test_each_part_of_the_keys_is_checked(wire, broken):
    assert token_of(wire, {**keys(wire), broken: "wrong"})[0] == 400
    incomplete = keys(wire)
    del incomplete[broken]
    assert token_of(wire, incomplete)[0] == 400


def test_a_malformed_session_and_expired_keys_are_refused(wire):
    for session in ("", "{", "[]", '"x"', "{}"):
        assert token_of(wire, session)[0] == 400
    mine = keys(wire)
    wire.clock.forward(8 * 3600)
    assert token_of(wire, mine)[0] == 400


def test_the_console_session_ends_with_the_keys(wire):
    answer = log_in(wire, token_of(wire, keys(wire))[1]["SigninToken"])
    wire.clock.forward(8 * 3600 - 1)
    console(wire, answer)
    wire.clock.forward(1)
    assert wire.raw("GET", "/console", headers={"Cookie": cookie_in(answer)}).status == 403


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "https://console.aws.amazon.com.evil.example/",
        "https://evil@console.aws.amazon.com/",
        "http://console.aws.amazon.com/",
        "https://console.amazonaws.cn/",
        "https://console.amazonaws-us-gov.com/",
        "https://evil.console.aws.amazon.com/",
        "javascript:alert(1)",
        "/console",
        "",
    ],
)
def test_only_console_pages_of_the_partition_are_allowed(wire, page):
    assert log_in(wire, token_of(wire, keys(wire))[1]["SigninToken"], page).status == 400


def test_an_organization_in_china_has_the_console_of_china(wire):
    wire.world.region = "cn-north-1"
    token = token_of(wire, keys(wire))[1]["SigninToken"]
    assert log_in(wire, token, "https://console.amazonaws.cn/").status == 302


def test_an_unknown_action_is_refused(wire):
    assert wire.raw("GET", "/federation").status == 400
    assert wire.raw("GET", "/federation", Action="logout").status == 400
    assert log_in(wire, "made-up").status == 400
    assert wire.raw("GET", "/console").status == 403
