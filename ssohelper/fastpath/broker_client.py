"""Asks a session's broker for credentials: sends one line to its socket and waits for the answer.

Starts a broker when none listens. Imports nothing heavier than `socket`: each miss waits for it.
"""

import contextlib
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
    own_process,
    peer,
    spawn,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEPARATOR = b"\x1f"
# Positions of the fields in an error reply: 0 to 3 are class, message, hint and Retry-After, 4 the
# line to print, 5 to 7 how to wait for a sign-in; all later fields are warnings.
LINE, WAIT_SECONDS, WATCHED_FILE, WAIT_LINE = 4, 5, 6, 7
ERROR_FIELDS = 8
# A broker counts as stopped when it has not answered this long after the caller's deadline.
_GRACE_SECONDS = 1.0
# A broker starts in milliseconds, but a caller stopped by SIGSTOP may hold the lock longer.
_START_SECONDS = 5.0
# A broker may end after we connect and before it accepts the connection, so we try again.
_MOST_ATTEMPTS = 5
_BACKLOG = 4096
# At most every 30 s one caller asks AWS itself; every 0.1 s the other callers check for its result.
_DOUBT_SECONDS = 30.0
_DOUBT_PAUSE_SECONDS = 0.1
_LOCAL_STATE = 7
# A broker stops listening after 4 min: a socket file of this age is left from a killed broker.
_LEFT_OVER_SECONDS = 600.0
_LONGEST_DOCUMENT_BYTES = 1 << 20


class Unavailable(Exception):
    """Raised if no broker can run here: the caller asks AWS itself."""


class Stopped(Exception):
    """Raised if the broker is stopped (SIGSTOP), or the machine very busy."""


class Doubtful(Exception):
    """Raised for a broker's error that only its own sandbox may cause (Landlock, seccomp).

    The caller asks AWS itself, then calls `settle`. Until then, other callers with such an error
    wait.
    """

    def __init__(self, lock: int, path: str, broker: "tuple[int, int] | None") -> None:
        super().__init__()
        self._lock, self._path, self._broker = lock, path, broker

    def settle(self, *, retire: bool) -> None:
        """Let the other callers go on. With `retire`, the next caller starts another broker."""
        with contextlib.suppress(OSError):  # the broker may end at this moment
            if retire:
                os.ftruncate(self._lock, 0)  # the 30 s are for AWS's outages
                if read_socket_id(self._path) == self._broker:
                    os.unlink(self._path)
        os.close(self._lock)


# The Doubtful error of `fastpath.miss`: `ask_broker` raises it again in the same process.
doubt_of_miss: "Doubtful | None" = None


def ask_broker(
    key: "tuple[str, str, str]",
    environ: "Mapping[str, str]",
    seconds: float,
    *,
    is_permitted: bool,
    least_share: float = 0.0,
) -> "tuple[int, bytes, bytes]":
    """Return the broker's exit code, credential document (JSON) and further fields
    (broker.wording).

    `is_permitted`: this process has checked the guard rules. `least_share` is the share of their
    lifetime that the credentials must have left. Raises: Unavailable, Stopped, Doubtful.
    """
    global doubt_of_miss
    if sys.platform == "win32":
        raise Unavailable("Windows")
    if doubt_of_miss is not None:
        doubt, doubt_of_miss = doubt_of_miss, None
        raise doubt
    deadline = time.monotonic() + seconds
    for _ in range(_MOST_ATTEMPTS):
        stream, path, is_started = _connect_or_start(key[0], environ, deadline)
        broker = read_socket_id(path)
        try:
            milliseconds = max(0, int((deadline - time.monotonic()) * 1000))
            # The third: this caller may be told to wait past its deadline.
            numbers = milliseconds, int(least_share * 1000), 1, int(is_permitted)
            asked_by = (word.replace(" ", "_") or "-" for word in calling_process.find_caller())
            line = " ".join(["ask", *key, *map(str, numbers), *asked_by]) + "\n"
            stream.sendall(line.encode("ascii"))
            answer = _read_answer_of_broker(stream, deadline)
        except (BrokenPipeError, ConnectionResetError, ValueError):  # ValueError: a malformed reply
            answer = None
        finally:
            stream.close()
        if answer is None:
            continue
        # A broker that this process started has the same sandbox as this process.
        may_differ = not is_started and _may_come_from_surroundings(answer)
        if not (may_differ and _await_other_broker(path, broker, deadline)):
            return answer
    raise Unavailable("brokers end before they answer")


def _may_come_from_surroundings(answer: "tuple[int, bytes, bytes]") -> bool:
    code, _document, fields = answer
    return code == _LOCAL_STATE or fields.startswith(b"NoConnection" + SEPARATOR)


def _await_other_broker(path: str, broker: "tuple[int, int] | None", deadline: float) -> bool:
    """Return whether another broker may answer, because `broker` was replaced or has ended.

    Raises: Doubtful, unless a caller asked AWS itself in the last 30 s and got no answer either.
    """
    try:
        with contextlib.ExitStack() as held:
            lock, _ = open_file.open_own_file(f"{path}.doubt", os.O_RDWR | os.O_CREAT)
            held.callback(os.close, lock)
            _hold_lock(lock, deadline, _DOUBT_PAUSE_SECONDS)
            if read_socket_id(path) != broker:
                return True
            last = os.fstat(lock)
            if last.st_size and 0 <= time.time() - last.st_mtime < _DOUBT_SECONDS:
                return False
            os.write(lock, b"x")
            held.pop_all()
    except OSError:
        return False  # the deadline has passed, or the lock file cannot be written
    raise Doubtful(lock, path, broker)


def read_socket_id(path: str) -> "tuple[int, int] | None":
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _read_answer_of_broker(
    stream: socket.socket, deadline: float
) -> "tuple[int, bytes, bytes] | None":
    """Return None when the broker ended without an answer."""
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


def _connect_or_start(
    session: str, environ: "Mapping[str, str]", deadline: float
) -> "tuple[socket.socket, str, bool]":
    try:
        folder = broker_address.broker_sockets_folder(environ)
        name = broker_address.broker_socket_name(session, environ)
        _ensure_private_folder(os.path.dirname(folder))
        _ensure_private_folder(folder)
        path = f"{folder}/{name}"
        with _open_short_path(path) as address:
            stream, is_started = _connect(address), False
            if stream is None:
                stream, is_started = _start_and_connect(path, address, session, environ, deadline)
            return stream, path, is_started
    except (OSError, ValueError) as cause:
        raise Unavailable(str(cause)) from cause


def _connect(path: str) -> "socket.socket | None":
    """Return None when no broker listens at the path."""
    if sys.platform == "win32":
        raise Unavailable("Windows")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A stopped broker's queue of connections may be full.
        stream.settimeout(_START_SECONDS)
        stream.connect(path)
        if not peer.is_allowed_user(peer.find_peer_uid(stream)):
            raise OSError(errno.EPERM, "the broker's socket is another user's")
    except (FileNotFoundError, ConnectionRefusedError):
        stream.close()
        return None
    except BaseException:
        stream.close()
        raise
    return stream


def _start_and_connect(
    path: str, address: str, session: str, environ: "Mapping[str, str]", deadline: float
) -> "tuple[socket.socket, bool]":
    """Start a broker; return the connection, and whether this process started the broker.

    The listening socket is passed on, so that callers can connect before the broker has started.
    """
    if sys.platform == "win32" or not own_process.may_start_broker():
        raise Unavailable("Windows, a low limit, or a nice level above 0")
    import fcntl

    lock, _ = open_file.open_own_file(f"{path}.lock", os.O_RDWR | os.O_CREAT)
    try:
        _hold_lock(lock, min(deadline, time.monotonic() + _START_SECONDS), 0.01)
        stream = _connect(address)
        if stream is not None:
            return stream, False
        _remove_left_over_files(os.path.dirname(path))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if os.path.lexists(path):
                os.unlink(path)  # the socket of a broker that was killed
            listener.bind(address)
            os.chmod(path, 0o600)
            listener.listen(_BACKLOG)
            argv = [BROKER_PROCESS, session, path]
            spawn.start_detached(argv, environ, listener.fileno())
            stream = _connect(address)
        finally:
            listener.close()
        if stream is None:
            raise OSError(errno.ECONNREFUSED, "the broker cannot be started")
        fcntl.flock(lock, fcntl.LOCK_UN)
        return stream, True
    finally:
        os.close(lock)


def _remove_left_over_files(folder: str) -> None:
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            if age > _LEFT_OVER_SECONDS and not entry.name.endswith(".lock"):
                os.unlink(entry.path)


def _hold_lock(lock_file: int, deadline: float, pause: float) -> None:
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
        # A random pause, so that waiting callers do not all try at the same moments.
        time.sleep(pause * (0.2 + os.urandom(1)[0] / 255))


@contextlib.contextmanager
def _open_short_path(path: str) -> "Iterator[str]":
    """Yield a path to the socket that is short enough for connect() and bind()."""
    if len(os.fsencode(path)) <= broker_address.LONGEST_PATH_BYTES:
        yield path
        return
    if sys.platform != "linux":
        raise OSError(errno.ENAMETOOLONG, "the runtime folder's path is too long for a socket")
    folder, name = os.path.split(path)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def _ensure_private_folder(path: str) -> None:
    """Create the folder. Raises OSError if another user owns it or may write to it."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, 0o700, exist_ok=True)
    found = os.lstat(path)
    if not folders.is_private_folder(found):
        raise OSError(errno.EPERM, f"other users own or may write the folder {path}")
