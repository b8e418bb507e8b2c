"""Writes and removes the files of an endpoint: private folder, token folder, env file, socket.

The private folder is in the state folder, because the system removes a user's runtime folder at
logout, while an endpoint in tmux continues. The content of the private folder is worthless once its
endpoint has ended.
"""

import contextlib
import os
import re
import shlex
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
from ssohelper.stores.disk_errors import os_error_text

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")
import fcntl

_NAME = re.compile(r"[0-9]+-[0-9a-f]+")
_SOCKET_NOTE = "socket"
_LOCK = "lock"
# A socket's path (sockaddr_un) takes up to 108 bytes on Linux and 104 on macOS and the BSDs,
# with the zero byte that ends it.
_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
_URL = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/")
# A token is 32 random bytes in base64 (endpoint/serving.py).
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_VARIABLES = {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}


class PrivateFolder:
    """A folder that only this process uses, and that exists until `remove` is called.

    Creating this object also removes the private folders of endpoints that were killed.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        self._contents: dict[str, bytes] = {}
        self._token_folder: TokenFolder | None = None
        # The lock is needed because a background thread may restore files while the main thread
        # removes them.
        self._changing = threading.Lock()
        files.ensure_private_folder(base)
        _remove_abandoned_folders(base)
        self.path, self._lock = _make_folder_and_lock_it(base)

    def write_file(self, name: str, content: bytes) -> Path:
        """Write a file, mode 0600, and remember its content for `restore_missing_files`."""
        with self._changing:
            self._contents[name] = content
            files.write_atomically(self.path / name, content)
        return self.path / name

    def restore_missing_files(self) -> None:
        """Write each missing file again: a cleaner of temporary files may have removed the file."""
        with self._changing:
            for name, content in self._contents.items():
                if not os.path.lexists(self.path / name):
                    files.ensure_private_folder(self._base)
                    files.ensure_private_folder(self.path)
                    files.write_atomically(self.path / name, content)
            if self._token_folder is not None:
                self._token_folder.restore_token_file()

    def write_token_folder(self, path: Path, token: Secret) -> Path:
        """Write the token to a folder that the user named; return the token's file.

        Raises: LocalState.
        """
        with self._changing:
            self._token_folder = TokenFolder(path, token)
        return self._token_folder.file

    def remove(self) -> None:
        """Remove the private folder and the socket. The user's token folder stays."""
        with self._changing, contextlib.suppress(LocalState):
            self._contents.clear()
            if self._token_folder is not None:
                self._token_folder.close()
                self._token_folder = None
            _remove_socket_named_in_note(self.path / _SOCKET_NOTE)
            files.remove_tree(self.path)
        os.close(self._lock)

    def bind_socket(self, path: Path) -> socket.socket:
        """Make a socket at the path, with mode 0600, and return it; the caller listens on it.

        The path is saved in the private folder, so that the next endpoint removes the socket if
        this process is killed. Raises: UsageProblem for a path that is too long; LocalState for a
        path that exists, or where another user could replace the socket.
        """
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise UsageProblem(
                f'the socket\'s path has {len(os.fsencode(path))} bytes: "{show(str(path), 60)}"',
                hint=f"at most {_LONGEST_SOCKET_PATH} are possible: use a shorter path",
            )
        _refuse_folder_open_to_others(path.parent, shared=True)
        made = _bind_socket(path)
        self.write_file(_SOCKET_NOTE, os.fsencode(f"{os.lstat(path).st_ino}:{path}"))
        return made


class TokenFolder:
    """A folder that the user names, where an endpoint writes its token for containers.

    A new token file replaces the old one by a rename. A container that mounts the folder reads the
    new file at its next request; a container that mounts the file itself would keep the old token.
    The file stays when the endpoint ends: the next endpoint replaces it, so that clients find a file
    at every moment. Its token is then of no use.
    """

    def __init__(self, path: Path, token: Secret) -> None:
        """Write the token to the folder.

        Raises: LocalState for a folder that other users may enter or another endpoint uses.
        """
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

    def restore_token_file(self) -> None:
        """Write the token file again when it is missing."""
        if not os.path.lexists(self.file):
            files.write_atomically(self.file, self._token)

    def close(self) -> None:
        """Let another endpoint use the folder."""
        os.close(self._lock)


class EnvFile:
    """A file of NAME=VALUE lines with an endpoint's address and token. Its mode is 0600.

    The file is not removed when the endpoint ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load_port(self) -> int | None:
        """Return the port that the previous endpoint wrote to the file; None when there is no file.

        Raises: LocalState when other users may write in the file's folder, or when no endpoint
        wrote the file.
        """
        _refuse_folder_open_to_others(self.path.parent)
        # The env file's mode is left unchanged here, since the file may be another program's.
        content = files.read_own_file(self.path, tighten=False)
        if content is None or not content.strip():
            return None
        lines = dict(
            line.partition("=")[::2] for line in content.decode("utf-8", "replace").splitlines()
        )
        url = _URL.match(lines.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
        if url is None or not lines.keys() & _TOKEN_VARIABLES:
            raise LocalState(
                f'"{self.path}" is not an env file of an endpoint: not touched',
                hint="name another file, or remove this one",
            )
        return int(url.group(1))

    def save(self, variables: Mapping[str, str]) -> None:
        """Write the env file, for `docker run --env-file` and for `set -a; . FILE`."""
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        files.write_atomically(self.path, text.encode())


# -- checking folders, locks and sockets -------------------------------------------------------


def _refuse_folder_open_to_others(folder: Path, *, shared: bool = False) -> None:
    """Raise LocalState for a folder in which another user could replace a file of ours.

    `shared` also accepts two kinds of folders: a folder like /tmp, which belongs to root and where
    users cannot remove each other's files; and a folder that our user's private group may write.
    Systems with umask 002 give each user such a group (gid = uid), whose only member is that user.
    """
    try:
        found = os.stat(folder)
    except OSError as cause:
        raise LocalState(f'the folder "{folder}" cannot be used: {os_error_text(cause)}') from cause
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
    """Make the folder (mode 0700) if it is missing, and lock it; return the locked descriptor."""
    _refuse_folder_open_to_others(path.parent, shared=True)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as cause:
        raise LocalState(f'the folder "{path}" cannot be used: {os_error_text(cause)}') from cause
    found = os.fstat(descriptor)
    error: LocalState | None = None
    if found.st_uid != os.geteuid():
        error = LocalState(f'the folder "{path}" belongs to another user')
    elif found.st_mode & 0o077:
        hint = f"chmod 700 {shlex.quote(str(path))}"
        error = LocalState(f'other users may enter the folder "{path}"', hint=hint)
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


def _bind_socket(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The umask gives the socket mode 0600 from the moment it exists.
    before = os.umask(0o177)
    try:
        made.bind(os.fspath(path))
    except OSError as cause:
        made.close()
        if os.path.lexists(path):
            raise LocalState(
                f'"{path}" is there already', hint="remove it, or name another path"
            ) from cause
        raise LocalState(f'no socket can be made at "{path}": {os_error_text(cause)}') from cause
    finally:
        os.umask(before)
    return made


def _make_folder_and_lock_it(base: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor of its lock, which the kernel frees when we exit."""
    while True:
        path = base / f"{os.getpid()}-{os.urandom(8).hex()}"
        files.ensure_private_folder(path)
        # The lock shows that this endpoint is alive. A process id could not show that: containers
        # number their processes separately.
        try:
            lock, _found = open_own_file(os.fspath(path / _LOCK), os.O_RDWR | os.O_CREAT)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as cause:
            raise LocalState(f'"{path}" cannot be used: {os_error_text(cause)}') from cause
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # another endpoint locked it before us and removed the folder


def _remove_abandoned_folders(base: Path) -> None:
    """Remove the folders and sockets of endpoints that were killed."""
    for name in files.list_names_in_folder(base):
        if _NAME.fullmatch(name):
            with (
                contextlib.suppress(LocalState),
                _try_to_hold_folder_lock(base / name / _LOCK) as is_held,
            ):
                if is_held:
                    _remove_socket_named_in_note(base / name / _SOCKET_NOTE)
                    files.remove_tree(base / name)


@contextlib.contextmanager
def _try_to_hold_folder_lock(lock: Path) -> Iterator[bool]:
    """Hold the lock and yield True; yield False if another process holds it, or it has no file."""
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


def _remove_socket_named_in_note(note: Path) -> None:
    """Remove the socket that the file `note` names, if no process listens on it.

    A socket with another inode than the note has is a newer one, and stays. The device number is
    not compared, because it may differ after a restart of the machine (btrfs, NFS).
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
