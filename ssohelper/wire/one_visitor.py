"""What our listeners for a browser share: HTTP on 127.0.0.1 alone, for one visitor, saying little.

Request lines carry codes and one-time paths, so nothing is logged and no trace is printed.
"""

import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Generic, Self, TypeVar

HOST = "127.0.0.1"
READ_SECONDS = 5
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Connection", "close"),
)


class VisitorServer(ThreadingHTTPServer):
    """An HTTP server on a port of the kernel's choice."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, handler: type["VisitorHandler"]) -> None:
        super().__init__((HOST, 0), handler)

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        # HTTPServer's own asks for this host's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no news, and a trace would show a secret."""


class VisitorHandler(BaseHTTPRequestHandler):
    """One request of a browser's, answered with headers that keep it from going further."""

    timeout = READ_SECONDS
    server: VisitorServer
    connection: socket.socket

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: request lines carry secrets."""

    def is_for_us(self) -> bool:
        """Tell whether Host is our own address: a name that a page had rebound is not."""
        hosts = self.headers.get_all("Host") or []
        return hosts == [f"{HOST}:{self.server.server_port}"]

    def answer(self, status: int, *headers: tuple[str, str], body: bytes = b"") -> None:
        self.send_response_only(status)
        for name, value in (*headers, ("Content-Length", str(len(body))), *_HEADERS):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


_Server = TypeVar("_Server", bound=VisitorServer)


class Listening(Generic[_Server]):
    """A server that listens from its making on; `with` ends it."""

    def __init__(self, server: _Server, name: str) -> None:
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), daemon=True, name=f"ssohelper-{name}"
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(READ_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
