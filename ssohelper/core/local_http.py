"""Decides which HTTP requests the local servers answer; far fewer than HTTP allows. No I/O."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, Protocol, Self

from ssohelper.core.model import Secret

END_OF_HEAD = b"\r\n\r\n"
HEALTH_PATH = "/health"
_REQUEST_LINE = re.compile(rb"(GET|HEAD) (/[!-~]*) HTTP/1\.[01]")
# At most one space may follow the colon: SDKs and browsers send no more.
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[ -~\t]*[!-~])?|)")
# A browser sends the cookies of other local programs, with any byte but control characters.
_BROWSER_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([ -~\t\x80-\xff]*)")
# A web page cannot leave these headers out, and no SDK sends any of them.
_BROWSER_MARKS = frozenset({b"origin", b"referer", b"cookie"})
_BROWSER_PREFIXES = (b"sec-", b"access-control-")
_BODY_MARKS = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"trailer"})
_LOCATION = re.compile(r"https?://[!-~]+")

_HEADERS = (
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Connection: close\r\n\r\n"
)


class Request(NamedTuple):
    """An HTTP request that passed the checks. Header names are in lower case.

    `is_ours` says whether a process of this user or of root sent it. Only a server with
    `admits_unknown` answers other requests: those whose user the system cannot tell.
    """

    target: str
    headers: dict[bytes, bytes]
    is_ours: bool


class Answer(NamedTuple):
    """An HTTP answer. `after` is called when the answer has been sent, or sending has failed."""

    status: int
    body: bytes
    content_type: str = "application/json"
    location: Secret | None = None
    after: Callable[[], None] | None = None

    def encoded(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
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
    """`refusal` answers every request that breaks a rule.

    Without `for_browsers`, requests with headers that only browsers send are refused. With
    `admits_unknown`, clients are answered even if Linux cannot tell their user.
    """

    hosts: frozenset[str]
    refusal: Answer
    most_clients: int
    for_browsers: bool = False
    admits_unknown: bool = False

    @property
    def head_limit_bytes(self) -> int:
        # A browser also sends the cookies of every other program that has served on this address.
        return 65536 if self.for_browsers else 8192

    def parse_request(self, head: bytes, *, is_ours: bool) -> Request | None:
        """Return the request, or None to refuse it."""
        if len(head) > self.head_limit_bytes or not head.endswith(END_OF_HEAD):
            return None
        lines = head.removesuffix(END_OF_HEAD).split(b"\r\n")
        line = _REQUEST_LINE.fullmatch(lines[0])
        headers = self._parse_headers(lines[1:])
        if line is None or headers is None or not _BODY_MARKS.isdisjoint(headers):
            return None
        if headers.get(b"content-length", b"0") != b"0":
            return None
        if not self.for_browsers and any(
            name in _BROWSER_MARKS or name.startswith(_BROWSER_PREFIXES) for name in headers
        ):
            return None
        if headers.get(b"host", b"").decode("latin-1") not in self.hosts:
            return None
        if line.group(1) == b"HEAD":
            return None if self.for_browsers else Request(HEALTH_PATH, headers, is_ours)
        return Request(line.group(2).decode(), headers, is_ours)

    def _parse_headers(self, lines: list[bytes]) -> dict[bytes, bytes] | None:
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


class RequestHandler(Protocol):
    """Answers requests that a local server has checked by `rules`."""

    @property
    def rules(self) -> HttpRules: ...

    def answer(self, request: Request) -> Answer: ...


class ClosableServer:
    """A `with` block closes the server at its end."""

    def close(self) -> None:
        """Stop listening."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
