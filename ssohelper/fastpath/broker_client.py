"""Asks a session's broker for credentials: sends one line to its socket and waits for the answer.

Starts a broker when none listens. Imports nothing heavier than `socket`, since each miss waits for
the imports.
"""

import errno
import os
import socket
import sys
import time

from ssohelper.fastpath import (
    BROKER_PROCESS,
    broker_address,
    calling_process,
    folders,
    open_file,
    peer,
    spawn,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Separates the fields that follow the credential document in a broker's reply (broker.wording).
SEPARATOR = b"\x1f"
# The fields of an error reply: 0 to 3 are the error's class, message, hint and Retry-After. Field 4
# is the line to print. Fields 5 to 7 say how to wait for a sign-in. All later fields are warnings.
LINE, WAIT_SECONDS, WATCHED_FILE, WAIT_LINE = 4, 5, 6, 7
ERROR_FIELDS = 8
# A broker answers at the deadline at the latest. If it has not answered this long after the
# deadline, the broker counts as stopped.
_GRACE_SECONDS = 1.0
# How long to wait for the lock under which callers start a broker. A start takes milliseconds, but
# a caller that was stopped (SIGSTOP) may hold the lock longer.
_START_SECONDS = 5.0
# If a broker ends after we connect and before it accepts, the next attempt starts another broker.
_MOST_ATTEMPTS = 5
_BACKLOG = 4096
_LONGEST_DOCUMENT_BYTES = 1 << 20


class Unavailable(Exception):
    """Raised when no broker can run on this machine, so that the caller asks AWS itself."""


class Stopped(Exception):
    """Raised when the broker does not answer in time: it is stopped, or the machine very busy."""


def ask_broker(
    key: "tuple[str, str, str]",
    environ: "Mapping[str, str]",
    seconds: float,
    *,
    is_permitted: bool,
    least_share: float = 0.0,
    may_wait_longer: bool = False,
) -> "tuple[int, bytes, bytes]":
    """Ask the broker for a role's credentials; return the three parts of its reply.

    The parts are the exit code, the credential document (JSON), and the further fields
    (`broker.wording`). `key` is (session, account id, role name). `is_permitted` says that this
    process has checked that the guard rules let it hand the role out; if it is False, the broker
    refuses a guarded role with exit code 9.
    `least_share` is the share of their lifetime that the credentials must have left.
    Raises: Unavailable, Stopped.
    """
    if sys.platform == "win32":
        raise Unavailable("Windows")
    deadline = time.monotonic() + seconds
    for _ in range(_MOST_ATTEMPTS):
        stream = _connect_to_broker_or_start_it(key[0], environ, deadline)
        try:
            milliseconds = max(0, int((deadline - time.monotonic()) * 1000))
            numbers = milliseconds, int(least_share * 1000), int(may_wait_longer), int(is_permitted)
            asked_by = (
                word.replace(" ", "_") or "-"
                for word in calling_process.find_parent_name_and_terminal()
            )
            line = " ".join(["ask", *key, *map(str, numbers), *asked_by]) + "\n"
            stream.sendall(line.encode("ascii"))
            answer = _read_answer_of_broker(stream, deadline)
        except (BrokenPipeError, ConnectionResetError, ValueError):  # ValueError: a malformed reply
            answer = None
        finally:
            stream.close()
        if answer is not None:
            return answer
    raise Unavailable("brokers end before they answer")


def _read_answer_of_broker(
    stream: socket.socket, deadline: float
) -> "tuple[int, bytes, bytes] | None":
    """Return the broker's answer; None when the broker ended without an answer."""
    data = b""
    while True:
        head, newline, rest = data.partition(b"\n")
        if newline and head.startswith(b"wait "):
            deadline = time.monotonic() + int(head[5:])
            data = rest
            continue
        if newline:
            code, size, more = (int(word) for word in head[5:].split())
            if len(rest) >= size + more:
                return code, rest[:size], rest[size : size + more]
        stream.settimeout(max(0.05, deadline + _GRACE_SECONDS - time.monotonic()))
        try:
            piece = stream.recv(65536)
        except TimeoutError as cause:
            raise Stopped from cause
        if not piece or len(data) > _LONGEST_DOCUMENT_BYTES:
            return None
        data += piece


def _connect_to_broker_or_start_it(
    session: str, environ: "Mapping[str, str]", deadline: float
) -> socket.socket:
    try:
        folder = broker_address.broker_sockets_folder(environ)
        name = broker_address.broker_socket_name(session, environ)
        _ensure_private_folder(os.path.dirname(folder))
        _ensure_private_folder(folder)
        with _SocketFolder(folder) as sockets:
            stream = _connect_to_broker_socket(sockets.find_path(name))
            return stream or _start_broker_and_connect(
                sockets, folder, name, session, environ, deadline
            )
    except (OSError, ValueError) as cause:
        raise Unavailable(str(cause)) from cause


def _connect_to_broker_socket(path: str) -> "socket.socket | None":
    """Connect to the broker's socket at the path; return None when no broker listens on it."""
    if sys.platform == "win32":
        raise Unavailable("Windows")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The timeout is for a stopped broker whose queue of connections is full; otherwise
        # connecting takes no time.
        stream.settimeout(_START_SECONDS)
        stream.connect(path)
        if not peer.is_allowed_user(peer.find_peer_uid(stream), unknown=False):
            raise OSError(errno.EPERM, "the broker's socket is another user's")
    except (FileNotFoundError, ConnectionRefusedError):
        stream.close()
        return None
    except BaseException:
        stream.close()
        raise
    return stream


def _start_broker_and_connect(
    sockets: "_SocketFolder",
    folder: str,
    name: str,
    session: str,
    environ: "Mapping[str, str]",
    deadline: float,
) -> socket.socket:
    """Start a broker, unless another caller has just done so, and connect to it.

    The caller makes the listening socket and passes it to the new broker, so that all callers can
    connect before the broker has started.
    """
    if sys.platform == "win32":
        raise Unavailable("Windows")
    import fcntl

    lock, _ = open_file.open_own_file(f"{folder}/start.lock", os.O_RDWR | os.O_CREAT)
    try:
        _hold_start_lock(lock, min(deadline, time.monotonic() + _START_SECONDS))
        stream = _connect_to_broker_socket(sockets.find_path(name))
        if stream is not None:
            return stream
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path = sockets.find_path(name)
            if os.path.lexists(f"{folder}/{name}"):
                os.unlink(f"{folder}/{name}")  # the socket of a broker that was killed
            listener.bind(path)
            os.chmod(f"{folder}/{name}", 0o600)
            listener.listen(_BACKLOG)
            argv = [BROKER_PROCESS, session, f"{folder}/{name}"]
            spawn.start_detached(argv, environ, listener.fileno())
            stream = _connect_to_broker_socket(path)
        finally:
            listener.close()
        if stream is None:
            raise OSError(errno.ECONNREFUSED, "the broker cannot be started")
        fcntl.flock(lock, fcntl.LOCK_UN)
        return stream
    finally:
        os.close(lock)


def _hold_start_lock(lock_file: int, deadline: float) -> None:
    if sys.platform == "win32":
        raise Unavailable("Windows")
    import fcntl

    while True:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
        # Another caller holds the lock for the milliseconds in which it starts a broker. The pause
        # is random, so that waiting callers do not all try at the same moments.
        time.sleep(0.002 + 0.01 * os.urandom(1)[0] / 255)


class _SocketFolder:
    """The folder of brokers' sockets. Gives a shorter path to a socket whose path is too long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> "_SocketFolder":
        return self

    def __exit__(self, *_cause: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def find_path(self, name: str) -> str:
        """Return a path of the socket `name` that is short enough. Raises: OSError if none is."""
        path = f"{self._path}/{name}"
        if len(os.fsencode(path)) <= broker_address.LONGEST_PATH_BYTES:
            return path
        if sys.platform != "linux":
            raise OSError(errno.ENAMETOOLONG, "the runtime folder's path is too long for a socket")
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}/{name}"


def _ensure_private_folder(path: str) -> None:
    """Create the folder if it is missing; raise OSError if another user owns or may write it."""
    if sys.platform == "win32":
        raise Unavailable("Windows")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, 0o700, exist_ok=True)
    found = os.lstat(path)
    if not folders.is_private_folder(found):
        raise OSError(errno.EPERM, f"other users own or may write the folder {path}")
