"""Signed calls through botocore: its errors as ours, one origin, 4 MiB, a deadline."""

import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    NoConnection,
    RoleNotAssigned,
    Throttled,
)
from ssohelper.wire import clients
from tests.wire.raw_server import RawServer, answer

SERVICE = "STS in eu-west-1"
URL = "https://sts.eu-west-1.amazonaws.com/"


def client_error(status: Any, code: Any = "", message: str = "", **headers: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return ClientError(answer, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (client_error(429, "X"), Throttled, "is throttling (429)"),
        (client_error(400, "TooManyRequestsException"), Throttled, "is throttling"),
        (client_error(500, "X"), AwsUnreachable, "answered 500"),
        (client_error(503), AwsUnreachable, "answered 503"),
        (client_error(300, "X"), BadAnswer, "answered with a redirect (300)"),
        (client_error(399), BadAnswer, "answered with a redirect (399)"),
        (client_error(400), AwsUnreachable, "400 came with text that is not AWS's"),
        (client_error(200), AwsUnreachable, "200 came with text that is not AWS's"),
        (client_error(499, "X", "why\x1b[31m"), BadAnswer, "refused (499) X: why\\x1b[31m"),
        (client_error("nonsense", "X"), BadAnswer, "refused (0) X"),
        (client_error(400, "C" * 100), BadAnswer, f"refused (400) {'C' * 59}…"),
        (ClientError({}, "x"), AwsUnreachable, "0 came with text"),
        (SSLError(endpoint_url=URL, error="bad"), AwsUnreachable, SERVICE),
        (EndpointConnectionError(endpoint_url=URL), NoConnection, "cannot be reached"),
        (ConnectTimeoutError(endpoint_url=URL), NoConnection, "cannot be reached"),
        (ReadTimeoutError(endpoint_url=URL), AwsUnreachable, "cannot be reached"),
        (KeyError("Arn"), BadAnswer, "an answer that makes no sense"),
        (RecursionError(), BadAnswer, "an answer that makes no sense"),
    ],
)
def test_an_error_of_botocore_is_one_of_ours(
    error: Exception, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught, clients.translate_botocore_errors(SERVICE):
        raise error
    assert type(caught.value) is kind
    assert said in str(caught.value)
    assert SERVICE in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_an_error_of_another_kind_is_described_by_its_class() -> None:
    for error, said in (
        (ReadTimeoutError(endpoint_url=URL), "(read timeout)"),
        (HTTPClientError(error="x"), "(HTTP client)"),
    ):
        with pytest.raises(AwsUnreachable) as caught, clients.translate_botocore_errors(SERVICE):
            raise error
        assert said in str(caught.value)


def test_a_request_that_fails_is_sent_three_times_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        # The client keeps its connection: closed after an answer, it could take a request with it.
        while server.read_request(connection):
            connection.sendall(answer(b"", status="503 Service Unavailable"))

    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    keys = RoleCredentials("ASIAEXAMPLE", Secret("s"), Secret("t"), 2**31)
    with RawServer(serve) as server:
        url = f"http://127.0.0.1:{server.port}"
        client = clients.make_botocore_client("sts", "eu-west-1", url, {}, keys)
        with pytest.raises(AwsUnreachable), clients.translate_botocore_errors(SERVICE):
            client.get_caller_identity()
    assert len(server.requests) == 3


def test_how_long_to_wait_is_taken_from_the_answer() -> None:
    with pytest.raises(Throttled) as caught, clients.translate_botocore_errors(SERVICE):
        raise client_error(429, "X", **{"retry-after": "7"})
    assert caught.value.retry_after_seconds == 7


def test_a_caller_may_explain_a_refusal_and_no_other_failure() -> None:
    seen: list[clients.Refusal] = []

    def explain(refusal: clients.Refusal) -> RoleNotAssigned | None:
        seen.append(refusal)
        return RoleNotAssigned("mine") if refusal.status == 403 else None

    with pytest.raises(RoleNotAssigned), clients.translate_botocore_errors(SERVICE, explain):
        raise client_error(403, "AccessDenied")
    with pytest.raises(BadAnswer), clients.translate_botocore_errors(SERVICE, explain):
        raise client_error(400, "Other")
    with pytest.raises(AwsUnreachable), clients.translate_botocore_errors(SERVICE, explain):
        raise EndpointConnectionError(endpoint_url=URL)
    assert [refusal.status for refusal in seen] == [403, 400]


def test_work_ends_at_the_deadline_and_its_result_or_error_arrives() -> None:
    soon = Deadline(20, time.monotonic)
    assert clients.run_until_deadline(soon, lambda: 5) == 5
    assert clients.run_until_deadline(soon, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        clients.run_until_deadline(soon, lambda: 1 // 0)
    release = threading.Event()
    with pytest.raises(AwsUnreachable, match="STS gave no answer in time"):
        clients.run_until_deadline(Deadline(0.01, time.monotonic), release.wait, "STS")
    release.set()


class Raw:
    """A body in pieces, then an error or the end."""

    enforce_content_length = False

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = list(pieces)
        self.is_closed = False

    def read(self, _size: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.is_closed = True


class Inner:
    """botocore's session: answers each request with this body."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.sent: list[Any] = []

    def send(self, request: Any) -> Any:
        self.sent.append(request)
        return SimpleNamespace(status_code=200, raw=self.raw, _content=None)


def send(raw: Raw, url: str = URL, service_url: str = URL) -> Any:
    request = SimpleNamespace(url=url, method="POST", stream_output=False)
    answer = clients._BoundedSession(Inner(raw), service_url).send(request)
    assert request.stream_output
    assert raw.enforce_content_length
    return answer


@pytest.mark.parametrize(
    ("url", "service_url"),
    [(URL, URL), (URL + "x?y", URL), (URL, "https://sts.eu-west-1.amazonaws.com:443"),
     ("http://127.0.0.1:80/", "http://127.0.0.1/")],
)  # fmt: skip
def test_a_request_to_the_checked_host_is_sent(url: str, service_url: str) -> None:
    assert send(Raw(b"bo", b"dy"), url, service_url)._content == b"body"


@pytest.mark.parametrize(
    "url",
    [
        "http://sts.eu-west-1.amazonaws.com/",
        "https://sts.eu-west-1.amazonaws.com:444/",
        "https://sts.eu-west-1.amazonaws.com.evil.example/",
        "https://evil.example/?x=sts.eu-west-1.amazonaws.com",
    ],
)
def test_no_signed_request_leaves_the_checked_host(url: str) -> None:
    inner = Inner(Raw())
    with pytest.raises(ConfigInvalid, match="which is not the host that was checked"):
        clients._BoundedSession(inner, URL).send(SimpleNamespace(url=url, method="POST"))
    assert inner.sent == []


def test_an_answer_of_4_mib_is_read_and_a_longer_one_is_dropped() -> None:
    whole = bytes(4 << 20)
    assert send(Raw(whole))._content == whole
    raw = Raw(whole, b"x", b"never read")
    assert send(raw)._content == b""
    assert raw.is_closed
    assert raw.pieces == [b"never read"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (urllib3.exceptions.ReadTimeoutError(None, URL, "slow"), ReadTimeoutError),  # type: ignore[arg-type]
        (urllib3.exceptions.IncompleteRead(1, 2), ConnectionClosedError),
        (ConnectionResetError(), ConnectionClosedError),
    ],
)
def test_a_body_that_breaks_off_is_an_error_that_botocore_retries(
    error: Exception, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        send(Raw(b"x", error))
