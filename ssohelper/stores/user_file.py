"""A file of the person's (~/.aws/config, a shell's rc file): read as it is, replaced whole.

A link stays one, the mode is kept; a read-only file, another user's, or what is no plain file is
not touched. Others write it too and take no lock, so it is looked at once more before the rename.
"""

import os
import shlex
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.trust import (
    BINARY,
    CLOEXEC,
    NONBLOCK,
    is_of_home_given_to_root,
    is_ours,
    refuse_another_users_home,
)

# Not NOFOLLOW: people keep dotfiles by links. BINARY: Windows would take away carriage returns.
_READ_FLAGS = os.O_RDONLY | NONBLOCK | CLOEXEC | BINARY
# 10,000 profiles are 2.5 MB; more than this is no config.
_LIMIT_BYTES = 64 << 20


class Found(NamedTuple):
    """What was read, and by what it is known again: inode, time and size. No mark: no file."""

    data: bytes
    mark: tuple[int, int, int] | None


class Changed(Exception):
    """Somebody wrote the file between our read and our rename."""


def read_user_file(
    path: Path, limit_bytes: int = _LIMIT_BYTES, *, only_trusted: bool = False
) -> Found:
    """Return the file as it is now; a missing one is empty.

    With `only_trusted` another user's is refused, and one that others may write; root's is not:
    some systems build homes so.
    Raises: LocalState.
    """
    try:
        # O_NONBLOCK: opening a FIFO must not hang.
        descriptor = os.open(path, _READ_FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return Found(b"", None)
    except (OSError, ValueError) as cause:
        raise _unreadable(path, cause) from cause
    try:
        status = os.fstat(descriptor)
        if stat.S_ISCHR(status.st_mode):
            # AWS_CONFIG_FILE=/dev/null is how people switch a file off; botocore skips it too.
            return Found(b"", None)
        if not stat.S_ISREG(status.st_mode):
            raise LocalState(f'"{path}" is no plain file')
        if only_trusted:
            _refuse_untrusted(path, status)
        data = b""
        while part := os.read(descriptor, min(limit_bytes + 1, 1 << 24)):
            data += part
            if len(data) > limit_bytes:
                raise LocalState(f'"{path}" is larger than {limit_bytes} bytes')
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    finally:
        os.close(descriptor)
    return Found(data, (status.st_ino, status.st_mtime_ns, status.st_size))


def _refuse_untrusted(path: Path, status: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    is_trusted = is_ours(status) or status.st_uid == 0
    if not is_trusted and not is_of_home_given_to_root(status, str(path)):
        raise LocalState(f'"{path}" belongs to another user')
    # Where each user has a group of the same number, editors make files that it may write.
    by_group = status.st_mode & 0o020 and status.st_gid not in (0, status.st_uid)
    if status.st_mode & 0o002 or by_group:
        raise LocalState(
            f'other users may write "{path}", which names commands that are run: not read',
            hint=f"look at it, then: chmod go-w {shlex.quote(str(path))}",
        )


class UserFile:
    """One such file. `new_mode` is what it gets when we make it."""

    def __init__(self, path: Path, *, new_mode: int = 0o600) -> None:
        self.path = path
        self._new_mode = new_mode

    def read(self) -> Found:
        """Return the file as it is now; a missing one is empty. Raises: LocalState."""
        return read_user_file(self.path)

    def put(self, data: bytes, found: Found) -> None:
        """Replace what was `found`. Raises: Changed, LocalState; then the file is as it was."""
        refuse_another_users_home(self.path)
        # The link stays: its target is what is replaced.
        target = os.path.realpath(self.path)
        mode = self.check_writable()
        files.ensure_folder(os.path.dirname(target))

        def check(written: bytes) -> None:
            if written != data:
                raise LocalState(f'"{self.path}" was not written as it should be: nothing changed')
            if self.read().mark != found.mark:
                raise Changed

        files.write_atomically(target, data, mode=mode, check=check)

    def replace_if(self, before: bytes | None, after: bytes | None) -> None:
        """Write (None: remove) what was planned on `before`. Raises: LocalState if it is no more."""
        found = self.read()
        try:
            if (None if found.mark is None else found.data) != before:
                raise Changed
            if after is None:
                self.remove()
            else:
                self.put(after, found)
        except Changed:
            raise LocalState(
                f'"{self.path}" was changed by somebody else meanwhile', hint="try again"
            ) from None

    def remove(self) -> None:
        """Remove the file, of a link its target."""
        refuse_another_users_home(self.path)
        self.check_writable()
        files.remove(os.path.realpath(self.path))

    def missing_folders(self) -> int:
        """Return how many folders must be made for it."""
        folder, count = os.path.dirname(os.path.realpath(self.path)), 0
        while not os.path.lexists(folder):
            folder, count = os.path.dirname(folder), count + 1
        return count

    def remove_folders(self, count: int) -> None:
        """Remove so many folders above it, up to the first that something is in."""
        folder = os.path.dirname(os.path.realpath(self.path))
        with suppress(OSError):
            for _ in range(count):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def check_writable(self) -> int:
        """Return the file's mode, that of a new one when there is none. Raises: LocalState.

        A rename would need neither: the folder's permission is enough for it.
        """
        target = os.path.realpath(self.path)
        try:
            status = os.stat(target)
        except FileNotFoundError:
            return self._new_mode
        except OSError as cause:
            raise LocalState(f'"{self.path}" cannot be written: {cause.strerror}') from cause
        if not stat.S_ISREG(status.st_mode):
            raise LocalState(f'"{self.path}" is no plain file: not touched')
        if sys.platform != "win32" and status.st_uid != os.geteuid():
            raise LocalState(
                f'"{self.path}" belongs to another user: not touched', hint=f"see: ls -l {target}"
            )
        if not os.access(target, os.W_OK) or not status.st_mode & 0o200:
            raise LocalState(
                f'"{self.path}" is read-only: not touched', hint=f"see: ls -l {target}"
            )
        return stat.S_IMODE(status.st_mode)


def _unreadable(path: Path, cause: Exception) -> LocalState:
    reason = getattr(cause, "strerror", None) or str(cause)
    return LocalState(f'"{path}" cannot be read: {reason.lower()}', hint=f"see: ls -l {path}")
