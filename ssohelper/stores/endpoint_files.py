"""Writes and removes an endpoint's files: private folder, token folder, env file, socket."""

import contextlib
import os
import re
import shlex
import socket
import stat
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import Secret
from ssohelper.core.text import show
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.fastpath import open_file
from ssohelper.stores import files
from ssohelper.stores.disk_errors import os_error_text

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

_NAME = re.compile(r"[0-9]+-[0-9a-f]+")
_LOCK_SECONDS = 5.0
# A path in sockaddr_un has 108 bytes on Linux and 104 on macOS and the BSDs; the last is zero.
_LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
_URL = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/")
# A token is 32 random bytes in base64 (endpoint/serving.py).
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_VARIABLES = {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}


class PrivateFolder:
    """A folder that only this process uses. `__init__` removes folders of killed endpoints."""

    def __init__(self, base: Path) -> None:
        files.ensure_private_folder(base)
        for name in filter(_NAME.fullmatch, files.list_names_in_folder(base)):
            at_once = Deadline(0, time.monotonic)
            with (
                contextlib.suppress(LocalState),
                files.hold_lock(base / name / "lock", at_once) as is_held,
            ):
                if is_held:
                    files.remove_tree(base / name)
        self._held = contextlib.ExitStack()
        self._sockets: dict[Path, int] = {}
        self.path = base / f"{os.getpid()}-{os.urandom(8).hex()}"
        # The lock shows that this endpoint is alive: process ids differ between containers.
        soon = Deadline(_LOCK_SECONDS, time.monotonic)
        if not self._held.enter_context(files.hold_lock(self.path / "lock", soon)):
            raise LocalState(f'"{self.path}" cannot be written')

    def write_file(self, name: str, content: bytes) -> Path:
        files.write_atomically(self.path / name, content)
        return self.path / name

    def write_token_folder(self, path: Path, token: Secret) -> Path:
        """Write the token to a folder that the user named, for containers; return its file.

        The file is replaced by a rename, which a container that mounts the folder sees. It stays
        when the endpoint ends.
        """
        self._lock_token_folder(path)
        file = path / "token"
        old = files.read_own_file(file, tighten=False)
        if old is not None and not _TOKEN.fullmatch(old.decode("latin-1")):
            raise LocalState(
                f'"{file}" is not the token of an endpoint: not touched',
                hint="name another folder, or remove the file",
            )
        files.write_atomically(file, token.reveal().encode())
        return file

    def _lock_token_folder(self, path: Path) -> None:
        files.refuse_open_folder(path.parent, shared=True)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | open_file.FLAGS)
        except OSError as cause:
            text = os_error_text(cause)
            raise LocalState(f'the folder "{path}" cannot be used: {text}') from cause
        self._held.callback(os.close, descriptor)
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise LocalState(f'the folder "{path}" belongs to another user')
        if found.st_mode & 0o077:
            hint = f"chmod 700 {shlex.quote(str(path))}"
            raise LocalState(f'other users may enter the folder "{path}"', hint=hint)
        try:
            files.try_lock(descriptor)
        except BlockingIOError as cause:
            message = f'another endpoint keeps its token in "{path}"'
            raise LocalState(message, hint="name another folder") from cause
        except OSError:
            pass  # the file system has no locks

    def bind_socket(self, path: Path) -> socket.socket:
        """Make a socket with mode 0600. Replaces a socket on which no process listens.

        Raises: UsageProblem, LocalState.
        """
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise UsageProblem(
                f'the socket\'s path has {len(os.fsencode(path))} bytes: "{show(str(path), 60)}"',
                hint=f"at most {_LONGEST_SOCKET_PATH} are possible: use a shorter path",
            )
        files.refuse_open_folder(path.parent, shared=True)
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.lstat(path).st_mode) and not _is_listening_at(path):
                os.unlink(path)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The umask gives the socket mode 0600 from the moment it exists.
        before = os.umask(0o177)
        try:
            made.bind(os.fspath(path))
        except OSError as cause:
            made.close()
            text, hint = f'no socket can be made at "{path}": {os_error_text(cause)}', None
            if os.path.lexists(path):
                text, hint = f'"{path}" is there already', "remove it, or name another path"
            raise LocalState(text, hint=hint) from cause
        finally:
            os.umask(before)
        self._sockets[path] = os.lstat(path).st_ino
        return made

    def remove(self) -> None:
        with contextlib.suppress(LocalState):
            for path, inode in self._sockets.items():
                with contextlib.suppress(OSError):  # another endpoint may have replaced the socket
                    if os.lstat(path).st_ino == inode:
                        os.unlink(path)
            files.remove_tree(self.path)
        self._held.close()


class EnvFile:
    """NAME=VALUE lines with an endpoint's address and token. The file outlives the endpoint."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load_port(self) -> int | None:
        """Return the previous endpoint's port. Raises: LocalState."""
        files.refuse_open_folder(self.path.parent)
        # The mode is left unchanged, since the file may be another program's.
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
        """The format suits `docker run --env-file` and `set -a; . FILE`."""
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        files.write_atomically(self.path, text.encode())


def _is_listening_at(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except OSError as cause:
            return not isinstance(cause, ConnectionRefusedError)
        return True
