"""CallbackListener: where the browser comes back to after a sign-in, on 127.0.0.1 alone.

It listens before a browser is started. Requests that are not the one awaited are answered and
change nothing: any page in the browser can send some, with any error and any state.
"""

import hmac
import queue
import socket
import threading
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from ssohelper.core.model import Secret
from ssohelper.wire.one_visitor import Listening, VisitorHandler, VisitorServer

CALLBACK_PATH = "/oauth/callback"
_MOST_CONNECTIONS = 20
_LONGEST_QUERY = 8192

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - ssohelper</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
_DONE = _PAGE.format(
    title="Sign-in received", text="You can close this tab and go back to your terminal."
)
_DENIED = _PAGE.format(
    title="Not signed in", text="The sign-in was refused. Your terminal says what to do next."
)
_IGNORED = _PAGE.format(title="Not expected", text="This request belongs to no sign-in.")
_OVER = _PAGE.format(title="Already done", text="This sign-in is over. You can close this tab.")


class Callback(NamedTuple):
    """What the browser brought: a code, or AWS's word for why there is none."""

    code: Secret | None
    error: str | None


class CallbackListener(Listening["_Server"]):
    """Listens from its making on; `with` ends it. `expect` a state, then `wait`."""

    def __init__(self) -> None:
        super().__init__(_Server(), "callback")

    @property
    def redirect_uri(self) -> str:
        return self._server.origin + CALLBACK_PATH

    def expect(self, state: Secret) -> None:
        """Take the callback with this state from now on, once."""
        self._server.state = state

    def wait(self, seconds: float) -> Callback | None:
        """Return the callback, or None when none came in time."""
        try:
            return self._server.arrived.get(timeout=seconds)
        except queue.Empty:
            return None


class _Server(VisitorServer):
    def __init__(self) -> None:
        self.state: Secret | None = None
        self.arrived: queue.Queue[Callback] = queue.Queue(1)
        self._taken = threading.Lock()
        self._open: dict[int, socket.socket] = {}
        self._open_lock = threading.Lock()
        super().__init__(_Handler)

    def take(self, callback: Callback) -> bool:
        """Keep the first callback; False for every later one."""
        if not self._taken.acquire(blocking=False):
            return False
        self.arrived.put(callback)
        return True

    @property
    def is_over(self) -> bool:
        return self._taken.locked()

    def opened(self, connection: socket.socket) -> None:
        """Note a connection; the oldest goes when there are too many, so the right one gets in."""
        with self._open_lock:
            self._open[id(connection)] = connection
            if len(self._open) <= _MOST_CONNECTIONS:
                return
            oldest = self._open.pop(next(iter(self._open)))
        try:
            oldest.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def closed(self, connection: socket.socket) -> None:
        with self._open_lock:
            self._open.pop(id(connection), None)


class _Handler(VisitorHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if not self.is_for_us():
            self._answer(403, _IGNORED)
        elif parts.path != CALLBACK_PATH:
            self._answer(404, _IGNORED)
        elif self.server.is_over:
            self._answer(410, _OVER)
        else:
            self._callback(parts.query)

    def _callback(self, query: str) -> None:
        callback = self._read(query)
        if callback is None:
            self._answer(400, _IGNORED)
        elif not self.server.take(callback):
            self._answer(410, _OVER)
        else:
            self._answer(200, _DONE if callback.code else _DENIED)

    def _read(self, query: str) -> Callback | None:
        """Return what the awaited request says; None for any other."""
        if len(query) > _LONGEST_QUERY:
            return None
        said = parse_qs(query, keep_blank_values=True)
        if any(len(values) != 1 for values in said.values()):
            return None
        state = said.get("state", [""])[0]
        expected = self.server.state
        if expected is None or not hmac.compare_digest(
            state.encode("utf-8", "replace"), expected.reveal().encode()
        ):
            return None
        if said.get("error"):
            return Callback(None, said["error"][0][:100])
        code = said.get("code", [""])[0]
        return Callback(Secret(code), None) if code else None

    def _answer(self, status: int, page: str) -> None:
        self.answer(status, ("Content-Type", "text/html; charset=utf-8"), body=page.encode())
