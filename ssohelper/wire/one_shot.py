"""OneShotRedirect: a loopback address that sends one visitor on, once.

An opener's arguments are read by every user of the machine (`ps`), so it gets this address in
place of the one with a secret in it. The path is 256 random bits, and where the system tells
the user of a connection, another user is refused even with the right path.
"""

import contextlib
import hmac
import secrets
import socket
import sys
import threading
from typing import Literal

from ssohelper import peer
from ssohelper.core.model import Secret
from ssohelper.wire.one_visitor import Listening, VisitorHandler, VisitorServer

Outcome = Literal["served", "refused", "nobody came"]


class OneShotRedirect(Listening["_Server"]):
    """Listens from its making on; `with` ends it."""

    def __init__(self, target: Secret) -> None:
        super().__init__(_Server(target), "one-shot")

    @property
    def url(self) -> str:
        return self._server.origin + self._server.path

    def wait(self, seconds: float) -> Outcome:
        """Return what became of the address: "refused" when only another user came for it."""
        if self._server.served.wait(seconds):
            return "served"
        return "refused" if self._server.was_refused else "nobody came"


class _Server(VisitorServer):
    def __init__(self, target: Secret) -> None:
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.served = threading.Event()
        self.was_refused = False
        self._target: Secret | None = target
        self._taking = threading.Lock()
        super().__init__(_Handler)

    def take(self) -> Secret | None:
        """Return the target to the first who asks, None to all others."""
        with self._taking:
            target, self._target = self._target, None
            return target


class _Handler(VisitorHandler):
    server: _Server

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

    def do_GET(self) -> None:
        if not self.is_for_us():
            self.answer(403)
        elif not hmac.compare_digest(self.path.encode(), self.server.path.encode()):
            self.answer(404)
        elif not _may_visit(self.connection):
            self.server.was_refused = True
            self.answer(403)
        else:
            self._send_on()

    def _send_on(self) -> None:
        target = self.server.take()
        if target is None:
            self.answer(410)
            return
        self._has_answered = True
        self.answer(302, ("Location", target.reveal()))


def _may_visit(connection: socket.socket) -> bool:
    """Return whether the browser runs as this user or as root.

    Linux always tells the user of a connection that is still open; elsewhere the path has to do.
    """
    return peer.is_allowed(peer.peer_uid(connection), unknown=sys.platform != "linux")
