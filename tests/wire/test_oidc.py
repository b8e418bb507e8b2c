"""The sign-in service's answers, good and bad, through the real client."""

import json
import time
from urllib.request import urlopen

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, Poll
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts, SsoSession
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    BadAnswer,
    LoginRequired,
    NoConnection,
    RegistrationRejected,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire import transport
from ssohelper.wire.answers import AwsError
from ssohelper.wire.oidc import OidcClient
from tests.conftest import Home
from tests.core.test_service_hosts import HOSTILE
from tests.wire.catcher import Catcher


@pytest.fixture
def session(emulator):
    world = emulator.world
    return SsoSession("corp", world.start_url, world.region, ("sso:account:access",))


@pytest.fixture
def oidc(session: SsoSession, home: Home) -> OidcClient:
    return OidcClient(session, home.env, facts=SignInFacts)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the pauses between retries."""
    monkeypatch.setattr(transport, "PAUSE_SECONDS", 0.001)


def soon() -> Deadline:
    return Deadline(30, time.monotonic)


def token_of(oidc: OidcClient) -> AccessToken:
    registration = oidc.register_client(DEVICE_CODE_GRANT)
    before = int(time.time())
    authorization = oidc.start_device_authorization(registration)
    assert before <= authorization.expires_at - authorization.life_seconds <= time.time()
    assert oidc.poll_for_token(registration, authorization) is Poll.PENDING
    answer = oidc.poll_for_token(registration, authorization)
    assert not isinstance(answer, Poll)
    return answer[0]


def test_a_refresh_returns_the_next_token_and_its_lifetime(oidc, emulator):
    emulator.faults.token_seconds = 1234
    token = token_of(oidc)
    emulator.reset_counters()
    for missing in ("refresh_token", "client"):
        with pytest.raises(LoginRequired):
            oidc.refresh_token(token._replace(**{missing: None}), soon())
    assert emulator.counters.get("CreateToken", 0) == 0
    fresh, life = oidc.refresh_token(token, soon())
    assert life == 1234
    assert fresh.value != token.value
    assert fresh.refresh_token not in (None, token.refresh_token)
    assert fresh.client == token.client
    # Without a new refresh token the old one is kept.
    emulator.faults.set(omit_refresh_token=True, rotation="none")
    again, _ = oidc.refresh_token(fresh, soon())
    assert (again.refresh_token, again.value != fresh.value) == (fresh.refresh_token, True)


def test_a_code_is_exchanged_once_and_with_its_verifier(oidc, emulator):
    registration = oidc.register_client("authorization_code")
    # The verifier and challenge are the example of RFC 7636.
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    with Catcher() as catcher:
        uri = catcher.callback
        urlopen(oidc.authorize_url(registration, uri, "s", challenge), timeout=20).close()
        code = Secret(catcher.query["code"])
        with pytest.raises(LoginRequired):
            oidc.get_token_by_code(registration, code, uri, Secret("x" * 43))
        urlopen(oidc.authorize_url(registration, uri, "s", challenge), timeout=20).close()
        code = Secret(catcher.query["code"])
        token, _ = oidc.get_token_by_code(registration, code, uri, verifier)
    assert token.refresh_token is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("InvalidGrantException", LoginRequired),
        ("ExpiredTokenException", LoginRequired),
        ("AccessDeniedException", LoginRequired),
        ("InvalidClientException", RegistrationRejected),
        ("InvalidRequestException", BadAnswer),
        ("InternalServerException", AwsUnreachable),
        ("SomethingNewException", AwsUnreachable),
    ],
)
def test_refusals_become_different_errors(oidc, emulator, name, kind):
    token = token_of(oidc)
    if name == "SomethingNewException":
        emulator.faults.script("CreateToken", 418, body='{"error":"\\u001b[2Jteapot"}')
    else:
        emulator.faults.fail("CreateToken", name)
    emulator.reset_counters()
    with pytest.raises(SsoHelperError) as refused:
        oidc.refresh_token(token, soon())
    assert type(refused.value) is kind
    assert emulator.counters["CreateToken"] == 1
    assert emulator.canary not in str(refused.value)
    assert "\x1b" not in str(refused.value)


GOOD = {"accessToken": "a", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "r"}


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", '"text"', "<html>", json.dumps(GOOD)[:30]),
        *(
            json.dumps({**GOOD, name: value})
            for name, values in {
                "accessToken": (None, "", 7, "a\nb", "a\u20acb", "a" * 20000),
                "refreshToken": ("r\x00", {}),
                "expiresIn": (-1, 0, None, 0.5),
            }.items()
            for value in values
        ),
        json.dumps(GOOD).replace("3600", "9" * 5000),
        "[" * 100_000,
        " " * (5 << 20) + json.dumps(GOOD),
        json.dumps(GOOD) + " " * (5 << 20),
    ],
    ids=lambda body: body[:40],
)
def test_a_bad_answer_is_exit_6(oidc, emulator, body):
    token = token_of(oidc)
    emulator.faults.script("CreateToken", 200, {"Content-Type": "application/json"}, body)
    with pytest.raises(BadAnswer) as refused:
        oidc.refresh_token(token, soon())
    assert refused.value.exit_code == 6


def test_a_lifetime_of_more_than_24_h_is_cut_to_24_h(oidc, emulator):
    token = token_of(oidc)
    for given, used in (
        (10**18, 24 * 3600),
        (24 * 3600, 24 * 3600),
        (24 * 3600 - 1, 24 * 3600 - 1),
    ):
        emulator.faults.script("CreateToken", 200, body=json.dumps({**GOOD, "expiresIn": given}))
        assert oidc.refresh_token(token, soon())[1] == used


@pytest.mark.parametrize("url", [url for url in HOSTILE if url and "us-east-1" not in url])
def test_a_hostile_sign_in_address_is_refused(oidc, emulator, url):
    registration = oidc.register_client(DEVICE_CODE_GRANT)
    emulator.faults.verification_uri_complete = url
    with pytest.raises(BadAnswer, match="unexpected sign-in address"):
        oidc.start_device_authorization(registration)


def test_a_redirect_is_not_followed_nor_a_429_a_sign_out(oidc, emulator):
    token = token_of(oidc)
    emulator.faults.script("CreateToken", 429, {"Retry-After": "7"})
    with pytest.raises(Throttled) as refused:
        oidc.refresh_token(token, soon())
    assert refused.value.retry_after_seconds == 7
    with Catcher() as catcher:
        emulator.faults.script("CreateToken", 307, {"Location": f"{catcher.url}/token"})
        with pytest.raises(BadAnswer, match="redirect"):
            oidc.refresh_token(token, soon())
        assert catcher.hits == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"never": True},
        {"seconds_per_byte": 0.2},
        {"reset": True},
        {"close_after": 0},
        {"close_after": 40},
        {"status": 502},
        {"status": 504, "body": "<html>the gateway got no answer</html>"},
    ],
    ids=str,
)
def test_a_refresh_whose_answer_is_lost_is_sent_once(oidc, emulator, fault):
    """A single-use refresh token must not be sent again while its answer may still come."""
    token = token_of(oidc)
    emulator.reset_counters()
    emulator.faults.script("CreateToken", **fault)
    began = time.monotonic()
    with pytest.raises(AnswerLost):
        oidc.refresh_token(token, Deadline(1.0, time.monotonic))
    assert time.monotonic() - began < 8
    assert emulator.counters["CreateToken"] == 1


def test_a_refresh_waits_for_its_answer_until_the_deadline(oidc, emulator, monkeypatch):
    token = token_of(oidc)
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    emulator.faults.script("CreateToken", delay_seconds=1.0)
    assert oidc.refresh_token(token, soon())[0].value != token.value


@pytest.mark.usefixtures("no_pauses")
def test_without_connection_nothing_is_known_to_be_sent(session, home):
    registration = ClientRegistration("id", Secret("secret"), 2**31, (), ())
    token = AccessToken(Secret("a"), 2**31, Secret("r"), registration)
    environ = {**home.env, "AWS_ENDPOINT_URL_SSO_OIDC": "http://127.0.0.1:9"}
    client = OidcClient(session, environ, facts=SignInFacts)
    for call in (
        lambda: client.refresh_token(token, soon()),
        lambda: client.register_client(DEVICE_CODE_GRANT),
    ):
        with pytest.raises(AwsUnreachable, match="connection refused") as refused:
            call()
        assert type(refused.value) is NoConnection


@pytest.mark.usefixtures("no_pauses")
def test_a_sign_in_call_is_retried_unless_aws_may_have_acted(oidc, emulator):
    emulator.faults.script("RegisterClient", 503, times=2)
    assert oidc.register_client(DEVICE_CODE_GRANT).client_id
    assert emulator.counters["RegisterClient"] == 3
    emulator.faults.script("RegisterClient", reset=True)
    with pytest.raises(AnswerLost):
        oidc.register_client(DEVICE_CODE_GRANT)
    assert emulator.counters["RegisterClient"] == 4


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/client/register", "InvalidRequestException", BadAnswer),
        ("/device_authorization", "InvalidRequestRegionException", BadAnswer),
        ("/token", "InvalidRequestException", None),
        ("/client/register", "SomethingElse", None),
        ("/token", "InvalidClientException", RegistrationRejected),
        ("/device_authorization", "InvalidClientException", RegistrationRejected),
        ("/token", "ExpiredTokenException", LoginRequired),
        ("/client/register", "AuthorizationPendingException", None),
        ("/client/register", "SlowDownException", None),
        ("/token", "", None),
    ],
)
def test_what_an_error_means_depends_on_the_call(oidc, path, name, kind):
    found = oidc._special_error_of(AwsError(name, 400, "why"), path)
    assert type(found) is (kind or type(None))
