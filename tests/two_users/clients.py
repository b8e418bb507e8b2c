"""What the attacker runs: a bare HTTP client that gets no file of ours, and prints what comes back."""

import subprocess
from urllib.parse import urlsplit

from tests.two_users.conftest import User

# How a connection to 127.0.0.1 is made: `::ffff:127.0.0.1` stands in another table of the kernel.
IPV4, MAPPED = "127.0.0.1", "::ffff:127.0.0.1"
ADDRESSES = (IPV4, MAPPED)

# Words: address or socket's path, port (0: a socket file), the request, and what is done after it
# was sent: "read" the answer, or "close" at once.
_CLIENT = """
import socket, sys
address, port, request, then = sys.argv[1:]
family = socket.AF_UNIX if port == "0" else socket.AF_INET6 if ":" in address else socket.AF_INET
client = socket.socket(family)
client.settimeout(30)
try:
    client.connect(address if port == "0" else (address, int(port)))
    client.sendall(request.encode().decode("unicode_escape").encode())
    while then == "read" and (part := client.recv(65536)):
        sys.stdout.write(part.decode())
except OSError as error:
    print(type(error).__name__)
"""


def get(url: str, *headers: str) -> str:
    """Return the request for this address."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", *headers]
    return "".join(f"{line}\\r\\n" for line in [*lines, ""])


def send(
    user: User, address: str, port: int | None, request: str, then: str = "read"
) -> "subprocess.CompletedProcess[str]":
    """Send the bytes as this user; stdout is what came back, or the name of the error."""
    return user.python(_CLIENT, address, str(port or 0), request, then)


def visit(user: User, url: str, *headers: str, via: str = IPV4, then: str = "read") -> str:
    """Return what the address answered this user with; nothing when it hung up."""
    done = send(user, via, urlsplit(url).port, get(url, *headers), then)
    assert done.stderr == ""
    return done.stdout


# A server that hangs up on a user has not read the request, or has not even been written to.
HUNG_UP = ("", "ConnectionResetError\n", "BrokenPipeError\n")
