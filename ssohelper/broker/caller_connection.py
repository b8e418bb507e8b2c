"""Serves a caller's connection to the broker: reads the request, sends the reply. Never blocks."""

import selectors
import socket
from collections.abc import Callable

from ssohelper.broker.requests import AskedBy, Request
from ssohelper.broker.state import Caller
from ssohelper.core.model import ACCOUNT_ID, CHAIN, ROLE_NAME, SESSION_NAME, RoleKey

# To send the whole request.
_REQUEST_SECONDS = 5.0
_LONGEST_REQUEST_BYTES = 512
# Callers wait for at most 50 s.
_LONGEST_WAIT_SECONDS = 60.0


class Connection:
    """Calls `on_request` once the request is read, `on_close` at the end."""

    def __init__(
        self,
        stream: socket.socket,
        selector: selectors.BaseSelector,
        now: float,
        *,
        on_request: Callable[[Caller], None],
        on_close: Callable[["Connection"], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._selector = selector
        self._on_request = on_request
        self._on_close = on_close
        self._monotonic = monotonic
        self._began_at = now
        self._read = bytearray()
        self._unsent = bytearray()
        self._ends = False
        self.caller: Caller | None = None
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ, self._on_ready)

    def is_late(self, now: float) -> bool:
        limit = _REQUEST_SECONDS if self.caller is None else _LONGEST_WAIT_SECONDS
        return now - self._began_at > limit

    def send(self, data: bytes, *, last: bool = False) -> None:
        """Send the data as fast as the caller reads. If `last`, close the connection afterwards."""
        self._unsent += data
        self._ends = self._ends or last
        self._send_unsent()

    def close(self) -> None:
        if self._stream.fileno() < 0:
            return
        self._selector.unregister(self._stream)
        self._stream.close()
        self._on_close(self)

    def _on_ready(self) -> None:
        if self._unsent:
            self._send_unsent()
        if self._stream.fileno() >= 0:
            self._receive_request()

    def _receive_request(self) -> None:
        try:
            piece = self._stream.recv(_LONGEST_REQUEST_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        if not piece:
            self.close()  # an empty read means that the caller has disconnected
            return
        if self.caller is not None:
            return
        self._read += piece
        if b"\n" in self._read:
            request = parse_request(bytes(self._read), self._monotonic())
            if request is None:
                self.close()
                return
            self.caller = Caller(request, self)
            self._on_request(self.caller)
        elif len(self._read) >= _LONGEST_REQUEST_BYTES:
            self.close()

    def _send_unsent(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._stream.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.close()
            return
        if not self._unsent and self._ends:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._stream, events, self._on_ready)


def parse_request(line: bytes, now: float) -> Request | None:
    """Return the request of a caller's line, None for a line of any other form.

    It is `ask SESSION ACCOUNT_ID ROLE MILLISECONDS SHARE WAITS PERMITTED PARENT TERMINAL`: ROLE may
    have a chain (`RoleKey.role_part`), MILLISECONDS is the time until the deadline, SHARE the least
    share in thousandths. WAITS: the caller may be told to wait past its deadline. PERMITTED: it has
    a ReleasePermit. PARENT and TERMINAL are of `fastpath.calling_process`, or `-`.
    """
    words = line.decode("ascii", "replace").split("\n")[0].split(" ")
    if len(words) != 10 or words[0] != "ask":
        return None
    session, account_id, role_name, *numbers = words[1:8]
    parent, terminal = ("" if word == "-" else word for word in words[8:])
    if not (SESSION_NAME.fullmatch(session) and ACCOUNT_ID.fullmatch(account_id)):
        return None
    key = RoleKey.of_parts(session, account_id, role_name)
    if not ROLE_NAME.fullmatch(key.role_name) or (
        key.role_part != key.role_name and not CHAIN.fullmatch(key.chain)
    ):
        return None
    if not all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers):
        return None
    milliseconds, share, waits, is_permitted = (int(number) for number in numbers)
    return Request(
        key,
        now,
        now + milliseconds / 1000,
        share / 1000,
        bool(waits),
        bool(is_permitted),
        AskedBy(parent, terminal),
    )
