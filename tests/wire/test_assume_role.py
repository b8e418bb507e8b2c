"""STS's answers to AssumeRole, from a server that sends exactly these bytes."""

import socket
import time

import pytest

from ssohelper.core.chains import AssumeRole
from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    RoleNotAssigned,
    SourceRejected,
    SsoHelperError,
    Throttled,
)
from ssohelper.wire.assume_role import Sts
from tests.wire.raw_server import RawServer, answer

ARN = "arn:aws:iam::111122223333:role/deploy"
SOURCE = RoleCredentials("ASIAEXAMPLE", Secret("secret"), Secret("token"), 2**31)
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def refusal(code: str, message: str = "why") -> bytes:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return f'<ErrorResponse xmlns="{NAMESPACE}">{error}</ErrorResponse>'.encode()


def error_of(status: str, body: bytes, *headers: str) -> SsoHelperError:
    def serve(connection: socket.socket, number: int) -> None:
        server.read_request(connection)
        connection.sendall(answer(body, *headers, status=status))

    server = RawServer(serve)
    with server, pytest.raises(SsoHelperError) as caught:
        Sts("eu-west-1", f"http://127.0.0.1:{server.port}", {}).assume_role(
            AssumeRole(ARN, "ana"), SOURCE, int(time.time()), Deadline(10, time.time)
        )
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
def test_a_refusal_is_told_apart(
    status: str, code: str, kind: type[SsoHelperError], said: str
) -> None:
    error = error_of(status, refusal(code))
    assert type(error) is kind
    assert said in str(error)


def test_a_long_message_of_sts_is_told() -> None:
    """The message of STS says at its end which policy is missing."""
    error = error_of("403 Forbidden", refusal("AccessDenied", "word " * 60 + "at its end"))
    assert "at its end" in str(error)


def test_a_throttled_caller_learns_how_long_to_wait() -> None:
    error = error_of("400 Bad Request", refusal("Throttling"), "Retry-After: 7")
    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == 7


def test_xml_with_a_document_type_is_not_taken_for_an_answer_of_sts() -> None:
    with_type = b"<!DOCTYPE x>" + refusal("AccessDenied")
    error = error_of("403 Forbidden", with_type)
    assert "does not let you assume" not in str(error)


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "slow_down"])
def test_an_oauth_error_is_of_a_proxy_since_sts_has_none(code: str) -> None:
    error = error_of("403 Forbidden", b'{"error": "%s"}' % code.encode())
    assert type(error) is AwsUnreachable
    assert "JSON that is not AWS's, perhaps of a proxy" in str(error)
