"""Opens a connection to AWS: name lookup, connect, proxy, TLS. Each wait ends at a deadline.

An error here is AwsUnreachable, never AnswerLost, because no request has been sent.
"""

import errno
import io
import os
import selectors
import socket
import ssl
import sys
import threading
import time
from binascii import b2a_base64
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from ssohelper.core.deadline import Deadline
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, ConfigInvalid, NoConnection

CONNECT_SECONDS = 3.0
# The time to connect to a host with many addresses. Trying all of them could use up 18 s.
_ALL_ADDRESSES_SECONDS = 6.0
# The time for a name lookup: glibc waits 5 s for each name server.
_LOOKUP_SECONDS = 10.0
_HANDSHAKE_SECONDS = 5.0
CHECK_NETWORK = "check the network, then try again"
# These systems have proxy settings of their own, which are used if no variable is set.
_SYSTEM_HAS_SETTINGS = sys.platform in ("darwin", "win32")
PORTS = {"http": 80, "https": 443}
_FAILURES = {
    socket.gaierror: "the host name cannot be resolved",
    TimeoutError: "no connection was made in time",
    ssl.SSLError: "no TLS connection",
    ConnectionRefusedError: "connection refused",
}


class Proxy(NamedTuple):
    """A proxy that tunnels with CONNECT. `authorization` holds a password and is never shown."""

    is_tls: bool
    host: str
    port: int
    authorization: str | None

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


class Route(NamedTuple):
    """How to reach a host. `tls` is None for http, which is used for this machine only."""

    service: str
    host: str
    port: int
    tls: ssl.SSLContext | None
    proxy: Proxy | None


class Connection:
    """An open connection, with the socket methods that http.client.HTTPResponse needs.

    Each read first sets the socket's timeout to what is left of the deadline, so that the deadline
    holds even if a server sends one byte a second.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._deadline = Deadline(0, time.monotonic)
        self._read_seconds = 0.0
        self.received_bytes = 0
        # True once the server has ended its side of the connection.
        self.has_ended = False
        self.idle_since = 0.0

    def set_request_limits(self, deadline: Deadline, read_seconds: float) -> None:
        self._deadline, self._read_seconds = deadline, read_seconds
        self.received_bytes = 0

    def sendall(self, data: bytes) -> None:
        self._set_timeout()
        self._sock.sendall(data)

    def receive_into(self, buffer: Any) -> int:
        """Return how many bytes were received; 0 at the end of file."""
        self._set_timeout()
        count = int(self._sock.recv_into(buffer))
        self.received_bytes += count
        self.has_ended = count == 0
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def is_still_usable(self) -> bool:
        """Return False if the server has closed this idle connection or sent unexpected bytes."""
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
    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(buffer)


def connect_by_route(route: Route, deadline: Deadline) -> Connection:
    """Raises: AwsUnreachable."""
    try:
        return _open_connection(route, deadline)
    except OSError as cause:
        raise _unreachable_error(route.service, cause) from cause


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
            sock = _wrap_tls(sock, route.tls, route.host, deadline)
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
    """Look up the addresses in a daemon thread, because getaddrinfo takes no timeout.

    The host name is passed as bytes: for text the IDNA codec is imported, which costs 5 ms.
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
    seconds = min(_HANDSHAKE_SECONDS, deadline.seconds_left())
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    # ssl applies the socket's timeout to the whole handshake, not to each read of the handshake.
    sock.settimeout(seconds)
    if isinstance(sock, ssl.SSLSocket):
        # Python's ssl cannot add TLS to the TLS of an https proxy. Only users of such a proxy pay
        # for the import of urllib3, which takes 70 ms.
        from urllib3.util.ssltransport import SSLTransport

        return SSLTransport(sock, context, server_hostname=host, suppress_ragged_eofs=False)
    # The host name is bytes, so that the IDNA codec is not imported. Without
    # suppress_ragged_eofs=False, a cut answer without a Content-Length would count as complete.
    return context.wrap_socket(
        sock, server_hostname=host.encode("ascii"), suppress_ragged_eofs=False
    )


def _unreachable_error(service: str, cause: OSError) -> AwsUnreachable:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return AwsUnreachable(
            f"{service} cannot be reached: its TLS certificate cannot be checked",
            hint="behind a company proxy, set AWS_CA_BUNDLE to the file with the proxy's "
            "certificate",
        )
    # The error's own text is left out, because it may quote an address.
    kinds = (text for kind, text in _FAILURES.items() if isinstance(cause, kind))
    is_unroutable = cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)
    reason = next(kinds, "no route to it" if is_unroutable else "the connection failed")
    return NoConnection(f"{service} cannot be reached ({reason})", hint=CHECK_NETWORK)


def _proxy_error(route: Route, reason: str) -> AwsUnreachable:
    return AwsUnreachable(
        f"{route.service} cannot be reached: {reason}",
        hint="check HTTPS_PROXY and NO_PROXY; a proxy with a password is written: "
        "http://user:password@host",
    )


# -- the proxy, found as botocore does ----------------------------------------------------------


def find_https_proxy(authority: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an https host ("host" or "host:port"), None for a direct connection.

    urllib.request, whose import takes 8 ms, is imported only where there are proxy settings.
    Raises: AwsUnreachable for a proxy that cannot be used.
    """
    variables = _proxies_by_scheme(environ)
    if variables:
        if not variables.get("https"):
            return None
        # Undocumented, but nothing else reads NO_PROXY as botocore does.
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        bypassed = bool(proxy_bypass_environment(authority, variables))
        return None if bypassed else _parse_proxy_address(variables["https"])
    if not _SYSTEM_HAS_SETTINGS:
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get("https")
    return _parse_proxy_address(found) if found and not proxy_bypass(authority) else None


def _proxies_by_scheme(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies. As in urllib.request, lower-case variables win, even if empty."""
    names = [name for name in environ if name[-6:].lower() == "_proxy" and environ[name]]
    names += [name for name in environ if name[-6:] == "_proxy"]
    found = {name.lower()[:-6]: environ[name] for name in names}
    return {scheme: address for scheme, address in found.items() if address}


def _parse_proxy_address(address: str) -> Proxy:
    """Parse an address like http://user:password@host:port; without a scheme it means http."""
    text = address if "://" in address else f"http://{address.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not host.isascii() or parts.scheme not in PORTS:
        # The message does not show the address, which may hold a password.
        raise AwsUnreachable(
            "HTTPS_PROXY names no http or https proxy",
            hint="a proxy looks like: http://proxy.example.com:3128",
        )
    authorization = None
    if parts.username is not None and parts.password is not None:
        pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password)
        authorization = "Basic " + b2a_base64(pair, newline=False).decode()
    return Proxy(parts.scheme == "https", host, port or PORTS[parts.scheme], authorization)


# -- TLS certificates ---------------------------------------------------------------------------


def make_tls_context(bundle: str) -> ssl.SSLContext:
    """`bundle` is the file or folder of trusted certificates. Raises: AwsUnreachable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Python 3.11.2 (Debian 12) sets this option with OpenSSL 3, and an answer that is cut off
    # without TLS's closing message seems complete. OpenSSL 1.1 has no such option.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    try:
        kind = "capath" if os.path.isdir(bundle) else "cafile"
        context.load_verify_locations(**{kind: bundle})
    except OSError as cause:  # including ssl.SSLError
        raise AwsUnreachable(
            f'the certificates in "{show(bundle, 200)}" cannot be read',
            hint="AWS_CA_BUNDLE, or else REQUESTS_CA_BUNDLE, must name a file in PEM format: "
            "correct or unset it",
        ) from cause
    return context


def find_ca_bundle(environ: Mapping[str, str]) -> str:
    """Return the path of the trusted certificates, found as botocore does.

    An empty variable counts as unset here, but makes botocore fail. Raises: ConfigInvalid for a
    relative path, since the current folder may be anybody's repository.
    """
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        path = environ.get(variable)
        if path and not os.path.isabs(path):
            raise ConfigInvalid(
                f'{variable} is "{show(path, 200)}", which depends on the current folder',
                hint=f"name the file in {variable} by its absolute path, or unset it",
            )
        if path:
            return path
    return _find_public_ca_bundle()


def _find_public_ca_bundle() -> str:
    """Return certifi's bundle of certificates or else, like botocore, botocore's own.

    find_spec locates a package without importing it: the import of botocore costs 130 ms.
    """
    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = os.path.join(folder, "cacert.pem")
            if os.path.isfile(path):
                return path
        if spec is not None and package == "certifi":
            # A Linux distribution's certifi has no bundle of its own: its `where` returns the
            # system's.
            from certifi import where

            return str(where())
    raise AwsUnreachable(
        "there is no bundle of public certificates on this machine",
        hint="reinstall ssohelper, or name a bundle in AWS_CA_BUNDLE",
    )
