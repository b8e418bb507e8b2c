"""Serves pages on 127.0.0.1 to the user's browser: one-time redirects, the sign-in callback.

The command that opens the browser gets a one-time redirect: every user of the machine can read a
command's arguments, and the real address holds a state, a user code or a sign-in token.
"""

import hmac
import os
import queue
import secrets
import sys
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple, Self
from urllib.parse import parse_qs

from ssohelper.core.local_http import Answer, ClosableServer, HttpRules, Request
from ssohelper.core.model import Secret
from ssohelper.wire.local_server import HOST, LocalServer

CALLBACK_PATH = "/oauth/callback"
_MOST_CLIENTS = 20
_LONGEST_QUERY = 8192

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - ssohelper</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""


def _make_page(status: int, title: str, text: str) -> Answer:
    body = _PAGE.format(title=title, text=text).encode()
    return Answer(status, body, "text/html; charset=utf-8")


_RECEIVED = _make_page(
    200, "Sign-in received", "You can close this tab and go back to your terminal."
)
_DENIED = _make_page(
    200, "Not signed in", "The sign-in was refused. Your terminal says what to do next."
)
_DENIED_BY_UNKNOWN = _make_page(
    400,
    "Not signed in",
    "ssohelper cannot tell which user of this machine refused the sign-in, so it still waits: "
    "end it in your terminal with Ctrl-C.",
)
_NOT_EXPECTED = _make_page(400, "Not expected", "This request belongs to no sign-in.")
_NOT_FOUND = _make_page(404, "Not found", "There is no such page.")
_REFUSED = _make_page(
    403, "Refused", "Open the address that your terminal shows, in a browser on this machine."
)
_USED = _make_page(
    410, "Used already", "This address works once. Your terminal shows how to go on."
)
_OVER = _make_page(410, "Already done", "This sign-in is over. You can close this tab.")

Outcome = Literal["served", "refused", "not visited"]
_Page = Callable[[Request, str], Answer]


class BrowserPages(ClosableServer):
    """Listens on a port (0: a free one) from the first `add_redirect` (or `start`) until `close`."""

    def __init__(self, port: int = 0, *, admits_unknown: bool = False) -> None:
        self._admits_unknown = admits_unknown
        self._server: LocalServer | None = None
        self.port = port
        self._pages: dict[str, _Page] = {}

    def start(self) -> None:
        self._server = LocalServer(self.port, self._set_rules)
        self._server.start()

    def _set_rules(self, port: int) -> Self:
        self.port = port
        self.rules = HttpRules(
            hosts=frozenset({f"{HOST}:{port}"}),
            refusal=_REFUSED,
            for_browsers=True,
            most_clients=_MOST_CLIENTS,
            admits_unknown=self._admits_unknown,
        )
        return self

    def add_redirect(self, target: Secret) -> "OneTimeRedirect":
        """Return a new address that redirects the first visit. Raises: LocalState."""
        if self._server is None:
            self.start()
        path = f"/{secrets.token_urlsafe(32)}"
        made = OneTimeRedirect(self._origin + path, target, lambda: self.has_refused_a_user)
        self._pages[path] = made.answer
        return made

    @property
    def has_refused_a_user(self) -> bool:
        """Whether a client was refused because its user is unknown or another user."""
        return self._server is not None and self._server.has_refused_a_user

    @property
    def _origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    def answer(self, request: Request) -> Answer:
        wanted, _, query = request.target.partition("?")
        for path, page in list(self._pages.items()):
            if hmac.compare_digest(wanted.encode(), path.encode()):
                return page(request, query)
        return _NOT_FOUND

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class OneTimeRedirect:
    """Redirects the first visitor. Its path has 256 random bits, so that no other user can guess
    it.
    """

    def __init__(self, url: str, target: Secret, has_refused: Callable[[], bool]) -> None:
        self.url = url
        self._target: Secret | None = target
        self._has_refused = has_refused
        self._lock = threading.Lock()
        self._served = threading.Event()

    def wait_for_visit(self, seconds: float) -> Outcome:
        """Wait for the browser's visit; "refused" if only another or unknown user visited."""
        if self._served.wait(seconds):
            return "served"
        return "refused" if self._has_refused() else "not visited"

    def answer(self, request: Request, _query: str) -> Answer:
        if "?" in request.target:
            return _NOT_FOUND
        # Under WSL the browser runs on Windows, so Linux cannot tell the browser's user.
        if not request.is_ours and not _is_running_in_wsl():
            return _REFUSED
        with self._lock:
            target, self._target = self._target, None
        if target is None:
            return _USED
        return Answer(302, b"", "text/plain", location=target, after=self._served.set)


class Callback(NamedTuple):
    code: Secret | None
    error: str | None


class SignInPages(BrowserPages):
    """The pages of a sign-in, with its callback. Listens when created.

    A callback with a wrong state has no effect: any web page can send one. Linux cannot tell the
    user of Windows programs in WSL, or of any program in gVisor: from an unknown user, only the
    right state and a code count.
    """

    def __init__(self, state: Secret, port: int = 0) -> None:
        super().__init__(port, admits_unknown=True)
        self._state = state
        self._arrived: queue.SimpleQueue[Callback] = queue.SimpleQueue()
        self._taken = threading.Lock()
        self._pages[CALLBACK_PATH] = self._answer_callback
        self.start()

    @property
    def redirect_uri(self) -> str:
        return self._origin + CALLBACK_PATH

    def wait_for_callback(self, seconds: float) -> Callback | None:
        try:
            return self._arrived.get(timeout=seconds)
        except queue.Empty:
            return None

    def read_address(self, address: str) -> Callback | None:
        """Return the callback in the address of the page that a browser could not reach here."""
        callback = self._parse_callback(address.strip().partition("?")[2])
        return callback if callback and self._taken.acquire(blocking=False) else None

    def _answer_callback(self, request: Request, query: str) -> Answer:
        if self._taken.locked():
            return _OVER
        callback = self._parse_callback(query)
        if callback is None:
            return _NOT_EXPECTED
        if callback.code is None and not request.is_ours:
            return _DENIED_BY_UNKNOWN
        if not self._taken.acquire(blocking=False):
            return _OVER
        page = _RECEIVED if callback.code else _DENIED
        # Report the callback only when the page has been sent: the process may end soon after.
        return page._replace(after=lambda: self._arrived.put(callback))

    def _parse_callback(self, query: str) -> Callback | None:
        if len(query) > _LONGEST_QUERY:
            return None
        fields = parse_qs(query, keep_blank_values=True)
        if any(len(values) != 1 for values in fields.values()):
            return None
        state = fields.get("state", [""])[0]
        expected = self._state.reveal().encode()
        if not hmac.compare_digest(state.encode("utf-8", "replace"), expected):
            return None
        if fields.get("error"):
            return Callback(None, fields["error"][0][:100])
        code = fields.get("code", [""])[0]
        return Callback(Secret(code), None) if code else None


def _is_running_in_wsl() -> bool:
    return sys.platform == "linux" and "microsoft" in os.uname().release.lower()
