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
import threading
from typing import Any, Literal

from ssohelper.core.model import Secret
from ssohelper.wire.one_visitor import Listening, VisitorHandler, VisitorServer

Outcome = Literal["served", "refused", "nobody came"]

_TCP_TABLE = "/proc/net/tcp"


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
        elif _is_of_another_user(self.client_address, self.server.server_port):
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
