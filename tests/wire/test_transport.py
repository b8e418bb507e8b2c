"""One request and its answer, over real sockets that a test can break at each byte."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    LoginRequired,
    NoConnection,
    Throttled,
)
from ssohelper.wire import transport as transport_module
from ssohelper.wire.connection import Connection
from ssohelper.wire.transport import (
    Answer,
    Transport,
    call_with_retries,
    pause_seconds_before_retry,
)
from tests.left_behind import threads_left_at_most
from tests.wire.raw_server import RawServer, answer, serving


def soon(seconds: float = 30) -> Deadline:
    return Deadline(seconds, time.monotonic)


def transport_to(server: RawServer) -> Transport:
    return Transport(f"http://127.0.0.1:{server.port}", {}, "the test server")


def get(transport: Transport, deadline: Deadline | None = None, **more: float) -> Answer:
    return transport.send("GET", "/x", deadline=deadline or soon(), **more)


def test_a_request_is_valid_http():
    with serving(answer()) as server:
        transport = Transport(f"http://127.0.0.1:{server.port}/base", {}, "the test server")
        query = {"role_name": "a b+c&d=e/\u20ac", "account_id": "000000000000"}
        transport.send("GET", "/x", query=query, headers={"x-token": "T"}, deadline=soon())
        transport.send("POST", "/y", body=b'{"a":1}', deadline=soon())
        transport.send("POST", "/z", deadline=soon())
        first, second, third = server.requests
    assert first.startswith(
        b"GET /base/x?role_name=a%20b%2Bc%26d%3De%2F%E2%82%AC&account_id=000000000000 HTTP/1.1\r\n"
    )
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".encode() in first
    assert b"\r\nx-token: T\r\n" in first
    assert b"Content-Length" not in first
    assert b"\r\nContent-Length: 7\r\n" in second
    assert second.endswith(b'\r\n\r\n{"a":1}')
    assert b"\r\nContent-Length: 0\r\n" in third


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\x00b", "\u20ac"])
def test_a_header_with_a_line_break_is_not_sent(value):
    with serving(answer()) as server:
        with pytest.raises(ValueError, match="header") as caught:
            transport_to(server).send("GET", "/x", headers={"t": value}, deadline=soon())
        assert server.connections == 0
    assert value not in str(caught.value)


def test_headers_are_found_in_any_case_and_the_date_is_read():
    with serving(answer(b'{"accessToken":"CNRY"}')) as server:
        found = get(transport_to(server))
    assert found.answered_at is None
    assert "CNRY" not in repr(found)
    reply = answer(b"{}", "x-AMZN-errortype: A", "date: Thu, 01 Jan 2026 12:00:00 GMT")
    with serving(reply) as server:
        found = get(transport_to(server))
    assert found.headers["X-Amzn-ErrorType"] == "A"
    assert found.answered_at == 1767268800.0
    assert (found.status, found.body) == (200, b"{}")


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (answer(b"x" * 300_000), b"x" * 300_000),
        (answer(b"", "Location: /elsewhere", status="307 Moved"), b""),
    ],
    ids=["chunked", "continue", "no content", "long", "a redirect"],
)  # fmt: skip
def test_every_form_of_a_complete_answer_is_read(reply, body):
    with serving(reply) as server:
        transport = transport_to(server)
        for _ in range(2):
            assert get(transport).body == body
        assert (server.connections, len(server.requests)) == (1, 2)


def test_an_answer_that_ends_with_the_connection_is_read():
    with serving(b"HTTP/1.0 200 OK\r\n\r\nabc", "close") as server:
        assert get(transport_to(server)).body == b"abc"


OK = b"HTTP/1.1 200 OK\r\n"
CUT = {
    "nothing": b"",
    "half a head": OK,
    "no body": OK + b"Content-Length: 9\r\n\r\n",
    "half a body": OK + b"Content-Length: 9\r\n\r\n{}",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "no HTTP": b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    "200 headers": OK + b"a: b\r\n" * 200 + b"\r\n",
    "a long header": OK + b"a: " + b"b" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("reply", CUT.values(), ids=CUT)
def test_an_incomplete_answer_is_a_lost_answer(method, reply):
    with serving(reply, "close") as server:
        with pytest.raises(AnswerLost) as caught:
            transport_to(server).send(method, "/x", deadline=soon())
        assert server.connections == 1
    assert caught.value.exit_code == 6
    assert caught.value.hint


def test_a_refused_connection_or_a_passed_deadline_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}", {}, "the test server")
    with pytest.raises(AwsUnreachable, match="connection refused") as caught:
        get(transport)
    assert type(caught.value) is NoConnection
    with serving(answer()) as server:
        transport = transport_to(server)
        for kind in (NoConnection, AwsUnreachable):
            with pytest.raises(AwsUnreachable) as caught:
                get(transport, soon(0))
            assert type(caught.value) is kind
            if kind is NoConnection:
                get(transport)
        assert len(server.requests) == 1


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_byte_by_byte_answer_ends_at_the_deadline_and_leaves_no_thread(where):
    """Each byte arrives within the read timeout; the complete answer misses the deadline."""
    begin = OK + b"Content-Length: 5000\r\n\r\n" if where == "body" else b""
    with threads_left_at_most(0), serving(begin, "drip") as server:
        transport = transport_to(server)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match="no answer in time"):
            get(transport, soon(0.6), read_seconds=5.0)
        assert 0.5 < time.monotonic() - began < 5


def test_silence_ends_at_the_read_timeout():
    with serving(b"", "wait") as server:
        with pytest.raises(AnswerLost, match="no answer in time"):
            get(transport_to(server), soon(60), read_seconds=0.2)
        assert server.connections == 1


@pytest.mark.parametrize("is_told", [True, False])
def test_an_answer_without_an_end_is_not_kept_in_memory(is_told):
    begin = OK + (b"Content-Length: 99999999999\r\n" if is_told else b"") + b"\r\n"
    with serving(begin, "flood") as server, pytest.raises(BadAnswer, match="4 MiB"):
        get(transport_to(server))


class TestKeepAlive:
    def test_gets_share_a_connection_and_a_post_has_its_own(self):
        with serving(answer()) as server:
            transport = transport_to(server)
            get(transport)
            get(transport)
            assert server.connections == 1
            transport.send("POST", "/x", deadline=soon())
            assert (server.connections, len(transport._idle)) == (2, 1)
            get(transport)
            assert server.connections == 2
            transport.close()
            get(transport)
            assert server.connections == 3

    def test_bytes_on_an_idle_connection_are_not_taken_for_an_answer(self):
        """Load balancers send a 408 before they close an idle connection."""

        def serve(connection: socket.socket, number: int) -> None:
            while server.read_request(connection):
                connection.sendall(answer(b'{"good":1}'))
                if number == 1 and may_send.wait(10):
                    connection.sendall(answer(b"late", status="408 Request Timeout"))
                    sent.set()

        may_send, sent = threading.Event(), threading.Event()
        with RawServer(serve) as server:
            transport = transport_to(server)
            get(transport)
            may_send.set()
            assert sent.wait(10)
            assert get(transport).body == b'{"good":1}'
            assert server.connections == 2

    @pytest.mark.parametrize(
        ("headers", "idle_seconds"), [(["Connection: close"], 20.0), ([], 0.0)]
    )
    def test_a_connection_that_the_server_closes_or_idle_for_long_is_not_used(
        self, monkeypatch, headers, idle_seconds
    ):
        monkeypatch.setattr(transport_module, "_IDLE_SECONDS", idle_seconds)
        with serving(answer(b"{}", *headers)) as server:
            transport = transport_to(server)
            get(transport)
            get(transport)
            assert server.connections == 2

    def test_at_most_so_many_connections_stay_open(self, monkeypatch):
        monkeypatch.setattr(transport_module, "_MOST_IDLE", 2)
        with serving(answer()) as server:
            transport = transport_to(server)
            together = threading.Barrier(5)
            with ThreadPoolExecutor(5) as pool:
                list(pool.map(lambda _: (together.wait(), get(transport)), range(5)))
            assert len(transport._idle) <= 2
            transport.close()

    def test_a_get_on_a_connection_closed_meanwhile_is_sent_again(self, monkeypatch):
        """The server closes it just after the check that comes before the request."""
        monkeypatch.setattr(Connection, "is_still_usable", lambda self: True)
        closed = threading.Event()

        def serve(connection: socket.socket, number: int) -> None:
            server.read_request(connection)
            connection.sendall(answer())
            if number == 1:
                connection.shutdown(socket.SHUT_RDWR)
                closed.set()
                return
            server.read_request(connection)

        with RawServer(serve) as server:
            transport = transport_to(server)
            get(transport)
            assert closed.wait(10)
            assert get(transport).status == 200
            assert server.connections == 2

    def test_a_partly_answered_get_is_not_sent_again(self):
        def serve(connection: socket.socket, number: int) -> None:
            server.read_request(connection)
            connection.sendall(answer())
            server.read_request(connection)
            connection.sendall(b"HTTP/1.1 200")

        with RawServer(serve) as server:
            transport = transport_to(server)
            get(transport)
            with pytest.raises(AnswerLost):
                get(transport)
            assert server.connections == 1


@pytest.mark.parametrize(
    "service_url", ["http://portal.sso.eu-west-1.amazonaws.com", "ftp://a", ""]
)
def test_a_url_that_would_show_a_token_is_refused(service_url):
    with pytest.raises(ConfigInvalid):
        Transport(service_url, {}, "the test server")


# -- up to three tries of one call --


class Call:
    """A call that fails as scripted and then succeeds; no time passes but in its pauses."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0
        self.now = 0.0
        self.pauses: list[float] = []

    def ask(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def run(self, seconds: float = 18, *, is_repeatable: bool = True) -> str:
        return call_with_retries(
            lambda _deadline: self.ask(),
            seconds,
            is_repeatable=is_repeatable,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )


@pytest.mark.parametrize(("tries", "least"), [(1, 0.2), (2, 0.4), (3, 0.8)])
def test_the_pause_doubles_and_is_random(tries, least):
    found = [pause_seconds_before_retry(tries) for _ in range(400)]
    assert least <= min(found) < max(found) <= 2 * least
    assert min(found) < 1.2 * least
    assert max(found) > 1.8 * least


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_an_unreachable_aws_is_tried_three_times(failures):
    call = Call(*[AwsUnreachable("down")] * failures)
    assert call.run() == "answer"
    assert (call.made, len(call.pauses)) == (failures + 1, failures)


@pytest.mark.parametrize(
    ("errors", "is_repeatable", "made"),
    [
        ([AwsUnreachable("down")] * 3, True, 3),
        ([BadAnswer("x")], True, 1),
        ([LoginRequired("x")], True, 1),
        ([AnswerLost("lost")], False, 1),
        ([AnswerLost("lost")] * 3, True, 3),
    ],
)
def test_the_third_failure_an_answer_and_what_would_do_harm_are_raised(errors, is_repeatable, made):
    call = Call(*errors)
    with pytest.raises(type(errors[0])):
        call.run(is_repeatable=is_repeatable)
    assert (call.made, len(call.pauses)) == (made, made - 1)


def test_the_pause_is_as_long_as_aws_asks_and_the_deadline_allows():
    for asked, seconds, pause in ((5.0, 18, 5.0), (5.0, 6.0, 5.0), (0.0, 18, 0.2)):
        call = Call(Throttled("429", retry_after_seconds=asked))
        assert call.run(seconds) == "answer"
        assert pause <= call.pauses[0] <= max(pause, 0.4)
    call = Call(Throttled("429", retry_after_seconds=5.0))
    with pytest.raises(Throttled):
        call.run(5.9)
    assert call.made == 1
