"""Sends requests to one host of AWS (Transport), with http.client and without botocore.

One call sends exactly one request: no retry, no redirect, no cookie. Connections stay open for
later GETs. Each POST gets a new connection: if the server had closed an idle one, we would not know
whether it had read the POST.
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
from ssohelper.core.service_hosts import is_loopback_url
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
# A hostile server must not fill our memory. The longest real answer, 100 accounts, has 20 kB.
ANSWER_LIMIT_BYTES = 4 << 20
# Idle connections are reused only for a shorter time: load balancers and NAT forget them after 60 s
# or more.
_IDLE_SECONDS = 20.0
_MOST_IDLE = 10
_METHOD = re.compile(r"[A-Z]{3,7}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
TRIES = 3
PAUSE_SECONDS = 0.2
# With less time left, another try is pointless.
_SHORTEST_TRY_SECONDS = 1.0
_T = TypeVar("_T")


class Answer(NamedTuple):
    """`answered_at` is the Date header (epoch seconds, by AWS's clock), or None."""

    status: int
    headers: HTTPMessage
    body: bytes
    answered_at: float | None

    def __repr__(self) -> str:
        # The body is not shown, because it may hold tokens.
        return f"Answer(status={self.status}, {len(self.body)} bytes)"


class Transport:
    """Sends requests to one host. Several threads may use it at once. `service` names it in
    messages.
    """

    def __init__(self, service_url: str, environ: Mapping[str, str], service: str) -> None:
        parts = urlsplit(service_url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ConfigInvalid(f"{service} has no usable URL")
        if parts.scheme == "http" and not is_loopback_url(service_url):
            raise ConfigInvalid(f"{service} would be called over http, without TLS")
        self._parts = parts
        self._is_loopback = is_loopback_url(service_url)
        self._environ = environ
        self._service = service
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._route: Route | None = None
        # Not __del__: in a reference cycle, it may run after the sockets were collected with a
        # ResourceWarning.
        weakref.finalize(self, _close_connections, self._idle)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        read_seconds: float | None = None,
        deadline: Deadline,
    ) -> Answer:
        """Send one request and return its answer, whatever the status.

        `read_seconds` (by default READ_SECONDS) limits each wait for bytes, `deadline` the whole
        call. Raises: AwsUnreachable if nothing was sent; AnswerLost if AWS may have received the
        request; BadAnswer for more than 4 MiB.
        """
        request = self._encode_request(method, path, query or {}, headers or {}, body)
        limits = (deadline, READ_SECONDS if read_seconds is None else read_seconds)
        # Log only host and path, because queries, headers and bodies hold secrets.
        _log.debug("%s %s%s", method, self._parts.netloc, self._parts.path + path)
        began = time.monotonic()
        answer = None
        reused = self._take_idle_connection() if method == "GET" else None
        if reused is not None:
            try:
                answer = self._send_and_read_answer(reused, method, request, *limits)
            except AnswerLost as error:  # the server may have closed the connection before
                if reused.received_bytes or isinstance(error.__cause__, TimeoutError):
                    raise
        if answer is None:
            connection = connect_by_route(self.prepare_first_call(), deadline)
            answer = self._send_and_read_answer(connection, method, request, *limits)
        _log.debug("%s after %.0f ms", answer.status, (time.monotonic() - began) * 1000)
        return answer

    def close(self) -> None:
        with self._lock:
            _close_connections(self._idle)

    # -- sending a request --------------------------------------------------------------------

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
                    # The answer was cut within its headers, which http.client takes for the
                    # headers' end.
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
        """Raises: IncompleteRead if the body was cut, BadAnswer if it is too long."""
        body = bytearray()
        while piece := response.read(1 << 16):
            body += piece
            if len(body) > ANSWER_LIMIT_BYTES:
                raise BadAnswer(
                    f"{self._service} gave an answer of more than 4 MiB, perhaps of a proxy",
                    hint="check the network and HTTPS_PROXY, then try again",
                )
        # This many bytes of the Content-Length are missing: read(amount) raises no error for them.
        if response.length:
            raise IncompleteRead(bytes(body), response.length)
        return bytes(body)

    # -- idle connections ---------------------------------------------------------------------

    def _take_idle_connection(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            idle_seconds = time.monotonic() - connection.idle_since
            if idle_seconds < _IDLE_SECONDS and connection.is_still_usable():
                return connection
            connection.close()

    def _keep_idle_connection(self, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    # -- building a request -------------------------------------------------------------------

    def prepare_first_call(self) -> Route:
        """Read the certificates, which takes 5 to 20 ms."""
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
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + (body or b"")


def _close_connections(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()


def _incomplete_answer_message(service: str, cause: Exception) -> str:
    if isinstance(cause, TimeoutError):
        return f"{service} gave no answer in time"
    if isinstance(cause, OSError | IncompleteRead):
        return f"{service} gave no complete answer: the connection was cut"
    return f"{service} gave an answer that is not HTTP"


def ignore_tls_key_log() -> None:
    # urllib3 and ssl.create_default_context write each connection's TLS keys to that file.
    if os.environ.pop("SSLKEYLOGFILE", None):
        _log.warning(
            "SSLKEYLOGFILE is ignored: with that file, tokens could be read off the network"
        )


# -- retries and probes -------------------------------------------------------------------------


def call_with_retries(
    ask: Callable[[Deadline], _T],
    seconds: float,
    *,
    is_repeatable: bool,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Call `ask`, which sends one request, up to three times while AWS is not reached or busy.

    `seconds` limits all tries. After a lost answer it is called again only if `is_repeatable`: AWS
    may have acted on it.
    """
    deadline = Deadline(seconds, monotonic)
    made = 0
    while True:
        made += 1
        try:
            return ask(deadline)
        except BadAnswer:
            raise
        except AwsUnreachable as error:
            pause = pause_seconds_before_retry(made)
            pause = max(pause, getattr(error, "retry_after_seconds", None) or 0.0)
            is_lost = isinstance(error, AnswerLost) and not is_repeatable
            if is_lost or made == TRIES or pause + _SHORTEST_TRY_SECONDS > deadline.seconds_left():
                raise
            sleep(pause)


def pause_seconds_before_retry(tries_made: int) -> float:
    """Return 0.2 to 0.4 s, doubled with each try. Random, so that processes do not retry together."""
    # Importing random costs 4 ms.
    return float(PAUSE_SECONDS * 2 ** (tries_made - 1) * (1 + os.urandom(1)[0] / 255))


class Probe(NamedTuple):
    """What a probe found: `error`, or AWS's time in `answered_at`; the proxy and the certificate
    file.
    """

    error: AwsUnreachable | None
    answered_at: float | None
    proxy: str
    bundle: str


def probe_service(
    service_url: str, environ: Mapping[str, str], service: str, deadline: Deadline
) -> Probe:
    """Send one GET without credentials; any HTTP answer means that the service can be reached."""
    bundle = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or ""
    error, answered_at, proxy = None, None, ""
    transport = Transport(service_url, environ, service)
    try:
        if not is_loopback_url(service_url):
            found = find_https_proxy(urlsplit(service_url).netloc, environ)
            proxy = f"{found.host}:{found.port}" if found else ""
        answered_at = transport.send("GET", "/", deadline=deadline).answered_at
    except AwsUnreachable as unreachable:
        error = unreachable
    finally:
        transport.close()
    return Probe(error, answered_at, proxy, bundle)
