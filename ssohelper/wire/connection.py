"""Opens a connection to AWS: name lookup, connect, proxy, TLS. Each wait ends at a deadline.

When `connect_by_route` fails, no request has been sent, so the error is AwsUnreachable, never
AnswerLost.
"""

import errno
import io
import selectors
import socket
import ssl
import threading
import time
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple

from ssohelper.core.deadline import Deadline
from ssohelper.errors import AwsUnreachable, NoConnection
from ssohelper.wire.proxies import Proxy

CONNECT_SECONDS = 3.0
# The time for trying all addresses of a host. Otherwise a host with many addresses, none of which
# answers, would use up a deadline of 18 s.
_ALL_ADDRESSES_SECONDS = 6.0
# The time for a name lookup. glibc waits 5 s for each name server.
_LOOKUP_SECONDS = 10.0
_HANDSHAKE_SECONDS = 5.0
CHECK_NETWORK = "check the network, then try again"


class Route(NamedTuple):
    """How to reach a host. `tls` is None for http, which is used for this machine only."""

    service: str
    host: str
    port: int
    tls: ssl.SSLContext | None
    proxy: Proxy | None


class Connection:
    """An open connection, with the socket methods that http.client.HTTPResponse needs.

    The deadline holds even if a server sends one byte a second. HTTPResponse reads through the
    buffered reader of `makefile`, which calls `receive_into` once for each system call. Each call
    first sets the socket's timeout to what is left of the deadline (or to `read_seconds`, if that
    is less). So no thread has to watch the time.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._deadline = Deadline(0, time.monotonic)
        self._read_seconds = 0.0
        self.received_bytes = 0
        # Whether the server has ended its side of the connection (end of file).
        self.has_ended = False
        self.idle_since = 0.0

    def set_request_limits(self, deadline: Deadline, read_seconds: float) -> None:
        """Set the deadline and the limit of each wait, for the next request on this connection."""
        self._deadline, self._read_seconds = deadline, read_seconds
        self.received_bytes = 0

    def sendall(self, data: bytes) -> None:
        """Send all bytes within the time limits of the request."""
        self._set_timeout()
        self._sock.sendall(data)

    def receive_into(self, buffer: Any) -> int:
        """Receive bytes within the time limits. Return how many; 0 at the end of file."""
        self._set_timeout()
        count = int(self._sock.recv_into(buffer))
        self.received_bytes += count
        self.has_ended = count == 0
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a buffered reader of the connection, which http.client asks for."""
        return io.BufferedReader(_Reader(self))

    def is_still_usable(self) -> bool:
        """Return whether the server has neither closed this idle connection nor sent more bytes."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._sock, selectors.EVENT_READ)
                return not selector.select(0)
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        self._sock.close()

    def _set_timeout(self) -> None:
        seconds = min(self._read_seconds, self._deadline.seconds_left())
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(seconds)


class _Reader(io.RawIOBase):
    """An io stream that reads from a connection. Closing it leaves the connection open."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(buffer)


def connect_by_route(route: Route, deadline: Deadline) -> Connection:
    """Return a new connection, ready for a request.

    Raises: AwsUnreachable, before anything of the request has been sent.
    """
    try:
        return _open_connection(route, deadline)
    except OSError as cause:
        raise _unreachable_error(route, cause) from cause


def _open_connection(route: Route, deadline: Deadline) -> Connection:
    proxy = route.proxy
    host, port = (proxy.host, proxy.port) if proxy else (route.host, route.port)
    sock: Any = _connect_tcp(host, port, deadline)
    try:
        if proxy is not None and proxy.is_tls and route.tls is not None:
            sock = _wrap_tls(sock, route.tls, proxy.host, deadline)
        if proxy is not None:
            _open_tunnel(Connection(sock), route, proxy, deadline)
        if route.tls is not None:
            wrap = _wrap_tls_in_tls if proxy is not None and proxy.is_tls else _wrap_tls
            sock = wrap(sock, route.tls, route.host, deadline)
    except BaseException:
        sock.close()
        raise
    return Connection(sock)


def _connect_tcp(host: str, port: int, deadline: Deadline) -> socket.socket:
    addresses = _look_up_addresses(host, port, deadline)
    patience = Deadline(min(_ALL_ADDRESSES_SECONDS, deadline.seconds_left()), time.monotonic)
    error: OSError = TimeoutError("the deadline has passed")
    for family, kind, protocol, _, address in addresses:
        seconds = min(CONNECT_SECONDS, patience.seconds_left())
        if seconds <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as cause:
            sock.close()
            error = cause
        else:
            return sock
    raise error


def _look_up_addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """Return the addresses of a host from getaddrinfo; give up at the deadline.

    getaddrinfo takes no timeout, so it runs in a daemon thread, which continues after the deadline
    if no name server answers. The host name is passed as bytes, because as text it would go through
    the IDNA codec, whose import costs 5 ms.
    """
    outcome: list[list[Any] | OSError] = []

    def look_up() -> None:
        try:
            outcome.append(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM))
        except OSError as cause:
            outcome.append(cause)

    if _is_ip_address(host):
        look_up()
    else:
        thread = threading.Thread(target=look_up, daemon=True, name="ssohelper-lookup")
        thread.start()
        thread.join(min(_LOOKUP_SECONDS, deadline.seconds_left()))
    found = outcome[0] if outcome else socket.gaierror(socket.EAI_AGAIN, "no name server answers")
    if isinstance(found, OSError):
        raise found
    return found


def _is_ip_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def _open_tunnel(connection: Connection, route: Route, proxy: Proxy, deadline: Deadline) -> None:
    """Ask the proxy for a tunnel to the host. Raises: AwsUnreachable if the proxy refuses."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    target, shown = f"{host}:{route.port}", f"the proxy {proxy.host}:{proxy.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.set_request_limits(deadline, _HANDSHAKE_SECONDS)
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    # HTTPResponse is typed for a socket. A Connection has all the methods that it calls.
    response = HTTPResponse(connection, method="CONNECT")  # type: ignore[arg-type]
    try:
        response.begin()
        status = 0 if connection.has_ended else response.status
    except HTTPException as cause:
        raise _proxy_error(route, f"{shown} gave no HTTP answer") from cause
    finally:
        response.close()
    if not 200 <= status < 300:
        what = f"refused with {status}" if status else "closed the connection"
        raise _proxy_error(route, f"{shown} {what}")


def _wrap_tls(sock: Any, context: ssl.SSLContext, host: str, deadline: Deadline) -> Any:
    _set_handshake_timeout(sock, deadline)
    # The host name is passed as bytes, so that the IDNA codec is not imported. If the connection
    # ends without TLS's closing message, that is an error: otherwise a cut answer without a
    # Content-Length would count as complete.
    return context.wrap_socket(
        sock, server_hostname=host.encode("ascii"), suppress_ragged_eofs=False
    )


def _wrap_tls_in_tls(sock: Any, context: ssl.SSLContext, host: str, deadline: Deadline) -> Any:
    """Add TLS to a connection that already uses TLS, as to an https proxy.

    Python's ssl cannot do this, but urllib3 can. Only users of an https proxy pay for the import of
    urllib3, which takes 70 ms.
    """
    from urllib3.util.ssltransport import SSLTransport

    _set_handshake_timeout(sock, deadline)
    return SSLTransport(sock, context, server_hostname=host, suppress_ragged_eofs=False)


def _set_handshake_timeout(sock: Any, deadline: Deadline) -> None:
    seconds = min(_HANDSHAKE_SECONDS, deadline.seconds_left())
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    # ssl applies the socket's timeout to the whole handshake, not to each read of the handshake.
    sock.settimeout(seconds)


def certificate_error(service: str) -> AwsUnreachable:
    """Return the error for a service whose TLS certificate cannot be verified."""
    return AwsUnreachable(
        f"{service} cannot be reached: its TLS certificate cannot be checked",
        hint="behind a company proxy, set AWS_CA_BUNDLE to the file with the proxy's certificate",
    )


def _unreachable_error(route: Route, cause: OSError) -> AwsUnreachable:
    service = route.service
    if isinstance(cause, ssl.SSLCertVerificationError):
        return certificate_error(service)
    return NoConnection(
        f"{service} cannot be reached ({_describe_error(cause)})", hint=CHECK_NETWORK
    )


def _describe_error(cause: OSError) -> str:
    """Describe what failed, but without the error's own text, which may quote an address."""
    if isinstance(cause, socket.gaierror):
        return "the host name cannot be resolved"
    if isinstance(cause, TimeoutError):
        return "no connection was made in time"
    if isinstance(cause, ssl.SSLError):
        return "no TLS connection"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "no route to it"
    return "the connection failed"


def _proxy_error(route: Route, reason: str) -> AwsUnreachable:
    return AwsUnreachable(
        f"{route.service} cannot be reached: {reason}",
        hint="check HTTPS_PROXY and NO_PROXY; a proxy with a password is written: "
        "http://user:password@host",
    )
