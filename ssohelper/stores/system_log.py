"""The system log, which gets a line of the journal when the journal's file cannot be written.

This module sends the line itself. syslog(3) does not report whether a daemon received the line, and
waits without end for a daemon that is stopped.
"""

import contextlib
import os
import socket
import sys
import time

# The sockets at which syslog daemons listen: on Linux and FreeBSD, then on macOS.
SOCKETS = ("/dev/log", "/var/run/log", "/var/run/syslog")
# The line's priority (RFC 3164): facility authpriv (10), severity notice (5).
_PRIORITY = 10 * 8 + 5
_WAIT_SECONDS = 1.0


def send_line_to_system_log(text: bytes) -> bool:
    """Send the line to the system log; return whether a syslog daemon received it."""
    at = time.strftime("%b %d %H:%M:%S")
    message = b"<%d>%s ssohelper[%d]: %s" % (_PRIORITY, at.encode(), os.getpid(), text)
    return any(_send_to_socket(message, path) for path in SOCKETS)


if sys.platform == "win32":

    def _send_to_socket(_message: bytes, _path: str) -> bool:
        return False
else:

    def _send_to_socket(message: bytes, path: str) -> bool:
        """Send the message to the socket at `path`: as a datagram, or as a stream if that fails."""
        for kind, end in ((socket.SOCK_DGRAM, b""), (socket.SOCK_STREAM, b"\n")):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(_WAIT_SECONDS)
                connection.connect(path)
                connection.sendall(message + end)
                return True
        return False
