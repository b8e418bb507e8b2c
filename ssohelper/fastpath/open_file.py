"""Opens files to read. Only this module decides which files may be read, and how.

| rule       | a file that ssohelper made       | a file that the user edits                     |
|------------|----------------------------------|------------------------------------------------|
| links      | not followed                     | followed: many users link their dotfiles       |
| kind       | regular                          | regular; a character device counts as empty    |
| owner      | our user; with `for_root` also   | any; trusted: our user, root; if root runs us, |
|            | the owner of HOME                | also the owner of HOME                         |
| hard links | one; none if it was replaced     | any number                                     |
|            | after we had opened it           |                                                |
| mode       | any; `stores.files` sets it 0600 | any; trusted: other users may not write it     |
| size       | the caller's limit               | the caller's limit                             |

The rules for "trusted" files apply to the settings, which may name commands for us to run.

Each rule is checked on the opened descriptor, because another process could replace the file after
a check of its path. Opening never blocks, even if another process has put a FIFO at the path. The
kernel's files (/proc) need no such rules. Windows has no flag to refuse a link and no owner's uid:
on Windows the folder alone protects our files.

A hit imports this module, so it must stay light.
"""

import errno
import os
import stat
import sys

from ssohelper.fastpath import folders

# Flags that a system lacks are 0 here. Without O_BINARY, Windows would remove carriage returns.
_COMMON = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
FLAGS = _COMMON | getattr(os, "O_NOFOLLOW", 0)
_READ_BYTES = 1 << 16
_KINDS = {
    errno.ELOOP: "is a link",
    errno.EMLINK: "is a link",  # FreeBSD reports a link with this error
    errno.EISDIR: "is a folder",
    errno.ENXIO: "is not a regular file",
}


class Refused(OSError):
    """Raised for a file that must not be used. `strerror` says why, such as "is a link"."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(errno.EPERM, what, path)


class TooLarge(Refused):
    def __init__(self, path: str, limit: int) -> None:
        super().__init__(path, f"is larger than {limit} bytes")


def open_own_file(
    path: str, flags: int = os.O_RDONLY, *, for_root: bool = False
) -> "tuple[int, os.stat_result]":
    """Open a file that ssohelper made. With O_CREAT in `flags`, a new file gets mode 0600.

    With `for_root`, also opens files of the user whose HOME root runs with. Raises: Refused;
    OSError.
    """
    try:
        descriptor = os.open(path, flags | FLAGS, 0o600)
    except OSError as cause:
        kind = _KINDS.get(cause.errno or 0)
        if kind is None:
            raise
        raise Refused(path, kind) from cause
    try:
        found = os.fstat(descriptor)
        is_root_reading = for_root and belongs_to_sudo_user(found, path)
        check_own_file(found, path, found.st_uid if is_root_reading else None)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, found


def check_own_file(found: os.stat_result, path: str, owner: "int | None" = None) -> None:
    what = None
    if stat.S_ISLNK(found.st_mode):
        what = "is a link"
    elif stat.S_ISDIR(found.st_mode):
        what = "is a folder"
    elif not stat.S_ISREG(found.st_mode):
        what = "is not a regular file"
    elif not is_owned_by_us(found) and found.st_uid != owner:
        what = "belongs to another user"
    elif found.st_nlink > 1:
        what = "has more than one hard link"
    if what:
        raise Refused(path, what)


def open_user_file(path: str) -> "tuple[int, os.stat_result] | None":
    """Return the descriptor and status; None for a character device.

    AWS_CONFIG_FILE=/dev/null means "no file", as for botocore. Raises: Refused; OSError; ValueError
    for a path that no file can have.
    """
    descriptor = os.open(path, os.O_RDONLY | _COMMON)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode):
        return descriptor, found
    os.close(descriptor)
    if stat.S_ISCHR(found.st_mode):
        return None
    raise Refused(path, "is not a regular file")


def read_all(descriptor: int, path: str, limit: int) -> bytes:
    """Raises: TooLarge, OSError."""
    parts: list[bytes] = []
    left = limit + 1
    # The C library keeps freed memory for reuse: after it has freed one large buffer, up to twice
    # that buffer's size.
    step = max(_READ_BYTES, os.fstat(descriptor).st_size + 1)
    while left > 0 and (part := os.read(descriptor, min(left, step))):
        parts.append(part)
        left -= len(part)
        step = _READ_BYTES
    if left <= 0:
        raise TooLarge(path, limit)
    return b"".join(parts)


def is_owned_by_us(found: os.stat_result) -> bool:
    return sys.platform == "win32" or found.st_uid == os.geteuid()


def has_trusted_owner(found: os.stat_result, path: str) -> bool:
    """Return whether the file's owner is trusted: only then we run commands that the file names."""
    return is_owned_by_us(found) or found.st_uid == 0 or belongs_to_sudo_user(found, path)


def may_others_write(found: os.stat_result) -> bool:
    if sys.platform == "win32":
        return False
    # Editors make files that the user's private group may write. Such a group has the user's own
    # id.
    by_group = found.st_mode & 0o020 and found.st_gid not in (0, found.st_uid)
    return bool(found.st_mode & 0o002 or by_group)


def belongs_to_sudo_user(found: os.stat_result, path: str) -> bool:
    if sys.platform == "win32" or os.geteuid() != 0 or found.st_uid == 0:
        return False
    return found.st_uid == folders.find_other_home_owner(absolute_path(path), os.environ)


def absolute_path(path: str) -> str:
    """Return an absolute path, or the path unchanged if the current folder was removed."""
    try:
        return os.path.abspath(path)
    except OSError:
        return path
