"""Finds which user's process is at a socket's other end, and decides whether that user may connect.

For a local TCP connection, only Linux reports the user, by sock_diag(7) or /proc/net/tcp and tcp6.
"""

import os
import socket
import struct
import sys

# The fields of struct ucred (unix(7)): process id, user id, group id.
_UCRED = struct.Struct("3i")
# struct xucred of macOS (sys/ucred.h): version, user id, number of groups, 16 groups; sys/un.h.
_XUCRED = struct.Struct("@IIh16I")
_XUCRED_VERSION = 0
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1

# Values of linux/sock_diag.h and linux/inet_diag.h, and the positions of type, uid and inode in a
# reply.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_IS_REQUEST = 1
_ANY = 0xFFFFFFFF
_REPLY = struct.Struct("=4xH74x2I")

# An IPv6 socket, such as Java's, is in the second table, with the address ::ffff:127.0.0.1.
_TABLES = (("/proc/net/tcp", b""), ("/proc/net/tcp6", bytes(10) + b"\xff\xff"))


def find_peer_uid(connection: socket.socket) -> int | None:
    """Return the user id of the process at the other end of a unix socket or an IPv4 socket.

    None also if a TCP client has closed its socket, which the kernel then lists as root's.
    """
    try:
        if connection.family == socket.AF_INET:
            return _find_tcp_peer(connection)
        # On Windows, Python's socket module has no AF_UNIX.
        if connection.family == getattr(socket, "AF_UNIX", None):
            return _find_unix_peer(connection)
    except (OSError, struct.error, ValueError, IndexError):
        return None
    return None


def is_allowed_user(uid: int | None) -> bool:
    """Return whether the user is ours or root, which can read our files and runs containers.

    An unknown user is refused.
    """
    if uid is None or sys.platform == "win32":
        return False
    return uid in (0, os.geteuid())


def _find_unix_peer(connection: socket.socket) -> int | None:
    if sys.platform == "linux":
        record = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(record)[1])
    if sys.platform == "darwin":
        record = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        version, user = _XUCRED.unpack_from(record)[:2]
        return int(user) if version == _XUCRED_VERSION else None
    return None


def _find_tcp_peer(connection: socket.socket) -> int | None:
    if sys.platform != "linux":
        return None
    # The kernel is asked for the client's socket, so the client's address comes first.
    ends = connection.getpeername(), connection.getsockname()
    ports = struct.pack("!2H", *(port for _, port in ends))
    request = struct.pack(
        "=IHHIIBBBBI4s16s16sIII",
        *(72, _SOCK_DIAG_BY_FAMILY, _IS_REQUEST, 0, 0),
        *(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ANY, ports),
        *(socket.inet_aton(address) for address, _ in ends),
        *(0, _ANY, _ANY),
    )
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
            kernel.send(request)
            kind, uid, inode = _REPLY.unpack_from(kernel.recv(4096, socket.MSG_DONTWAIT))
        # With inode 0, no process has the socket open, and the uid is root's.
        if kind == _SOCK_DIAG_BY_FAMILY and inode:
            return int(uid)
    except (OSError, struct.error):
        pass  # some kernels have no sock_diag, and some sandboxes no netlink
    return _find_uid_in_tables(ends)


def _find_uid_in_tables(ends: tuple[tuple[str, int], ...]) -> int | None:
    """Read /proc/net/tcp and tcp6, in 7 ms, or 100 ms after thousands of closed connections."""
    for path, prefix in _TABLES:
        addresses = b"".join(b" " + _address_in_table(prefix, *end) for end in ends) + b" "
        with open(path, "rb", buffering=0) as table:
            rows = table.read()
        # The columns after the addresses are state, queues, timer, retransmits, uid, timeout and
        # inode.
        for row in rows.split(addresses)[1:]:
            columns = row.split(maxsplit=7)
            if columns[6] != b"0":
                return int(columns[4])
    return None


def _address_in_table(prefix: bytes, address: str, port: int) -> bytes:
    """Return the address as /proc/net/tcp writes it: hex words in the machine's byte order."""
    words = prefix + socket.inet_aton(address)
    found = "".join(f"{word:08X}" for (word,) in struct.iter_unpack("=I", words))
    return f"{found}:{port:04X}".encode()
