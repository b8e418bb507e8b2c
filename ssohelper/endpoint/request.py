"""One request of an SDK's, read to the letter: whatever is not exactly the right one is refused.

Pure. Far stricter than HTTP allows: no body, no folded line, no repeated or unusual header. What
a browser adds to every request that a page can make is what gives such a request away.
"""

import hmac
import re
from typing import NamedTuple

from ssohelper.core.model import Secret
from ssohelper.core.text import to_json

HEAD_LIMIT_BYTES = 8192
END_OF_HEAD = b"\r\n\r\n"
_MOST_HEADERS = 64
_REQUEST_LINE = re.compile(rb"GET (/[!-~]*) HTTP/1\.[01]")
# One space after the colon as every SDK sends it: the value is then compared as it stands.
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[ -~\t]*[!-~])?|)")
# A page cannot leave these out of its requests, an SDK sends none of them.
_BROWSER_MARKS = frozenset({b"origin", b"referer", b"cookie"})
_BROWSER_PREFIXES = (b"sec-", b"access-control-")
_BODY_MARKS = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"trailer"})

_REASONS = {
    200: "OK",
    401: "Unauthorized",
    403: "Forbidden",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Door(NamedTuple):
    """What the right request has. `token` is None where the door itself tells who is there."""

    path: str
    hosts: frozenset[str]
    token: Secret | None


def is_right(head: bytes, door: Door) -> bool:
    """Tell whether these bytes, up to the empty line, are the one request that is answered."""
    if len(head) > HEAD_LIMIT_BYTES or not head.endswith(END_OF_HEAD):
        return False
    lines = head.removesuffix(END_OF_HEAD).split(b"\r\n")
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None or line.group(1) != door.path.encode() or len(lines) > _MOST_HEADERS + 1:
        return False
    headers = _headers(lines[1:])
    if headers is None or not _is_of_an_sdk(headers):
        return False
    if headers.get(b"host", b"").decode("latin-1") not in door.hosts:
        return False
    if door.token is None:
        return True
    said = headers.get(b"authorization", b"")
    return hmac.compare_digest(said, door.token.reveal().encode())


def answer(status: int, body: bytes) -> bytes:
    """Return the whole answer; after it the connection is closed."""
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


def refusal() -> bytes:
    """Return the one answer to every wrong request: it tells nothing."""
    return answer(403, said("Forbidden", "this request is not answered"))


def said(code: str, message: str) -> bytes:
    """Return an error as the SDKs read it."""
    return to_json({"code": code, "message": message}).encode()


def _headers(lines: list[bytes]) -> dict[bytes, bytes] | None:
    """Return the headers by their names in lower case; None when one is odd or is there twice."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            return None
        name = match.group(1).lower()
        if name in found:
            return None
        found[name] = match.group(2)
    return found


def _is_of_an_sdk(headers: dict[bytes, bytes]) -> bool:
    if headers.get(b"content-length", b"0") != b"0":
        return False
    return not any(
        name in _BROWSER_MARKS or name in _BODY_MARKS or name.startswith(_BROWSER_PREFIXES)
        for name in headers
    )
