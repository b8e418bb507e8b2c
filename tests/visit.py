"""Visits an address, as a browser does that follows redirects: `python -I -S visit.py URL`.

Most addresses are of this machine, without TLS. These are fetched without urllib, which takes four
times as long to import as all of this: over 500 tests sign in.
"""

import _socket
import os
import sys

_MOST_REDIRECTS = 10


def visit(url: str) -> None:
    """Get the page, and those to which it redirects."""
    for _ in range(_MOST_REDIRECTS):
        if (
            not url.startswith("http:")
            or os.environ.get("HTTPS_PROXY")
            or os.environ.get("HTTP_PROXY")
        ):
            import urllib.request

            urllib.request.urlopen(url, timeout=20).read()
            return
        url = find_redirect(url)
        if not url:
            return


def find_redirect(url: str) -> str:
    """Get the page; return the address to which it redirects, or ""."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return _location(_get(host, slash + path), f"{scheme}://{host}")


def _get(host: str, path: str) -> bytes:
    name, _, port = host.partition(":")
    to = _socket.socket()
    to.settimeout(20)
    to.connect((name, int(port or 80)))
    to.send(f"GET {path or '/'} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    answer = b""
    while got := to.recv(65536):
        answer += got
    to.close()
    return answer


def _location(answer: bytes, origin: str) -> str:
    """Return the address to which the answer redirects, or ""."""
    head = answer.partition(b"\r\n\r\n")[0].decode()
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "location":
            return origin + value.strip() if value.strip().startswith("/") else value.strip()
    return ""


if __name__ == "__main__":
    visit(sys.argv[1])
