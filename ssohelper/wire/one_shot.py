"""OneShotRedirect: a loopback address that sends one visitor on, once.

An opener's arguments are read by every user of the machine (`ps`), so it gets this address in
place of the one with a secret in it. The path is 256 random bits, and where the system tells
whose the connection is, another user is refused even with the right path.
"""

import contextlib
import hmac
import os
import secrets
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from ssohelper.core.model import Secret

Outcome = Literal["served", "refused", "nobody came"]

_HOST = "127.0.0.1"
_READ_SECONDS = 5
_TCP_TABLE = "/proc/net/tcp"


class OneShotRedirect:
    """Listens from its making on; `with` ends it."""

    def __init__(self, target: Secret) -> None:
        self._server = _Server(target)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True, name="ssohelper-one-shot"
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self._server.server_port}{self._server.path}"

    def wait(self, seconds: float) -> Outcome:
        """Return what became of the address: "refused" when only another user came for it."""
        if self._server.served.wait(seconds):
            return "served"
        return "refused" if self._server.was_refused else "nobody came"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_READ_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, target: Secret) -> None:
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.served = threading.Event()
        self.was_refused = False
        self._target: Secret | None = target
        self._taking = threading.Lock()
        super().__init__((_HOST, 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks for this host's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, int(self.server_address[1])

    def take(self) -> Secret | None:
        """Return the target to the first who asks, None to all others."""
        with self._taking:
            target, self._target = self._target, None
            return target

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no news, and a trace would show the target."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _READ_SECONDS
    server: _Server
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self._has_answered = False

    def finish(self) -> None:
        super().finish()
        if self._has_answered:
            # All of it is on its way: the process may end now.
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
            self.server.served.set()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: request lines carry the path."""

    def do_GET(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if hosts != [f"{_HOST}:{self.server.server_port}"]:
            self._answer(403)
        elif not hmac.compare_digest(self.path.encode(), self.server.path.encode()):
            self._answer(404)
        elif _is_of_another_user(self.client_address, self.server.server_port):
            self.server.was_refused = True
            self._answer(403)
        else:
            self._send_on()

    def _send_on(self) -> None:
        target = self.server.take()
        if target is None:
            self._answer(410)
            return
        self._has_answered = True
        self._answer(302, ("Location", target.reveal()))

    def _answer(self, status: int, *more: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in (
            *more,
            ("Content-Length", "0"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()


def _is_of_another_user(client: Any, port: int) -> bool:
    """Tell whether the other end belongs to somebody else; False where no one can tell.

    root may act for anybody: it opens browsers of the person whose session it is.
    """
    user = getattr(os, "geteuid", lambda: 0)()
    owner = _owner_of(client[1], port) if user else None
    return owner is not None and owner not in (0, user)


def _owner_of(client_port: int, port: int) -> int | None:
    """Return the uid of the socket on 127.0.0.1 that talks to us, as Linux lists it."""
    wanted = (f"0100007F:{client_port:04X}", f"0100007F:{port:04X}")
    try:
        with open(_TCP_TABLE) as table:
            for line in table:
                words = line.split()
                if tuple(words[1:3]) == wanted:
                    return int(words[7])
    except (OSError, ValueError, IndexError):
        return None
    return None
