"""An endpoint's files while it runs: a private folder, a token folder, an env file, a socket.

The private folder is in the state folder: the system removes a login's runtime folder when the
login ends, but a job in tmux goes on. Its content is worthless once its endpoint has ended.
"""

import contextlib
import os
import re
import socket
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from ssohelper.core.model import Secret
from ssohelper.core.text import show
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.fastpath.open_file import open_own_file
from ssohelper.stores import files
from ssohelper.stores.disk_errors import reason

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")
import fcntl

_NAME = re.compile(r"[0-9]+-[0-9a-f]+")
_SOCKET_NOTE = "socket"
_LOCK = "lock"
# sockaddr_un holds 108 bytes on Linux, 104 on macOS and the BSDs, the last of them 0.
_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
_URL = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_VARIABLES = {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}


class PrivateFolder:
    """A folder of this process alone, until `remove`. Making one removes abandoned ones."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._contents: dict[str, bytes] = {}
        self._token_folder: TokenFolder | None = None
        # The background thread restores files while the main thread writes or removes some.
        self._changing = threading.Lock()
        files.ensure_private_folder(base)
        _remove_abandoned(base)
        self.path, self._lock = _make_locked_folder(base)

    def write_file(self, name: str, content: bytes) -> Path:
        """Write a file, mode 0600, and remember it: `restore` writes it again if it is missing."""
        with self._changing:
            self._contents[name] = content
            files.write_atomically(self.path / name, content)
        return self.path / name

    def restore(self) -> None:
        """Write missing files again: a cleaner of temporary files may have removed them."""
        with self._changing:
            for name, content in self._contents.items():
                if not os.path.lexists(self.path / name):
                    files.ensure_private_folder(self._base)
                    files.ensure_private_folder(self.path)
                    files.write_atomically(self.path / name, content)
            if self._token_folder is not None:
                self._token_folder.restore()

    def write_token_folder(self, path: Path, token: Secret) -> Path:
        """Write the token to a folder of the user's too; return its file. Raises: LocalState."""
        with self._changing:
            self._token_folder = TokenFolder(path, token)
        return self._token_folder.file

    def remove(self) -> None:
        """Remove the folder, the token's file and the socket."""
        with self._changing, contextlib.suppress(LocalState):
            self._contents.clear()
            if self._token_folder is not None:
                self._token_folder.remove()
                self._token_folder = None
            _remove_noted_socket(self.path / _SOCKET_NOTE)
            files.remove_tree(self.path)
        os.close(self._lock)

    def bind_socket(self, path: Path) -> socket.socket:
        """Return a socket bound to the path, mode 0600; the caller listens on it.

        Its path is written to the folder: if this process is killed, the next endpoint removes it.
        Raises: UsageProblem for a path that is too long; LocalState for one that exists, and for a
        folder where another user could put a socket in its place.
        """
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise UsageProblem(
                f'the socket\'s path has {len(os.fsencode(path))} bytes: "{show(str(path), 60)}"',
                hint=f"at most {_LONGEST_SOCKET_PATH} are possible: use a shorter path",
            )
        _check_folder(path.parent, shared=True)
        made = _bind(path)
        self.write_file(_SOCKET_NOTE, os.fsencode(f"{os.lstat(path).st_ino}:{path}"))
        return made


class TokenFolder:
    """A folder of the user's where an endpoint writes its token, for containers that mount it.

    The file is replaced by a rename: a container that mounts the folder reads the new file with its
    next request; a container that mounts the file would keep the old one. The file is removed when
    the endpoint ends, so that clients send nothing to a program that gets the same port.
    """

    def __init__(self, path: Path, token: Secret) -> None:
        """Raises: LocalState for a folder that other users may enter, or another endpoint uses."""
        self.file = path / "token"
        self._token = token.reveal().encode()
        self._lock = _lock_user_folder(path)
        try:
            old = files.read_own_file(self.file, tighten=False)
            if old is not None and not _TOKEN.fullmatch(old.decode("latin-1")):
                raise LocalState(
                    f'"{self.file}" is not the token of an endpoint: not touched',
                    hint="name another folder, or remove the file",
                )
            files.write_atomically(self.file, self._token)
        except LocalState:
            os.close(self._lock)
            raise

    def restore(self) -> None:
        """Write the file again when it is missing."""
        if not os.path.lexists(self.file):
            files.write_atomically(self.file, self._token)

    def remove(self) -> None:
        """Remove the file. The folder stays: containers have mounted it."""
        with contextlib.suppress(LocalState):
            files.remove(self.file)
        os.close(self._lock)


class EnvFile:
    """A file of NAME=VALUE lines with an endpoint's address and token, mode 0600. It stays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load_port(self) -> int | None:
        """Return the port of the previous endpoint; None without one.

        Raises: LocalState for a folder that other users may write in, and for a file of another
        program.
        """
        _check_folder(self.path.parent)
        # Another program's file keeps its mode.
        content = files.read_own_file(self.path, tighten=False)
        if content is None or not content.strip():
            return None
        lines = dict(
            line.partition("=")[::2] for line in content.decode("utf-8", "replace").splitlines()
        )
        url = _URL.match(lines.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
        if url is None or not lines.keys() & _TOKEN_VARIABLES:
            raise LocalState(
                f'"{self.path}" is no env file of an endpoint: not touched',
                hint="name another one, or remove it",
            )
        return int(url.group(1))

    def save(self, variables: Mapping[str, str]) -> None:
        """Write the file for `docker run --env-file` and for `set -a; . FILE`."""
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        files.write_atomically(self.path, text.encode())


# -- pieces ------------------------------------------------------------------------------------


def _check_folder(folder: Path, *, shared: bool = False) -> None:
    """Raise LocalState for a folder in which another user could replace our file.

    `shared` also accepts a folder like /tmp, which belongs to root and where users cannot remove
    each other's files; and a folder that our own group may write: with umask 002, each user has a
    group of the same number and is its only member.
    """
    try:
        found = os.stat(folder)
    except OSError as cause:
        raise LocalState(f'the folder "{folder}" cannot be used: {reason(cause)}') from cause
    if not stat.S_ISDIR(found.st_mode):
        raise LocalState(f'"{folder}" is not a folder')
    if shared and found.st_uid == 0 and (found.st_mode & stat.S_ISVTX or not found.st_mode & 0o022):
        return
    if found.st_uid != os.geteuid():
        raise LocalState(
            f'the folder "{folder}" belongs to another user', hint="use a folder of your own"
        )
    own_group = shared and found.st_gid == os.geteuid()
    if found.st_mode & (0o002 if own_group else 0o022):
        raise LocalState(
            f'others may write in the folder "{folder}"', hint="use a folder of your own"
        )


def _lock_user_folder(path: Path) -> int:
    """Make the folder, mode 0700, when it is missing; return a descriptor that holds its lock."""
    _check_folder(path.parent, shared=True)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as cause:
        raise LocalState(f'the folder "{path}" cannot be used: {reason(cause)}') from cause
    found = os.fstat(descriptor)
    error: LocalState | None = None
    if found.st_uid != os.geteuid():
        error = LocalState(f'the folder "{path}" belongs to another user')
    elif found.st_mode & 0o077:
        error = LocalState(f'others may enter the folder "{path}"', hint=f'chmod 700 "{path}"')
    else:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            error = LocalState(
                f'another endpoint keeps its token in "{path}"', hint="name another folder"
            )
    if error is not None:
        os.close(descriptor)
        raise error
    return descriptor


def _bind(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The umask, so that the file has its mode from the first moment.
    before = os.umask(0o177)
    try:
        made.bind(os.fspath(path))
    except OSError as cause:
        made.close()
        if os.path.lexists(path):
            raise LocalState(
                f'"{path}" is there already', hint="remove it, or name another path"
            ) from cause
        raise LocalState(f'no socket can be made at "{path}": {reason(cause)}') from cause
    finally:
        os.umask(before)
    return made


def _make_locked_folder(base: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor of its lock, which the kernel frees when we end."""
    while True:
        path = base / f"{os.getpid()}-{os.urandom(8).hex()}"
        files.ensure_private_folder(path)
        # A lock, not our process id, shows that we live: a container has other process ids.
        try:
            lock, _found = open_own_file(os.fspath(path / _LOCK), os.O_RDWR | os.O_CREAT)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as cause:
            raise LocalState(f'"{path}" cannot be used: {reason(cause)}') from cause
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # another endpoint locked it before us and removed the folder


def _remove_abandoned(base: Path) -> None:
    """Remove the folders and sockets of endpoints that were killed."""
    for name in files.list_names(base):
        if _NAME.fullmatch(name):
            with contextlib.suppress(LocalState), _try_hold(base / name / _LOCK) as is_held:
                if is_held:
                    _remove_noted_socket(base / name / _SOCKET_NOTE)
                    files.remove_tree(base / name)


@contextlib.contextmanager
def _try_hold(lock: Path) -> Iterator[bool]:
    """Hold the lock and yield True; yield False when another process holds it or it is missing."""
    try:
        descriptor, _found = open_own_file(os.fspath(lock), os.O_RDWR)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _remove_noted_socket(note: Path) -> None:
    """Remove the socket that the note names, unless it was replaced or a process listens on it.

    Inode and path identify it. The device does not: it may have another number after a restart of
    the machine (btrfs, NFS).
    """
    inode, _, path = os.fsdecode(files.read_own_file(note) or b"").partition(":")
    with contextlib.suppress(OSError, ValueError):
        found = os.lstat(path)
        is_noted = stat.S_ISSOCK(found.st_mode) and str(found.st_ino) == inode
        if is_noted and not _is_listening_at(path):
            os.unlink(path)


def _is_listening_at(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except OSError as cause:
            return not isinstance(cause, ConnectionRefusedError)
        return True
