"""Decides which HTTP requests the local servers answer, and builds the bytes of an answer. No I/O.

The rules are far stricter than HTTP's: only GET (and HEAD, which gets the answer of HEALTH_PATH),
no body, no folded line, one exact Host.
`LocalServer` (wire/local_server.py) reads the bytes of a request; `HttpRules` parses the request,
or refuses it if it breaks a rule.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

from ssohelper.core.model import Secret

END_OF_HEAD = b"\r\n\r\n"
# The path that says that a server runs, and nothing else.
HEALTH_PATH = "/health"
_REQUEST_LINE = re.compile(rb"(GET|HEAD) (/[!-~]*) HTTP/1\.[01]")
# Matches an HTTP header line. At most one space may follow the colon, because SDKs and browsers
# send no more.
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[ -~\t]*[!-~])?|)")
# Matches a header line of a browser, whose cookies from other local programs may hold any byte
# except control characters.
_BROWSER_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([ -~\t\x80-\xff]*)")
# Headers that only browsers send: a web page cannot leave them out, and no SDK sends any of them.
_BROWSER_MARKS = frozenset({b"origin", b"referer", b"cookie"})
_BROWSER_PREFIXES = (b"sec-", b"access-control-")
_BODY_MARKS = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"trailer"})
_LOCATION = re.compile(r"https?://[!-~]+")

_REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_HEADERS = (
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Connection: close\r\n\r\n"
)


class Request(NamedTuple):
    """An HTTP request that passed the checks. Header names are in lower case.

    `target` is the path with its query, as the client sent it. `is_ours` is True if a process of
    this user or of root sent the request. It is False if the system cannot tell the user: only a
    server with `admits_unknown` answers such a request.
    """

    target: str
    headers: dict[bytes, bytes]
    is_ours: bool


class Answer(NamedTuple):
    """An HTTP answer, after which the connection is closed.

    The function `after` is called when the answer has been sent, or when sending it has failed.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    location: Secret | None = None
    after: Callable[[], None] | None = None

    def encoded(self) -> bytes:
        """Return the bytes of the answer: head and body."""
        head = (
            f"HTTP/1.1 {self.status} {_REASONS[self.status]}\r\n"
            f"Content-Type: {self.content_type}\r\n"
            f"Content-Length: {len(self.body)}\r\n"
        )
        if self.location is not None:
            target = self.location.reveal()
            if not _LOCATION.fullmatch(target):
                raise ValueError("the address of a redirect is no http address")
            head += f"Location: {target}\r\n"
        return (head + _HEADERS).encode() + self.body


class HttpRules(NamedTuple):
    """The rules that decide which clients and requests a local server answers.

    `refusal` is the answer to every request that breaks a rule. At most `most_clients` clients are
    connected at once. `for_browsers` means that the clients are browsers; without it, requests with
    headers that only browsers send are refused. `admits_unknown` means that clients are answered
    even if Linux cannot tell their user.
    """

    hosts: frozenset[str]
    refusal: Answer
    most_clients: int
    for_browsers: bool = False
    admits_unknown: bool = False

    @property
    def head_limit_bytes(self) -> int:
        """Return how many bytes the head of an HTTP request may have."""
        # A browser also sends the cookies of every other program that has served on this address.
        return 65536 if self.for_browsers else 8192

    def parse_request(self, head: bytes, *, is_ours: bool) -> Request | None:
        """Return the request in `head`, which ends with an empty line; None to refuse it."""
        if len(head) > self.head_limit_bytes or not head.endswith(END_OF_HEAD):
            return None
        lines = head.removesuffix(END_OF_HEAD).split(b"\r\n")
        line = _REQUEST_LINE.fullmatch(lines[0])
        headers = self._parse_headers(lines[1:])
        if line is None or headers is None or not _has_no_body(headers):
            return None
        if not self.for_browsers and _are_headers_of_a_browser(headers):
            return None
        if headers.get(b"host", b"").decode("latin-1") not in self.hosts:
            return None
        if line.group(1) == b"HEAD":
            return None if self.for_browsers else Request(HEALTH_PATH, headers, is_ours)
        return Request(line.group(2).decode(), headers, is_ours)

    def _parse_headers(self, lines: list[bytes]) -> dict[bytes, bytes] | None:
        """Return the headers by name; None if one is malformed or repeated, or if there are over 64."""
        if len(lines) > 64:
            return None
        form = _BROWSER_HEADER if self.for_browsers else _HEADER
        found: dict[bytes, bytes] = {}
        for line in lines:
            match = form.fullmatch(line)
            if match is None or match.group(1).lower() in found:
                return None
            found[match.group(1).lower()] = match.group(2)
        return found


def _has_no_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") == b"0" and _BODY_MARKS.isdisjoint(headers)


def _are_headers_of_a_browser(headers: dict[bytes, bytes]) -> bool:
    return any(name in _BROWSER_MARKS or name.startswith(_BROWSER_PREFIXES) for name in headers)


class RequestHandler(Protocol):
    """Answers the requests that a local server has checked by `rules`."""

    @property
    def rules(self) -> HttpRules:
        """Return the rules for the clients and requests of this server."""
        ...

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request that passed the checks."""
        ...


class ClosableServer:
    """Base class of local servers: a `with` block closes the server at its end."""

    def close(self) -> None:
        """Stop listening for clients."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
