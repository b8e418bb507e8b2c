"""The system log, which takes a line of the journal where the journal's own file does not.

The line is sent here and not by syslog(3), which does not report whether a daemon took the line,
and which waits without end for a daemon that is stopped.
"""

import contextlib
import os
import socket
import sys
import time

# Where a daemon listens: Linux and FreeBSD, then macOS.
SOCKETS = ("/dev/log", "/var/run/log", "/var/run/syslog")
# RFC 3164: facility authpriv (10), severity notice (5).
_PRIORITY = 10 * 8 + 5
_WAIT_SECONDS = 1.0


def send(text: bytes) -> bool:
    """Send one line to the system log; return whether a daemon took it."""
    at = time.strftime("%b %d %H:%M:%S")
    message = b"<%d>%s ssohelper[%d]: %s" % (_PRIORITY, at.encode(), os.getpid(), text)
    return any(_send(message, path) for path in SOCKETS)


if sys.platform == "win32":

    def _send(_message: bytes, _path: str) -> bool:
        return False
else:

    def _send(message: bytes, path: str) -> bool:
        """Send to the socket at `path`: datagrams, or a stream, as some daemons have it."""
        for kind, end in ((socket.SOCK_DGRAM, b""), (socket.SOCK_STREAM, b"\n")):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(_WAIT_SECONDS)
                connection.connect(path)
                connection.sendall(message + end)
                return True
        return False
