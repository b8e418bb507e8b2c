"""The emulator's HTTP/1.1 server on 127.0.0.1, with one thread for each connection."""

import contextlib
import email.utils
import itertools
import socket
import socketserver
import ssl
import struct
import sys
import threading
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ssohelper.emulator import control
from ssohelper.emulator.exchange import Answer, json_answer, make_request
from ssohelper.emulator.service import Service

HOST = "127.0.0.1"
_MAX_BODY = 1 << 20
_IDLE_SECONDS = 120


class EmulatorError(RuntimeError):
    pass


class Listener(ThreadingHTTPServer):
    """The event `stopping` is set when the emulator stops."""

    daemon_threads = True
    block_on_close = False
    # 500 test processes may connect at once, which would time out with the default backlog of 5.
    request_queue_size = 1024

    def __init__(self, service: Service, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.service = service
        self.tls = tls
        self.stopping = threading.Event()
        self.connections = itertools.count(1)
        self.open: set[socket.socket] = set()
        self.hosts: frozenset[str] = frozenset()
        super().__init__((HOST, port), _Handler)
        service.wait = self.stopping.wait

    def server_bind(self) -> None:
        # HTTPServer's method would look up this host's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])
        self.hosts = frozenset({f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"})

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may close their connections at any time. All other errors are bugs.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def shutdown(self) -> None:
        # Wakes the server's loop, which would check only every 50 ms. macOS refuses this.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()

    def close_connections(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Listener
    connection: socket.socket
    # The host for which the client asked the proxy; "" if the client does not use the proxy.
    host = ""

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.connections)
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()
        if self.host:  # the server would close only the plain socket, which TLS detached
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, because request lines contain sign-in codes and role names."""

    def _answer_request(self) -> None:
        if self.server.stopping.is_set():
            self.close_connection = True
            return
        refused = self._refuse_unsafe_request()
        if refused is not None:
            self.close_connection = True
            self._send_answer(refused)
            return
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = make_request(
            self.command, parts.path, parts.query, dict(self.headers), body, self.number, self.host
        )
        self._send_answer(control.handle_request(self.server.service, request))

    def do_CONNECT(self) -> None:
        host, _, port = self.path.lower().rpartition(":")
        tls = self.server.tls
        if (
            tls is None
            or self.host
            or port != "443"
            or not self.server.service.internet.has_host(host)
        ):
            self.close_connection = True
            self._send_answer(json_answer({"message": "no such host (EMULATOR)"}, 502))
            return
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.server.open.discard(self.connection)
        try:
            self.connection = tls.wrap_socket(self.connection, server_side=True)
        except OSError:  # the client does not trust the certificate
            self.close_connection = True
            return
        self.server.open.add(self.connection)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb")
        self.host, self.close_connection = host, False

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _answer_request

    def _refuse_unsafe_request(self) -> Answer | None:
        """Refuse requests of DNS rebinding, and bodies that are too long or have no clear length."""
        hosts = self.headers.get_all("Host") or []
        allowed = {self.host, f"{self.host}:443"} if self.host else self.server.hosts
        length = self.headers.get("Content-Length") or "0"
        if len(hosts) != 1 or hosts[0].lower() not in allowed:
            status, message = 403, "this EMULATOR answers on loopback only"
        elif "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            status, message = 411, "the request needs a Content-Length, and no Transfer-Encoding"
        elif int(length) > _MAX_BODY:
            status, message = 413, "the request's body is too long"
        elif not self.path.startswith("/"):
            status, message = 400, "the path must begin with /"
        else:
            return None
        return json_answer({"message": message}, status)

    def _send_answer(self, answer: Answer) -> None:
        delivery = answer.delivery
        if delivery.delay_seconds:
            self.server.stopping.wait(delivery.delay_seconds)
        if delivery.never:
            self.server.stopping.wait()
        if delivery.never or delivery.reset:
            self._drop_connection(reset=delivery.reset)
            return
        body = answer.body if self.command != "HEAD" else b""
        if delivery.close_after is not None:
            body = body[: delivery.close_after]
        head = self._encode_head(answer)
        if delivery.seconds_per_byte:
            self._send_slowly(head, body, delivery.seconds_per_byte)
        else:
            self.connection.sendall(head + body)
        if delivery.close_after is not None:
            self._drop_connection()

    def _encode_head(self, answer: Answer) -> bytes:
        given = {name.lower() for name, _ in answer.headers}
        lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        date = self.server.service.faults.date_header
        if date and "date" not in given:
            now = email.utils.formatdate(self.server.service.now(), usegmt=True)
            lines.append(f"Date: {now if date is True else date}")
        if "content-length" not in given and "transfer-encoding" not in given:
            lines.append(f"Content-Length: {len(answer.body)}")
        lines.append("Server: ssohelper-EMULATOR")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send_slowly(self, head: bytes, body: bytes, seconds: float) -> None:
        self.connection.sendall(head)
        for position in range(len(body)):
            if self.server.stopping.wait(seconds):
                return
            self.connection.sendall(body[position : position + 1])

    def _drop_connection(self, reset: bool = False) -> None:
        self.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # The reset is sent when the socket is closed, so `rfile` and `wfile`, which delay that,
            # are closed too.
            self.server.open.discard(self.connection)
