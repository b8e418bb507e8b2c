"""Sends requests to one host of AWS (Transport), with http.client and without botocore.

One call sends exactly one request: no retry, no redirect, no cookie, and no credentials except
those that the caller passes. Connections stay open for later GETs. Each POST gets a new connection:
if the server closed an idle connection, we would not know whether the server had read the POST.
"""

import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import ssohelper
from ssohelper.core.deadline import Deadline
from ssohelper.core.instants import from_http_date
from ssohelper.core.service_hosts import ignored_url_variable_warning, is_loopback_url
from ssohelper.errors import AnswerLost, AwsUnreachable, BadAnswer, ConfigInvalid
from ssohelper.wire.connection import (
    CHECK_NETWORK,
    PORTS,
    Connection,
    Route,
    connect_by_route,
    find_ca_bundle,
    find_https_proxy,
    make_tls_context,
)

_log = logging.getLogger(__name__)

READ_SECONDS = 5.0
# The largest answer that is read, since a hostile server must not fill our memory. The longest real
# answer is a page of 100 accounts, 20 kB.
ANSWER_LIMIT_BYTES = 4 << 20
# How long an idle connection may be used again. Load balancers and NAT forget a connection that has
# been idle for 60 s or more.
_IDLE_SECONDS = 20.0
_METHOD = re.compile(r"[A-Z]{3,7}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
TRIES = 3
PAUSE_SECONDS = 0.2
# If less time than this is left, another try is pointless.
_SHORTEST_TRY_SECONDS = 1.0
_T = TypeVar("_T")


class Answer(NamedTuple):
    """An HTTP answer. `answered_at` is the Date header (epoch seconds, by AWS's clock), or None."""

    status: int
    headers: HTTPMessage
    body: bytes
    answered_at: float | None

    def __repr__(self) -> str:
        # The body is not shown, because it may hold tokens.
        return f"Answer(status={self.status}, {len(self.body)} bytes)"


class Transport:
    """Sends requests to one service. Several threads may use it at once.

    `service` names the service in messages: "the access portal in eu-west-1".
    """

    def __init__(
        self, service_url: str, environ: Mapping[str, str], service: str, connections: int = 10
    ) -> None:
        parts = urlsplit(service_url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ConfigInvalid(f"{service} has no usable URL")
        if parts.scheme == "http" and not is_loopback_url(service_url):
            raise ConfigInvalid(f"{service} would be called over http, without TLS")
        self._parts = parts
        self._is_loopback = is_loopback_url(service_url)
        self._environ = environ
        self._service = service
        self._most_idle = connections
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._route: Route | None = None
        # Close the idle connections when the Transport is deleted. __del__ may run too late for
        # that: in a reference cycle the sockets may be collected earlier, with a ResourceWarning.
        weakref.finalize(self, _close_connections, self._idle)

    def prepare_first_call(self) -> None:
        """Read the certificates before the first request, which takes 5 to 20 ms."""
        self._get_route()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        read_seconds: float = READ_SECONDS,
        deadline: Deadline,
    ) -> Answer:
        """Send one request and return its answer, whatever the status.

        `read_seconds` limits each wait for more bytes; `deadline` limits the whole call.
        Raises: AwsUnreachable if nothing was sent; AnswerLost if AWS may have received the request
        but no complete answer came; BadAnswer for an answer of more than 4 MiB.
        """
        request = self._encode_request(method, path, query or {}, headers or {}, body)
        limits = (deadline, read_seconds)
        # Log only host and path, because queries, headers and bodies hold secrets.
        _log.debug("%s %s%s", method, self._parts.netloc, self._parts.path + path)
        began = time.monotonic()
        answer = None
        reused = self._take_idle_connection() if method == "GET" else None
        if reused is not None:
            answer = self._ask_over_idle_connection(reused, request, *limits)
        if answer is None:
            connection = connect_by_route(self._get_route(), deadline)
            answer = self._send_and_read_answer(connection, method, request, *limits)
        _log.debug("%s after %.0f ms", answer.status, (time.monotonic() - began) * 1000)
        return answer

    def close(self) -> None:
        """Close all idle connections to this service. The next request opens a new one."""
        with self._lock:
            _close_connections(self._idle)

    # -- sending a request and reading its answer ----------------------------------------------

    def _ask_over_idle_connection(
        self, connection: Connection, request: bytes, deadline: Deadline, read_seconds: float
    ) -> Answer | None:
        """Send a GET over an idle connection. Return None if the server had closed it before."""
        try:
            return self._send_and_read_answer(connection, "GET", request, deadline, read_seconds)
        except AnswerLost as error:
            if connection.received_bytes or isinstance(error.__cause__, TimeoutError):
                raise
            return None

    def _send_and_read_answer(
        self,
        connection: Connection,
        method: str,
        request: bytes,
        deadline: Deadline,
        read_seconds: float,
    ) -> Answer:
        connection.set_request_limits(deadline, read_seconds)
        is_reusable = False
        try:
            if deadline.has_passed:
                raise AwsUnreachable(
                    f"{self._service} was not called: connecting took all the time allowed",
                    hint=CHECK_NETWORK,
                )
            connection.sendall(request)
            # HTTPResponse is typed for a socket. A Connection has all the methods that it calls.
            response = HTTPResponse(connection, method=method)  # type: ignore[arg-type]
            try:
                response.begin()
                if connection.has_ended:
                    # The connection was cut within the headers. http.client would take that for the
                    # end of the headers.
                    raise IncompleteRead(b"")
                body = self._read_whole_body(response)
            finally:
                response.close()
            is_reusable = method == "GET" and not response.will_close
        except (OSError, HTTPException, ValueError) as cause:
            raise AnswerLost(
                _incomplete_answer_message(self._service, cause), hint=CHECK_NETWORK
            ) from cause
        finally:
            if is_reusable:
                self._keep_idle_connection(connection)
            else:
                connection.close()
        at = from_http_date(response.headers.get("Date", ""))
        return Answer(response.status, response.headers, body, None if at is None else float(at))

    def _read_whole_body(self, response: HTTPResponse) -> bytes:
        """Return the answer's body. Raises: IncompleteRead if it was cut, BadAnswer if too long."""
        body = bytearray()
        while piece := response.read(1 << 16):
            body += piece
            if len(body) > ANSWER_LIMIT_BYTES:
                raise BadAnswer(
                    f"{self._service} gave an answer of more than 4 MiB, perhaps of a proxy",
                    hint="check the network and HTTPS_PROXY, then try again",
                )
        # With a Content-Length, `length` is how many bytes are missing. read(amount) raises no
        # error for missing bytes.
        if response.length:
            raise IncompleteRead(bytes(body), response.length)
        return bytes(body)

    # -- keeping and reusing idle HTTP connections ---------------------------------------------

    def _take_idle_connection(self) -> Connection | None:
        """Return the idle connection that was used last and is still open, or None."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if (
                time.monotonic() - connection.idle_since < _IDLE_SECONDS
                and connection.is_still_usable()
            ):
                return connection
            connection.close()

    def _keep_idle_connection(self, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            if len(self._idle) < self._most_idle:
                self._idle.append(connection)
                return
        connection.close()

    # -- building the bytes of an HTTP request -------------------------------------------------

    def _get_route(self) -> Route:
        with self._lock:
            if self._route is None:
                self._route = self._find_route()
            return self._route

    def _find_route(self) -> Route:
        host, port = self._parts.hostname or "", self._parts.port or PORTS[self._parts.scheme]
        ignore_tls_key_log()
        bundle = find_ca_bundle(self._environ)
        if self._parts.scheme == "http":
            return Route(self._service, host, port, None, None)
        # A request to this machine must not pass through a proxy, which would see the token.
        proxy = None if self._is_loopback else find_https_proxy(self._parts.netloc, self._environ)
        return Route(self._service, host, port, make_tls_context(bundle), proxy)

    def _encode_request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> bytes:
        target = self._parts.path.rstrip("/") + path
        if query:
            target += "?" + urlencode(query, errors="replace", quote_via=quote)
        lines = {
            "Host": self._parts.netloc,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"ssohelper/{ssohelper.__version__}",
            **headers,
        }
        if body is not None or method == "POST":
            lines["Content-Length"] = str(len(body or b""))
        if not _METHOD.fullmatch(method) or not _HEADER_VALUE.fullmatch(target) or " " in target:
            raise ValueError("the method or the path of the request is not valid HTTP")
        for name, value in lines.items():
            # The error does not show the header's value, which may be a token.
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"the header {name!r} is not valid HTTP")
        head = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in lines.items()),
        ]
        return ("\r\n".join(head) + "\r\n\r\n").encode("ascii") + (body or b"")


def _close_connections(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()


def _incomplete_answer_message(service: str, cause: Exception) -> str:
    """Return the error message for a request to which the service gave no complete answer."""
    if isinstance(cause, TimeoutError):
        return f"{service} gave no answer in time"
    if isinstance(cause, OSError | IncompleteRead):
        return f"{service} gave no complete answer: the connection was cut"
    return f"{service} gave an answer that is not HTTP"


def ignore_tls_key_log() -> None:
    """Remove SSLKEYLOGFILE from this process's environment, with a warning.

    urllib3 and ssl.create_default_context write each connection's TLS keys to that file. With these
    keys, tokens could be read off the network.
    """
    if os.environ.pop("SSLKEYLOGFILE", None):
        _log.warning(
            "SSLKEYLOGFILE is ignored: with that file, tokens could be read off the network"
        )


def warn_about_ignored_url_variable(
    environ: Mapping[str, str], warn: Callable[[str], None]
) -> None:
    """Warn if AWS_ENDPOINT_URL is set, because calls that carry a token ignore it."""
    message = ignored_url_variable_warning(environ)
    if message:
        warn(message)


# -- trying a call up to three times, and testing whether a host answers ---------------------------


def call_with_retries(
    ask: Callable[[], _T],
    deadline: Deadline,
    *,
    is_repeatable: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Call `ask`, which sends one request to AWS, at most three times; return its result.

    `ask` is called again if AWS was not reached or was busy. After a lost answer it is called again
    only if `is_repeatable`, since AWS may have acted on the first request. After a BadAnswer it is
    never called again.
    """
    for made in range(1, TRIES + 1):
        try:
            return ask()
        except BadAnswer:
            raise
        except AwsUnreachable as error:
            pause = pause_seconds_before_retry(made)
            asked = getattr(error, "retry_after_seconds", None)
            if asked is not None:
                pause = max(pause, asked)
            is_lost = isinstance(error, AnswerLost) and not is_repeatable
            if is_lost or made == TRIES or pause + _SHORTEST_TRY_SECONDS > deadline.seconds_left():
                raise
            sleep(pause)
    raise AssertionError("unreachable: the last try returns a result or raises an error")


def pause_seconds_before_retry(tries_made: int) -> float:
    """Return the pause before the next try: 0.2 to 0.4 s, doubled with each try.

    The pause is random, so that processes do not retry at the same time.
    """
    # This uses os.urandom because importing random costs 4 ms.
    return float(PAUSE_SECONDS * 2 ** (tries_made - 1) * (1 + os.urandom(1)[0] / 255))


class Probe(NamedTuple):
    """What a test request to an AWS host found: `error`, or `answered_at` (AWS's clock, if known).

    `proxy` is "host:port" of the proxy that was used. `bundle` is the file of trusted certificates
    that a variable names. `proxy` and `bundle` are "" if there is none.
    """

    error: AwsUnreachable | None
    answered_at: float | None
    proxy: str
    bundle: str


def probe_service(
    service_url: str, environ: Mapping[str, str], service: str, deadline: Deadline
) -> Probe:
    """Send one GET without credentials; any HTTP answer means that the service can be reached.

    `service` names the service in messages."""
    bundle = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or ""
    error, answered_at, proxy = None, None, ""
    try:
        found = None
        if not is_loopback_url(service_url):
            found = find_https_proxy(urlsplit(service_url).netloc, environ)
        proxy = f"{found.host}:{found.port}" if found else ""
        transport = Transport(service_url, environ, service)
        try:
            answered_at = transport.send("GET", "/", deadline=deadline).answered_at
        finally:
            transport.close()
    except AwsUnreachable as unreachable:
        error = unreachable
    return Probe(error, answered_at, proxy, bundle)
