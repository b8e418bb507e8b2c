"""Answers of the console's sign-in service, good and bad."""

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ssohelper.core.model import Secret
from ssohelper.emulator.exchange import Answer, Request
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable, BadAnswer, RoleNotAssigned, Throttled
from ssohelper.wire import federation, transport
from ssohelper.wire.federation import Federation
from ssohelper.wire.role_credentials import get_role_credentials
from tests.wire.test_portal import ROLE, deadline, portal_of, token_of

PAGE = "https://console.aws.amazon.com/s3/home?region=us-east-1"
ISSUER = "https://d-0000000000.awsapps.com/start"
OPERATION = "federation.getSigninToken"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.setattr(transport, "PAUSE_SECONDS", 0.01)
    with Emulator(World.of_size(1, 1)) as running:
        yield running


@pytest.fixture
def ask(emulator: Emulator) -> Callable[[], Secret]:
    """Return a function that gets a login URL for ana's role."""
    keys = get_role_credentials(portal_of(emulator), token_of(emulator), ROLE, deadline())
    client = Federation("us-east-1", emulator.environment())
    return partial(client.get_login_url, keys, ISSUER, PAGE)


def watched(emulator: Emulator) -> list[tuple[str, dict[str, list[str]]]]:
    """Return the list that requests are recorded in: the request line, and the form in the body."""
    seen: list[tuple[str, dict[str, list[str]]]] = []
    answer = emulator.handle

    def handle(request: Request) -> Answer:
        line = f"{request.method} {request.path}?{urlencode(request.query)}"
        seen.append((line, parse_qs(request.body.decode())))
        return answer(request)

    emulator.handle = handle  # type: ignore[method-assign]
    return seen


def test_credentials_become_an_address_and_are_sent_in_no_url(emulator, ask, caplog):
    caplog.set_level(logging.DEBUG)
    seen = watched(emulator)
    address = ask()
    [(line, form)] = seen
    assert line == "POST /federation?"
    # No SessionDuration: the console session ends with the keys.
    assert set(form) == {"Action", "Session"}
    parts = urlsplit(address.reveal())
    assert f"{parts.scheme}://{parts.netloc}" == emulator.url
    asked = parse_qs(parts.query)
    assert asked["Action"] == ["login"]
    assert (asked["Destination"], asked["Issuer"]) == ([PAGE], [ISSUER])
    assert asked["SigninToken"][0].startswith(f"CNRY-FT-{emulator.canary}-")
    assert emulator.canary not in caplog.text


def test_refused_and_expired_credentials_are_exit_5(emulator, ask):
    for made, status in enumerate((400, 401, 403), 1):
        emulator.faults.script(OPERATION, status, body="<html>no</html>")
        with pytest.raises(RoleNotAssigned, match=str(status)):
            ask()
        assert emulator.counters[OPERATION] == made
    emulator.faults.set(clock_offset_seconds=13 * 3600)
    with pytest.raises(RoleNotAssigned):
        ask()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_short_failure_is_retried(emulator, ask, status):
    emulator.faults.script(OPERATION, status, times=2)
    assert ask().reveal()
    assert emulator.counters[OPERATION] == 3


def test_throttling_without_an_end_is_exit_6(emulator, ask):
    # Longer than the call may take: it does not wait.
    emulator.faults.script(OPERATION, 429, {"Retry-After": "60"}, times=3)
    with pytest.raises(Throttled) as caught:
        ask()
    assert caught.value.retry_after_seconds == 60
    assert emulator.counters[OPERATION] == 1


def test_a_lost_answer_is_asked_for_again_until_the_deadline(emulator, ask, monkeypatch):
    for fault in ({"reset": True}, {"close_after": 20}):
        emulator.faults.script(OPERATION, **fault, times=3)
        with pytest.raises(AwsUnreachable):
            ask()
    assert emulator.counters[OPERATION] == 6
    monkeypatch.setattr(federation, "_CALL_SECONDS", 0.5)
    emulator.faults.script(OPERATION, seconds_per_byte=0.05)
    with pytest.raises(AwsUnreachable):
        ask()


def test_a_redirect_is_not_followed(emulator, ask):
    """Following a 307 would send the credentials to any host."""
    for status in (301, 302, 303, 307, 308):
        emulator.faults.script(OPERATION, status, {"Location": f"{emulator.url}/device"})
        with pytest.raises(BadAnswer, match="redirect"):
            ask()
    assert emulator.counters["pages"] == 0


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", "<html>", "{}"),
        *(f'{{"SigninToken": {value}}}' for value in ("null", "5", '""', '"short"')),
        json.dumps({"SigninToken": "a" * 8193}),
        json.dumps({"SigninToken": "a" * 20 + "\r\nSet-Cookie: x"}),
        json.dumps({"SigninToken": "a" * 20 + "\x00"}),
        json.dumps({"SigninToken": "ä" * 20}),
        '{"SigninToken": "\xff"}',
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(json.dumps({"SigninToken": "a" * (5 << 20)}), id="huge"),
    ],
)
def test_a_bad_answer_is_exit_6(emulator, ask, body):
    emulator.faults.script(OPERATION, 200, body=body.encode("latin-1"))
    with pytest.raises(BadAnswer) as caught:
        ask()
    assert caught.value.exit_code == 6
    assert len(caught.value.message) < 200


def test_an_unexpected_status_and_no_connection_are_exit_6_and_show_no_key(emulator, ask):
    body = '{"SigninToken": "aaaaaaaaaaaaaaaaaaaaaa"}'
    for status in (204, 404, 418):
        emulator.faults.clear()
        emulator.faults.script(OPERATION, status, body=body, times=3)
        with pytest.raises(AwsUnreachable):
            ask()
    emulator.stop()
    with pytest.raises(AwsUnreachable) as caught:
        ask()
    assert emulator.canary not in f"{caught.value.message} {caught.value.hint}"
