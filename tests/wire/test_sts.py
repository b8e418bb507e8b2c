"""STS: our signature, the refusals of AssumeRole, whose credentials they are, and bad answers."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ssohelper.core.chains import AssumeRole
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    RoleNotAssigned,
    SourceRejected,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire import transport
from ssohelper.wire.role_credentials import assume_role, get_role_credentials
from ssohelper.wire.sts import Sts, make_signed_post_headers
from tests.wire.raw_server import answer, serving
from tests.wire.test_portal import ROLE, deadline, portal_of, token_of

NOW = 1_800_000_000
AT = datetime.fromtimestamp(NOW, UTC)
_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def signed_by_botocore(
    host: str, path: str, body: bytes, keys: RoleCredentials, region: str
) -> Any:
    request = AWSRequest("POST", f"https://{host}{path}", data=body)
    request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    token = keys.session_token.reveal() or None
    secret = keys.secret_access_key.reveal()
    with mock.patch("botocore.auth.get_current_datetime", return_value=AT):
        SigV4Auth(Credentials(keys.access_key_id, secret, token), "sts", region).add_auth(request)
    return request.headers


@pytest.mark.parametrize("path", ["/", "/emulator"])
@given(secret=_TEXT, token=st.one_of(st.just(""), _TEXT), body=st.binary(max_size=200))
def test_the_signature_is_botocores(path: str, secret: str, token: str, body: bytes):
    keys = RoleCredentials("ASIAEXAMPLE0000000AA", Secret(secret), Secret(token), NOW + 3600)
    host = "sts.eu-west-1.amazonaws.com"
    ours = make_signed_post_headers(host, path, body, credentials=keys, region="eu-west-1", now=NOW)
    theirs = signed_by_botocore(host, path, body, keys, "eu-west-1")
    assert ours["authorization"] == theirs["Authorization"]
    assert ours["x-amz-date"] == theirs["X-Amz-Date"]
    assert ours.get("x-amz-security-token") == theirs.get("X-Amz-Security-Token")


# -- AssumeRole: answers of a server that sends exactly these bytes --

ARN = "arn:aws:iam::111122223333:role/deploy"
SOURCE = RoleCredentials("ASIAEXAMPLE", Secret("secret"), Secret("token"), 2**31)
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def refusal(code: str, message: str = "why") -> bytes:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return f'<ErrorResponse xmlns="{NAMESPACE}">{error}</ErrorResponse>'.encode()


def error_of(status: str, body: bytes, *headers: str) -> SsoHelperError:
    server = serving(answer(body, *headers, status=status), "close")
    sts = Sts("eu-west-1", f"http://127.0.0.1:{server.port}", {})
    with server, pytest.raises(SsoHelperError) as caught:
        assume_role(sts, AssumeRole(ARN, "ana"), SOURCE, int(time.time()), Deadline(10, time.time))
    assert server.connections == 1  # one request: the caller decides whether to retry
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        ("400 Bad Request", "Throttling", Throttled, "is throttling (Throttling)"),
        ("429 Too Many Requests", "Slower", Throttled, "is throttling (Slower)"),
        ("428 Precondition Required", "Odd", BadAnswer, "refused (428) Odd: why"),
        ("499 Odd", "InternalFailure", BadAnswer, "refused (499)"),
        ("500 Internal Server Error", "InternalFailure", AwsUnreachable, "answered 500"),
        ("503 Service Unavailable", "ServiceUnavailable", AwsUnreachable, "answered 503"),
        ("403 Forbidden", "ExpiredToken", SourceRejected, f"that would assume {ARN}"),
        ("403 Forbidden", "AccessDenied", RoleNotAssigned, f"does not let you assume {ARN}: why"),
        ("400 Bad Request", "ValidationError", RoleNotAssigned, f"refuses to assume {ARN}: why"),
    ],
)
def test_a_refusal_is_told_apart(status, code, kind, said):
    error = error_of(status, refusal(code))
    assert type(error) is kind
    assert said in str(error)


def test_a_long_message_and_the_time_to_wait_are_told():
    """The message of STS says at its end which policy is missing."""
    error = error_of("403 Forbidden", refusal("AccessDenied", "word " * 60 + "at its end"))
    assert "at its end" in str(error)
    error = error_of("400 Bad Request", refusal("Throttling"), "Retry-After: 7")
    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE x>" + refusal("AccessDenied"), "an HTML page"),
        *((b'{"error": "%s"}' % code, "JSON that is not AWS's, perhaps of a proxy")
          for code in (b"invalid_grant", b"invalid_client", b"slow_down")),
    ],
)  # fmt: skip
def test_a_document_type_and_an_oauth_error_are_of_a_proxy_since_sts_has_none(body, what):
    error = error_of("403 Forbidden", body)
    assert type(error) is AwsUnreachable
    assert what in str(error)


# -- GetCallerIdentity --

ACCOUNT = "000000000000"


@pytest.fixture
def emulator():
    with Emulator(World.of_size(1, 1)) as running:
        yield running


@pytest.fixture
def identity(emulator):
    keys = get_role_credentials(portal_of(emulator), token_of(emulator), ROLE, deadline())
    environ = emulator.environment()
    sts = Sts("eu-west-1", environ["AWS_ENDPOINT_URL_STS"], environ)
    return partial(sts.get_caller_identity, keys, lambda: int(time.time()))


def identity_answer(arn, account=ACCOUNT, user_id="AROAEXAMPLE:ana"):
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user_id}</UserId>"
        f"<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


GOOD_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Role00_0123456789abcdef/ana"


def test_sts_returns_account_role_and_user(emulator, identity):
    found = identity()
    assert found.arn == emulator.world.session_arn(ACCOUNT, "Role00", "ana")
    assert (found.account_id, found.role_session_name) == (ACCOUNT, "ana")


@pytest.mark.parametrize(
    "body",
    [
        *("", "<", "{}", "<a/>", "<html>hotel</html>"),
        identity_answer(""),
        identity_answer("root"),
        identity_answer(f"arn:aws:iam::{ACCOUNT}:user/ana"),
        identity_answer(GOOD_ARN, account="000000000001"),
        identity_answer(GOOD_ARN, account="1"),
        identity_answer(GOOD_ARN + "&#x202e;"),
        identity_answer(GOOD_ARN.replace("ana", "a b")),
        identity_answer(GOOD_ARN, user_id="x" * 500),
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        + identity_answer(GOOD_ARN.replace("ana", "&e;")),
    ],
)
def test_a_bad_answer_is_exit_6(emulator, identity, body):
    emulator.faults.script("GetCallerIdentity", 200, body=identity_answer(GOOD_ARN))
    assert identity().arn == GOOD_ARN  # the unchanged answer is accepted
    emulator.faults.script("GetCallerIdentity", 200, body=body)
    with pytest.raises(BadAnswer):
        identity()


def test_expired_credentials_are_exit_5(emulator, identity):
    emulator.faults.clock_offset_seconds = 2 * 3600
    with pytest.raises(RoleNotAssigned, match="ExpiredToken"):
        identity()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "Expired", RoleNotAssigned),
        (403, "Expired", RoleNotAssigned),
        (402, "Expired", BadAnswer),
        (403, "", AwsUnreachable),
    ],
)
def test_only_an_error_of_aws_says_that_the_credentials_are_refused(
    emulator, identity, status, code, kind
):
    body = refusal(code) if code else b"no"
    emulator.faults.script("GetCallerIdentity", status, body=body.decode(), times=3)
    with pytest.raises(SsoHelperError) as caught:
        identity()
    assert type(caught.value) is kind


def test_any_caller_may_be_an_iam_user_but_a_role_session_is_asked_for_by_default(
    emulator, identity
):
    arn = f"arn:aws:iam::{ACCOUNT}:user/path/ana"
    emulator.faults.script("GetCallerIdentity", 200, body=identity_answer(arn), times=2)
    assert identity(any_caller=True).arn == arn
    with pytest.raises(BadAnswer):
        identity()


def test_a_busy_sts_is_asked_three_times(emulator, identity, monkeypatch):
    monkeypatch.setattr(transport, "PAUSE_SECONDS", 0.001)
    emulator.faults.script("GetCallerIdentity", 503, times=2)
    assert identity().account_id == ACCOUNT
    assert emulator.counters["GetCallerIdentity"] == 3
    emulator.stop()
    with pytest.raises(AwsUnreachable):
        identity()
