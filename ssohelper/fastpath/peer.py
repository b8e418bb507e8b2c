"""Finds the user of the process at a socket's other end; decides whether that user may connect.

For a unix socket, the kernel reports the peer. For a local TCP connection, Linux is asked by
sock_diag(7), or reads /proc/net/tcp and tcp6; no other system offers that without a privilege.
Callers of a broker import this module, so it must stay light.
"""

import os
import socket
import struct
import sys

# We do not import typing.TYPE_CHECKING: importing typing takes 1 to 7 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The struct ucred of unix(7): process id, user id, group id.
_UCRED = struct.Struct("3i")
# The struct xucred of macOS (sys/ucred.h): version, user id, number of groups, 16 groups. The level
# and the option of getsockopt are from sys/un.h.
_XUCRED = struct.Struct("@IIh16I")
_XUCRED_VERSION = 0
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1

# Values of linux/sock_diag.h and linux/inet_diag.h; where a reply has its type, uid and inode.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_IS_REQUEST = 1
_ANY = 0xFFFFFFFF
_REPLY = struct.Struct("=4xH74x2I")

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_MAPPED = bytes(10) + b"\xff\xff"
# In the states ESTABLISHED, FIN_WAIT1 and FIN_WAIT2 (include/net/tcp_states.h) a process still has
# the client's socket open. In SYN_RECV, TIME_WAIT and other states, no process has it open.
_HELD_STATES = (b"01", b"04", b"05")
# The kernel's table is read in pages while connections come and go, so one reading can miss a row.
_READINGS = 2


def find_peer_uid(connection: socket.socket) -> int | None:
    """Return the user id of the peer's process; None if the system does not report it.

    Over TCP, returns None also for a peer on another machine, and for a peer that has already
    closed its socket, because the kernel lists such a socket as root's.
    """
    try:
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            return _find_uid_at_tcp_socket(connection)
        # On Windows, Python's socket module has no AF_UNIX.
        if connection.family == getattr(socket, "AF_UNIX", None):
            return _find_uid_at_unix_socket(connection)
    except (OSError, struct.error, ValueError, IndexError):
        return None
    return None


def is_allowed_user(uid: int | None, *, unknown: bool) -> bool:
    """Return whether a process of the user `uid` may connect. For None, returns `unknown`.

    Our own user and root may connect: root can read all our files anyway, and containers run as
    root.
    """
    if uid is None or sys.platform == "win32":
        return unknown
    return uid in (0, os.geteuid())


def _find_uid_at_unix_socket(connection: socket.socket) -> int | None:
    if sys.platform == "linux":
        record = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(record)[1])
    if sys.platform == "darwin":
        record = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        version, user = _XUCRED.unpack_from(record)[:2]
        return int(user) if version == _XUCRED_VERSION else None
    return None


def _find_uid_at_tcp_socket(connection: socket.socket) -> int | None:
    if sys.platform != "linux":
        return None
    # In /proc/net/tcp, the row of the client's socket has the client's address first, our address
    # second, and the client's uid.
    client, ours = (
        _ip_address_bytes_and_port(connection.getpeername()),
        _ip_address_bytes_and_port(connection.getsockname()),
    )
    if len(client[0]) != len(ours[0]):
        return None
    # gVisor and some kernels have no sock_diag. Reading a table takes 7 ms, or 100 ms while it has
    # thousands of connections that were closed in the last minute.
    uid = _ask_kernel_for_uid(client, ours)
    return _find_uid_in_tables(client, ours) if uid is None else uid


def _ask_kernel_for_uid(client: tuple[bytes, int], ours: tuple[bytes, int]) -> int | None:
    """Return the uid of the process that holds the client's socket, by sock_diag(7), in 20 µs."""
    if sys.platform != "linux":
        return None
    family = socket.AF_INET if len(client[0]) == 4 else socket.AF_INET6
    request = struct.pack(
        "=IHHIIBBBBI4s16s16sIII",
        *(72, _SOCK_DIAG_BY_FAMILY, _IS_REQUEST, 0, 0),
        *(family, socket.IPPROTO_TCP, 0, 0, _ANY),
        *(struct.pack("!2H", client[1], ours[1]), client[0], ours[0], 0, _ANY, _ANY),
    )
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
            kernel.send(request)
            kind, uid, inode = _REPLY.unpack_from(kernel.recv(4096, socket.MSG_DONTWAIT))
    except (OSError, struct.error):
        return None
    # With inode 0, the process has closed the socket, and the uid in the reply is root's.
    return uid if kind == _SOCK_DIAG_BY_FAMILY and inode else None


def _find_uid_in_tables(client: tuple[bytes, int], ours: tuple[bytes, int]) -> int | None:
    wanted = [_addresses_in_proc_net_tcp(client, ours)]
    if len(client[0]) == 4:
        # A client with an IPv6 socket (Java's, for one) is listed as ::ffff:127.0.0.1.
        wanted.append(
            _addresses_in_proc_net_tcp(
                (_MAPPED + client[0], client[1]), (_MAPPED + ours[0], ours[1])
            )
        )
    for _ in range(_READINGS):
        for words in wanted:
            found = _find_uid_in_proc_net_tcp(words)
            if found is not None:
                return found
    return None


def _ip_address_bytes_and_port(name: "Any") -> tuple[bytes, int]:
    """Return a socket's address as bytes, and its port; IPv4-mapped IPv6 is returned as IPv4."""
    family = socket.AF_INET6 if ":" in name[0] else socket.AF_INET
    address = socket.inet_pton(family, name[0].partition("%")[0])
    return (address[12:] if address.startswith(_MAPPED) else address), int(name[1])


def _addresses_in_proc_net_tcp(
    client: tuple[bytes, int], ours: tuple[bytes, int]
) -> tuple[str, str]:
    """Return both addresses as /proc/net/tcp writes them: hex words in the machine's byte order."""
    return _address_in_proc_net_tcp(*client), _address_in_proc_net_tcp(*ours)


def _address_in_proc_net_tcp(address: bytes, port: int) -> str:
    words = struct.unpack(f"={len(address) // 4}I", address)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _find_uid_in_proc_net_tcp(wanted: tuple[str, str]) -> int | None:
    """Return the user id of the socket with these two addresses; None if the table has no such row.

    Raises: OSError when the table cannot be read, ValueError or IndexError for an unknown format.
    """
    # An IPv4 address has 8 hex digits, an IPv6 address 32; a colon and 4 digits of the port follow.
    with open(_TABLES[len(wanted[0]) > 13], "rb", buffering=0) as table:
        rows = table.read()
    # The table is searched as one text, because line by line takes twice as long for 1,000 rows.
    needle = f" {wanted[0]} {wanted[1]} ".encode()
    at = rows.find(needle)
    while at >= 0:
        # A row's columns after the addresses: state queues timer retransmits uid timeout inode.
        words = rows[at + len(needle) : rows.find(b"\n", at)].split()
        # With inode 0, the process has closed the socket, and the uid in this row is root's.
        if words[0] in _HELD_STATES and words[6] != b"0":
            return int(words[4])
        at = rows.find(needle, at + 1)
    return None
