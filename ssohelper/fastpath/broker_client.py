"""A caller's side of the broker: sends one line, and sleeps in the kernel until the answer comes.

Starts a broker when none listens. Light: imports nothing heavier than `socket`.
"""

import errno
import os
import socket
import stat
import sys
import time

from ssohelper.fastpath import BROKER_PROCESS, broker_address, open_file, peer, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What follows the document in a reply (`broker.wording` writes it): fields, separated by this byte.
SEPARATOR = b"\x1f"
# Positions of an error's fields. Its class, message, hint and Retry-After come first; then the line
# to print, and how to wait for a sign-in. Warnings follow.
LINE, WAIT_SECONDS, WATCHED_FILE, WAIT_LINE = 4, 5, 6, 7
ERROR_FIELDS = 8
# The broker answers at the deadline; one that is this much later counts as stopped.
_GRACE_SECONDS = 1.0
# Starting one takes some milliseconds; but a caller that was stopped meanwhile may hold the lock.
_START_SECONDS = 5.0
# When a broker ends after we connect and before it accepts, the next attempt starts another.
_MOST_ATTEMPTS = 5
_BACKLOG = 4096
_LONGEST_DOCUMENT_BYTES = 1 << 20


class Unavailable(Exception):
    """No broker can run here: the caller asks AWS itself."""


class Stopped(Exception):
    """The broker did not answer in time: it is stopped, or the machine is very busy."""


def ask(
    key: "tuple[str, str, str]",
    environ: "Mapping[str, str]",
    seconds: float,
    *,
    least_share: float = 0.0,
    may_wait_longer: bool = False,
) -> "tuple[int, bytes, bytes]":
    """Return the exit code, the document and the fields of `broker.wording` for a role.

    `key` is (session, account id, role name). Raises: Unavailable, Stopped.
    """
    if sys.platform == "win32":
        raise Unavailable("Windows")
    ends_at = time.monotonic() + seconds
    for _ in range(_MOST_ATTEMPTS):
        stream = _connect_or_start(key[0], environ, ends_at)
        try:
            milliseconds = max(0, int((ends_at - time.monotonic()) * 1000))
            request = (*key, milliseconds, int(least_share * 1000), int(may_wait_longer))
            line = " ".join(["ask", *map(str, request)]) + "\n"
            stream.sendall(line.encode("ascii"))
            answer = _read_answer(stream, ends_at)
        except (BrokenPipeError, ConnectionResetError, ValueError):  # cut short, or not a broker's
            answer = None
        finally:
            stream.close()
        if answer is not None:
            return answer
    raise Unavailable("brokers end before they answer")


def _read_answer(stream: socket.socket, ends_at: float) -> "tuple[int, bytes, bytes] | None":
    """Return the answer; None when the broker ended without one."""
    data = b""
    while True:
        head, newline, rest = data.partition(b"\n")
        if newline and head.startswith(b"wait "):
            ends_at = time.monotonic() + int(head[5:])
            data = rest
            continue
        if newline:
            code, size, more = (int(word) for word in head[5:].split())
            if len(rest) >= size + more:
                return code, rest[:size], rest[size : size + more]
        stream.settimeout(max(0.05, ends_at + _GRACE_SECONDS - time.monotonic()))
        try:
            piece = stream.recv(65536)
        except TimeoutError as cause:
            raise Stopped from cause
        if not piece or len(data) > _LONGEST_DOCUMENT_BYTES:
            return None
        data += piece


def _connect_or_start(session: str, environ: "Mapping[str, str]", ends_at: float) -> socket.socket:
    try:
        folder = broker_address.folder(environ)
        name = broker_address.name(session, environ)
        _ensure_private(os.path.dirname(folder))
        _ensure_private(folder)
        with _SocketFolder(folder) as sockets:
            stream = _connect(sockets.path_of(name))
            return stream or _start(sockets, folder, name, session, environ, ends_at)
    except (OSError, ValueError) as cause:
        raise Unavailable(str(cause)) from cause


def _connect(path: str) -> "socket.socket | None":
    """Return a stream to the broker that listens there; None where none does."""
    if sys.platform == "win32":
        raise Unavailable("Windows")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Connecting takes no time, unless the queue of a stopped broker is full.
        stream.settimeout(_START_SECONDS)
        stream.connect(path)
        if not peer.is_allowed(peer.find_peer_uid(stream), unknown=False):
            raise OSError(errno.EPERM, "the broker's socket is another user's")
    except (FileNotFoundError, ConnectionRefusedError):
        stream.close()
        return None
    except BaseException:
        stream.close()
        raise
    return stream


def _start(
    sockets: "_SocketFolder",
    folder: str,
    name: str,
    session: str,
    environ: "Mapping[str, str]",
    ends_at: float,
) -> socket.socket:
    """Start a broker, unless another caller has just done so, and connect to it.

    The listening socket is made here and passed on: so all callers can connect at once, before the
    broker has started.
    """
    if sys.platform == "win32":
        raise Unavailable("Windows")
    import fcntl

    lock, _ = open_file.open_own_file(f"{folder}/start.lock", os.O_RDWR | os.O_CREAT)
    try:
        _lock_file(lock, min(ends_at, time.monotonic() + _START_SECONDS))
        stream = _connect(sockets.path_of(name))
        if stream is not None:
            return stream
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path = sockets.path_of(name)
            if os.path.lexists(f"{folder}/{name}"):
                os.unlink(f"{folder}/{name}")  # of a broker that was killed
            listener.bind(path)
            os.chmod(f"{folder}/{name}", 0o600)
            listener.listen(_BACKLOG)
            argv = [BROKER_PROCESS, session, f"{folder}/{name}"]
            spawn.start_detached(argv, environ, listener.fileno())
            stream = _connect(path)
        finally:
            listener.close()
        if stream is None:
            raise OSError(errno.ECONNREFUSED, "the broker cannot be started")
        fcntl.flock(lock, fcntl.LOCK_UN)
        return stream
    finally:
        os.close(lock)


def _lock_file(lock: int, ends_at: float) -> None:
    if sys.platform == "win32":
        raise Unavailable("Windows")
    import fcntl

    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= ends_at:
                raise
        # Held for the milliseconds that starting takes. Jitter, so that callers do not collide.
        time.sleep(0.002 + 0.01 * os.urandom(1)[0] / 255)


class _SocketFolder:
    """The sockets' folder. `path_of` returns a short path where the real one is too long."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> "_SocketFolder":
        return self

    def __exit__(self, *_cause: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def path_of(self, name: str) -> str:
        """Return a path of this socket that fits. Raises: OSError when there is none."""
        path = f"{self._path}/{name}"
        if len(os.fsencode(path)) <= broker_address.LONGEST_PATH_BYTES:
            return path
        if sys.platform != "linux":
            raise OSError(errno.ENAMETOOLONG, "the runtime folder's path is too long for a socket")
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}/{name}"


def _ensure_private(path: str) -> None:
    """Create a missing folder; refuse one that another user owns or may write to."""
    if sys.platform == "win32":
        raise Unavailable("Windows")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, 0o700, exist_ok=True)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise OSError(errno.EPERM, f"not a folder of ours alone: {path}")
