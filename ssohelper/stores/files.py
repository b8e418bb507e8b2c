"""Reads ssohelper's own files with checks, and writes them atomically. All stores use this module.

A read follows the rules of `fastpath.open_file`. A write makes a new file beside the old one and
renames the new file, so that no reader sees half a file.
"""

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ssohelper.core.schema.fields import Damaged
from ssohelper.fastpath import open_file
from ssohelper.stores.disk_errors import FileTooLarge, unreadable_file_error, unwritable_file_error
from ssohelper.stores.locks import hold_lock, try_lock
from ssohelper.stores.own_folders import (
    ensure_folder,
    ensure_private_folder,
    is_in_another_users_home,
    list_names_in_folder,
    refuse_another_users_home,
    remove_file,
    remove_tree,
    restrict_mode_to_user,
    role_folder_names,
    session_file_name,
)
from ssohelper.stores.temporary_files import (
    remove_files_of_killed_processes,
    remove_old_temporary_files_once,
    temporary_name_beside,
)

# A store imports only this module for its work on the disk, so this module also exports the names
# of the modules below it.
__all__ = [
    "PORTALS_FOLDER",
    "ensure_folder",
    "ensure_private_folder",
    "hold_lock",
    "is_in_another_users_home",
    "list_names_in_folder",
    "parse_json_object",
    "read_json",
    "read_own_file",
    "read_own_file_with_status",
    "read_record",
    "refuse_another_users_home",
    "remove_file",
    "remove_files_of_killed_processes",
    "remove_old_temporary_files_once",
    "remove_tree",
    "replace_file",
    "report_damaged_file",
    "reserve_file",
    "restrict_mode_to_user",
    "role_folder_names",
    "session_file_name",
    "write_atomically",
    "write_json",
    "write_link",
]

_T = TypeVar("_T")
_Parse = Callable[[dict[str, Any]], _T]
_Read = Callable[[Path | str, int], bytes | None]
_log = logging.getLogger(__name__)

READ_LIMIT_BYTES = 1 << 20
PORTALS_FOLDER = "portals"  # in the state folder: has the records of `stores.portal_addresses`
# Flags to create a file: the open fails if anything, even a link, has that name already.
_NEW_FILE = (
    os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_READ_SECONDS = 1.0


def read_own_file(
    path: Path | str, limit: int = READ_LIMIT_BYTES, *, tighten: bool = True
) -> bytes | None:
    """Return the bytes of a file of ours, by the rules of `fastpath.open_file`; None if missing.

    With `tighten`, a mode that lets other users read or write is set to 0600, with one warning.
    Raises: NotOurs for a link, FIFO, folder, hard link or other user's file; FileTooLarge;
    LocalState.
    """
    opened = read_own_file_with_status(path, limit, tighten=tighten)
    return None if opened is None else opened[0]


def read_own_file_with_status(
    path: Path | str, limit: int = READ_LIMIT_BYTES, *, tighten: bool = True
) -> tuple[bytes, os.stat_result] | None:
    """Return the bytes and the status (`os.stat_result`) of a file of ours; see `read_own_file`."""
    path = os.fspath(path)
    try:
        descriptor, found = open_file.open_own_file(path, for_root=True)
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise unreadable_file_error(path, cause) from cause
    try:
        # If root runs with a user's HOME (sudo -E), that user's files keep their modes.
        if tighten and open_file.is_owned_by_us(found):
            restrict_mode_to_user(descriptor, found, path)
        return open_file.read_all(descriptor, path, limit), found
    except OSError as cause:
        raise unreadable_file_error(path, cause) from cause
    finally:
        os.close(descriptor)


def read_json(
    path: Path | str, limit: int = READ_LIMIT_BYTES, read: _Read = read_own_file
) -> dict[str, Any] | None:
    """Return the JSON object in the file; None when the file is missing or malformed."""
    try:
        content = read(path, limit)
    except FileTooLarge:
        content = b""
    if content is None:
        return None
    found = parse_json_object(content)
    if found is None:
        _log.info('"%s" holds no JSON object: counted as missing', path)
    return found


def read_record(
    path: Path | str, parse: _Parse[_T], limit: int = READ_LIMIT_BYTES, read: _Read = read_own_file
) -> _T | None:
    """Parse the JSON object in the file with `parse`; None if the file is missing or damaged.

    Raises the errors of `read`.
    """
    found = read_json(path, limit, read)
    if found is None:
        return None
    try:
        return parse(found)
    except Damaged as damage:
        report_damaged_file(path, damage)
        return None


def report_damaged_file(path: Path | str, damage: Damaged) -> None:
    """Log, for -v, that the damaged file counts as missing. The next write replaces it."""
    _log.info('"%s" is damaged (%s): counted as missing', os.fspath(path), damage)


def parse_json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object in the bytes; None when the bytes hold anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# -- writing files atomically ------------------------------------------------------------------


def write_atomically(
    path: Path | str,
    data: bytes,
    *,
    mode: int = 0o600,
    mtime: int | None = None,
    mtime_ns: int | None = None,
    check: Callable[[bytes], object] | None = None,
    durable: bool = True,
) -> None:
    """Replace the file at `path` with `data`, completely or not at all; its folder must exist.

    Without `durable`, a power failure may lose the data; caches use this, as each fsync costs 1 to
    5 ms. `check` gets the new bytes as read back from the disk; if it raises, nothing is replaced.
    Raises: LocalState when the disk fails; NotOurs for a link or another user's file at `path`.
    """
    path = os.fspath(path)
    refuse_another_users_home(path)
    folder = os.path.dirname(path) or "."
    remove_old_temporary_files_once(folder)
    temp = temporary_name_beside(path)
    try:
        _refuse_to_replace_unsafe_file(path)
        at_ns = mtime_ns if mtime is None else mtime * 10**9
        _write_new_file(temp, data, mode, at_ns, durable=durable)
        if check is not None:
            check(_read_written_file(temp))
        replace_file(temp, path)
        if durable:
            _fsync_folder(folder)
    except OSError as cause:
        raise unwritable_file_error(path, cause) from cause
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temp)


def write_json(
    path: Path | str, value: dict[str, Any], *, mtime: int | None = None, durable: bool = True
) -> None:
    """Write the object as ASCII JSON to `path`, completely or not at all."""
    write_atomically(path, json.dumps(value).encode("ascii"), mtime=mtime, durable=durable)


def write_link(path: Path | str, target: str) -> None:
    """Make `path` a symlink to `target`, replacing any file in one step; its folder must exist.

    Raises: LocalState.
    """
    path = os.fspath(path)
    temp = temporary_name_beside(path)
    try:
        os.symlink(target, temp)
        replace_file(temp, path)
    except OSError as cause:
        raise unwritable_file_error(path, cause) from cause
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temp)


def _make_locked_temporary_file(path: str) -> tuple[str, int]:
    """Make a temporary file beside the path; return its path and descriptor. Raises: OSError.

    The file is locked, so that other processes do not remove it as an old temporary file. If
    another process removed the file before it was locked, a new file is made.
    """
    while True:
        temp = temporary_name_beside(path)
        descriptor = os.open(temp, os.O_RDWR | _NEW_FILE, 0o600)
        try:
            with contextlib.suppress(OSError):  # the file system may have no locks
                try_lock(descriptor)
            if os.path.lexists(temp):
                return temp, descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


class Reservation:
    """A future file: its disk space is allocated before its content is known."""

    def __init__(self, path: str, temp: str, descriptor: int) -> None:
        self._path = path
        self._temp = temp
        self._descriptor = descriptor

    def commit(
        self,
        data: bytes,
        mtime: int | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Write `data` to the reserved path, completely or not at all. Raises: LocalState.

        `is_wanted` is called when the data is on the disk. If that returns False, `commit` returns
        False, and the file at the path stays as it was.
        """
        try:
            _refuse_to_replace_unsafe_file(self._path)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.ftruncate(self._descriptor, len(data))
            if mtime is not None:
                target = self._descriptor if os.utime in os.supports_fd else self._temp
                os.utime(target, (mtime, mtime))
            os.fsync(self._descriptor)
            if not is_wanted():
                return False
            if sys.platform == "win32":
                # Windows renames no open file. Elsewhere the file stays open, and so locked, until
                # it has its name: no other process removes it.
                self.close()
            try:
                replace_file(self._temp, self._path)
            except FileNotFoundError:
                # The temporary file that holds the reserved space was removed, by another program
                # or on another host that shares this folder but not our locks.
                write_atomically(self._path, data, mtime=mtime)
            _fsync_folder(os.path.dirname(self._path) or ".")
        except OSError as cause:
            raise unwritable_file_error(self._path, cause) from cause
        return True

    def close(self) -> None:
        """Close the file, unless it is closed already."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextlib.contextmanager
def reserve_file(path: Path | str, size: int) -> Iterator[Reservation]:
    """Reserve `size` bytes of disk space for `path`, with a temporary file of that size beside it.

    Raises: LocalState when the disk lacks the space; NotOurs for a link or another user's file at
    `path`.
    """
    path = os.fspath(path)
    refuse_another_users_home(path)
    folder = os.path.dirname(path) or "."
    remove_old_temporary_files_once(folder)
    try:
        _refuse_to_replace_unsafe_file(path)
        temp, descriptor = _make_locked_temporary_file(path)
    except OSError as cause:
        raise unwritable_file_error(path, cause) from cause
    reservation = Reservation(path, temp, descriptor)
    try:
        try:
            # Zeros are written, because on some file systems fallocate succeeds without free space.
            left = size
            while left > 0:
                left -= os.write(descriptor, bytes(left))
            os.fsync(descriptor)
        except OSError as cause:
            raise unwritable_file_error(path, cause) from cause
        yield reservation
    finally:
        reservation.close()
        with contextlib.suppress(OSError):
            os.unlink(temp)


# -- writing temporary files and renaming them -------------------------------------------------


def _refuse_to_replace_unsafe_file(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        open_file.check_own_file(os.lstat(path), path)


def _write_new_file(
    path: str, data: bytes, mode: int, mtime_ns: int | None, *, durable: bool
) -> None:
    flags = os.O_WRONLY | _NEW_FILE
    descriptor = os.open(path, flags, 0o600)
    try:
        if durable:
            with contextlib.suppress(OSError):  # the file system may have no locks
                try_lock(descriptor)
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if mode != 0o600 and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        if mtime_ns is not None:
            os.utime(descriptor if os.utime in os.supports_fd else path, ns=(mtime_ns, mtime_ns))
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_written_file(path: str) -> bytes:
    with open(path, "rb") as written:
        return written.read()


def replace_file(temp: str, path: str) -> None:
    """Rename the file `temp` to `path`, replacing the file that has that name. Raises: OSError."""
    if sys.platform == "win32":
        # Windows cannot replace a file while a process has it open. A reader has it open for
        # milliseconds.
        ends_at = time.monotonic() + _READ_SECONDS
        while time.monotonic() < ends_at:
            with contextlib.suppress(PermissionError):
                os.replace(temp, path)
                return
            time.sleep(0.02)
    os.replace(temp, path)


def _fsync_folder(folder: str) -> None:
    # Errors are ignored: the rename is done, and some file systems refuse fsync on a folder.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
