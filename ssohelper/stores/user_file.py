"""Reads and replaces a file that the user edits too: ~/.aws/config, a shell's rc file.

A link stays a link, and the mode is unchanged. Other programs take no lock, so just before the
rename the file is compared with what was read.
"""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ssohelper.errors import LocalState
from ssohelper.fastpath import open_file
from ssohelper.stores import files
from ssohelper.stores.disk_errors import file_error, os_error_text

# A config of 10,000 profiles has 2.5 MB.
_LIMIT_BYTES = 64 << 20


class FileContent(NamedTuple):
    """`mark` (inode, time, size; None without a file) shows whether the file changed."""

    data: bytes
    mark: tuple[int, int, int] | None

    @property
    def content(self) -> bytes | None:
        return None if self.mark is None else self.data


class FileChanged(Exception):
    """Another program has written the file between our read and our rename."""


def read_user_file(
    path: Path,
    limit_bytes: int = _LIMIT_BYTES,
    *,
    only_trusted: bool = False,
    known: bytes = b"",
) -> FileContent:
    """Return the file's content, by the rules of `fastpath.open_file`; a missing file is empty.

    If the content is `known`, that object is returned. `only_trusted` refuses a file that users
    other than root and us may write or own. Raises: LocalState.
    """
    opened = None
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            opened = open_file.open_user_file(os.fspath(path))
    except (OSError, ValueError) as cause:
        raise _unreadable_user_file_error(path, cause) from cause
    if opened is None:
        return FileContent(b"", None)
    descriptor, status = opened
    try:
        if only_trusted and not open_file.has_trusted_owner(status, os.fspath(path)):
            raise LocalState(f'"{path}" belongs to another user')
        if only_trusted and open_file.may_others_write(status):
            raise LocalState(
                f'other users may write "{path}", which names commands that are run: not read',
                hint=f"check its content, then: chmod go-w {_quoted(str(path))}",
            )
        data = open_file.read_all(descriptor, os.fspath(path), limit_bytes)
    except OSError as cause:
        raise _unreadable_user_file_error(path, cause) from cause
    finally:
        os.close(descriptor)
    data = known if data == known else data  # one object: a command may read 4 MB many times
    return FileContent(data, (status.st_ino, status.st_mtime_ns, status.st_size))


class UserFile:
    """One file that the user edits too. A new file gets the mode `new_mode`."""

    def __init__(self, path: Path, *, new_mode: int = 0o600) -> None:
        self.path = path
        self._new_mode = new_mode

    def read(self, known: bytes = b"") -> FileContent:
        return read_user_file(self.path, known=known)

    def replace(self, data: bytes, found: FileContent) -> None:
        """Replace the content if the file has not changed since `found`. Raises: FileChanged."""
        files.refuse_another_users_home(self.path)
        # A link stays, and the file to which it points is replaced.
        target = os.path.realpath(self.path)
        mode = self.find_mode_if_writable()
        files.ensure_folder(os.path.dirname(target))

        def check(written: bytes) -> None:
            if written != data:
                raise LocalState(
                    f'the disk returned other bytes than were written: "{self.path}" is unchanged'
                )
            if self.read().mark != found.mark:
                raise FileChanged

        files.write_atomically(target, data, mode=mode, check=check)

    def replace_content(self, before: bytes | None, after: bytes | None) -> None:
        """Write `after` if the content is still `before`; None stands for a missing file."""
        found = self.read()
        try:
            if found.content != before:
                raise FileChanged
            if after is None:
                self.remove()
            else:
                self.replace(after, found)
        except FileChanged:
            raise LocalState(
                f'"{self.path}" was changed by another program meanwhile', hint="try again"
            ) from None

    def remove(self) -> None:
        files.refuse_another_users_home(self.path)
        self.find_mode_if_writable()
        files.remove_file(os.path.realpath(self.path))

    def remove_empty_folders_above(self, count: int) -> None:
        folder = os.path.dirname(os.path.realpath(self.path))
        with suppress(OSError):
            for _ in range(count):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def find_mode_if_writable(self) -> int:
        """Return the file's mode. Raises: LocalState if read-only: a rename would replace it."""
        target = os.path.realpath(self.path)
        try:
            status = os.stat(target)
        except FileNotFoundError:
            return self._new_mode
        except OSError as cause:
            raise LocalState(f'"{self.path}" cannot be written: {cause.strerror}') from cause
        if not stat.S_ISREG(status.st_mode):
            raise LocalState(f'"{self.path}" is not a regular file: not touched')
        if sys.platform != "win32" and status.st_uid != os.geteuid():
            raise LocalState(
                f'"{self.path}" belongs to another user: not touched', hint=f"see: ls -l {target}"
            )
        if not os.access(target, os.W_OK) or not status.st_mode & 0o200:
            quoted = _quoted(target)
            hint = f"if no other tool manages it: chmod u+w {quoted}"
            if status.st_mode & 0o200:
                why = "its mode allows writing, its disk or an attribute does not"
                hint = f"{why}; see: ls -l {quoted}"
            raise LocalState(f'"{self.path}" is read-only: not touched', hint=hint)
        return stat.S_IMODE(status.st_mode)

    def check_replaceable(self) -> None:
        """Raise LocalState if `replace` could not write the file or its folder."""
        files.refuse_another_users_home(self.path)
        self.find_mode_if_writable()
        target = os.path.realpath(self.path)
        folder = os.path.dirname(target)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if os.access(folder, os.W_OK | os.X_OK):
            return
        probe = files.temporary_name_beside(os.path.join(folder, os.path.basename(target)))
        try:  # the attempt tells the reason: no permission, a read-only disk, no folder
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.unlink(probe)
        except OSError as cause:
            raise file_error(target, cause, "written") from cause


def _quoted(path: str) -> str:
    from shlex import quote  # imported here, since only errors need it

    return quote(path)


def _unreadable_user_file_error(path: Path, cause: Exception) -> LocalState:
    if isinstance(cause, open_file.Refused):
        return LocalState(f'"{path}" {cause.strerror}')
    text = os_error_text(cause) if isinstance(cause, OSError) else str(cause).lower()
    return LocalState(f'"{path}" cannot be read: {text}', hint=f"see: ls -l {path}")
