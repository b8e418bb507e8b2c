"""Reads, writes, locks and removes ssohelper's own files and folders, for all stores.

Our folders have mode 0700, our files 0600; nothing is created in another user's home. A write makes
a locked temporary file beside the old file and renames it: no reader sees half a file.
"""

import contextlib
import errno
import itertools
import json
import logging
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import SIGN_IN_NAME, RoleKey, checked_role
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show
from ssohelper.errors import (
    AnotherUsersHome,
    ConfigInvalid,
    LocalState,
    LockNotObtained,
)
from ssohelper.fastpath import folders, open_file
from ssohelper.stores.disk_errors import (
    file_error,
    first_os_error,
    os_error_text,
    warn_once,
)

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_T = TypeVar("_T")
_Read = Callable[[Path], bytes | None]
Warn = Callable[[str], object]
_log = logging.getLogger(__name__)

# A listing of 5,000 accounts with 20 roles each takes 4 MB.
READ_LIMIT_BYTES = 64 << 20
PORTALS_FOLDER = "portals"  # a folder in the state folder, for `stores.portals`
_READ_SECONDS = 1.0
_TEMPORARY = re.compile(r"\.ssohelper-[0-9]+-[0-9a-f]{12}")
_TEMPORARY_LIFE_SECONDS = 3600
_swept: set[str] = set()

# -- names from outside that become parts of paths -------------------------------------------------


def session_file_name(name: str) -> str:
    """Return the name. Raises: ConfigInvalid."""
    if not SIGN_IN_NAME.fullmatch(name):
        raise ConfigInvalid(
            f'"{show(name, 80)}" cannot be a session\'s name',
            hint="use letters, digits, dot, dash and underscore: at most 64, "
            "beginning with a letter or digit",
        )
    return name


def role_folder_names(key: RoleKey) -> tuple[str, str, str]:
    checked_role(*key.role)
    return session_file_name(key.session_name), key.account_id, key.role_part


# -- folders ---------------------------------------------------------------------------------------


def ensure_private_folder(path: Path | str) -> Path:
    """Make the folder, and missing folders above it, with mode 0700; close it to other users.

    Raises: LocalState.
    """
    refuse_another_users_home(path)
    ensure_folder(path)
    try:
        for found in (os.lstat(path), os.stat(path)):
            if not open_file.is_owned_by_us(found):
                raise LocalState(f'"{os.fspath(path)}" belongs to another user')
        if not stat.S_ISDIR(found.st_mode):
            raise LocalState(f'"{os.fspath(path)}" is not a folder')
        # Stricter than `folders.is_private_folder`: other users may not even read our folders.
        if sys.platform != "win32" and found.st_mode & 0o077:
            os.chmod(path, 0o700)
            warn_once(f'"{os.fspath(path)}" was open to other users: now it is not')
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be used: {os_error_text(cause)}') from cause
    return Path(path)


def ensure_folder(path: Path | str) -> None:
    if not os.path.isdir(path):
        refuse_another_users_home(path)
    text = os.fspath(path)
    try:
        try:
            os.mkdir(text, 0o700)
        except FileNotFoundError:
            parent = os.path.dirname(text.rstrip("/"))
            if not parent:
                raise
            ensure_folder(parent)
            os.mkdir(text, 0o700)
    except FileExistsError:
        pass
    except (OSError, ValueError) as cause:
        raise LocalState(f'the folder "{text}" cannot be made: {os_error_text(cause)}') from cause


def refuse_open_folder(folder: Path, *, shared: bool = False) -> None:
    """Raise LocalState for a folder in which another user could replace a file of ours.

    `shared` accepts root's folders such as /tmp, where users cannot remove each other's files, and
    folders that our private group (gid = uid) may write.
    """
    if sys.platform == "win32":
        return  # its modes do not say who may write
    try:
        found = os.stat(folder)
    except OSError as cause:
        raise LocalState(f'the folder "{folder}" cannot be used: {os_error_text(cause)}') from cause
    if not stat.S_ISDIR(found.st_mode):
        raise LocalState(f'"{folder}" is not a folder')
    if shared and found.st_uid == 0 and (found.st_mode & stat.S_ISVTX or not found.st_mode & 0o022):
        return
    hint = "use a folder of your own"
    if found.st_uid != os.geteuid():
        raise LocalState(f'the folder "{folder}" belongs to another user', hint=hint)
    own_group = shared and found.st_gid == os.geteuid()
    if found.st_mode & (0o002 if own_group else 0o022):
        raise LocalState(f'others may write in the folder "{folder}"', hint=hint)


def restrict_mode_to_user(descriptor: int, found: os.stat_result, path: str) -> None:
    if sys.platform != "win32" and found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
        warn_once(f'"{path}" was open to other users: now it is not')


def find_other_home_owner(path: Path | str) -> int | None:
    return folders.find_other_home_owner(open_file.absolute_path(os.fspath(path)), os.environ)


def refuse_another_users_home(path: Path | str) -> None:
    owner = find_other_home_owner(path)
    if owner is None or sys.platform == "win32":
        return
    import pwd

    whose = f"user {owner}"
    with contextlib.suppress(KeyError):
        whose = f"user {pwd.getpwuid(owner).pw_name}"
    hint = f"run it as {whose}, or with HOME set to a folder of yours"
    if os.geteuid() == 0:
        hint = f"run it without sudo, as {whose}, or for root with: sudo -H ssohelper"
    text = open_file.absolute_path(os.fspath(path))
    raise AnotherUsersHome(f'"{text}" is not written: that folder belongs to {whose}', hint=hint)


def remove_file(path: Path | str) -> bool:
    if os.path.lexists(path):
        refuse_another_users_home(path)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as cause:
        text = os_error_text(cause)
        raise LocalState(f'"{os.fspath(path)}" cannot be removed: {text}') from cause
    return True


def remove_tree(path: Path | str) -> int:
    removed = 0
    try:
        status = os.lstat(path)
        if not (stat.S_ISDIR(status.st_mode) and open_file.is_owned_by_us(status)):
            return 0
        os.chmod(path, 0o700)  # because the mode may not let us read the folder
        with os.scandir(path) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be read: {os_error_text(cause)}') from cause
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        removed += remove_tree(entry.path) if is_folder else remove_file(entry.path)
    # Fails if another process has added a file.
    with contextlib.suppress(OSError):
        os.rmdir(path)
    return removed


def list_names_in_folder(path: Path | str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(path) if name[0] != ".")
    except OSError:
        return []


def list_role_keys(folder: Path, session_name: str) -> list[RoleKey]:
    """Return the roles for which a path FOLDER/ACCOUNT/ROLE exists."""
    found = []
    for account_id in list_names_in_folder(folder):
        for role_name in list_names_in_folder(folder / account_id):
            key = RoleKey.of_parts(session_name, account_id, role_name)
            with contextlib.suppress(ConfigInvalid):
                role_folder_names(key)
                found.append(key)
    return found


def is_folder_in_memory(folder: str) -> bool:
    while sys.platform == "linux":
        try:
            return _is_memory_device(os.stat(folder).st_dev)
        except OSError:
            if os.path.dirname(folder) == folder:
                break
            folder = os.path.dirname(folder)
    return False


@lru_cache(maxsize=16)
def _is_memory_device(device: int) -> bool:
    # os.statvfs does not tell the type, and importing ctypes for statfs takes 10 ms.
    if sys.platform == "win32":
        return False
    wanted = [f"{os.major(device)}:{os.minor(device)}"]
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            # A line: ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS… - TYPE SOURCE OPTIONS
            # (proc(5))
            halves = [line.partition(" - ")[::2] for line in mounts]
    except OSError:
        return False
    types = {right.split(" ")[0] for left, right in halves if left.split(" ")[2:3] == wanted}
    return bool(types) and types <= {"tmpfs", "ramfs", "devtmpfs"}


# -- reading ---------------------------------------------------------------------------------------


def read_own_file(
    path: Path | str, limit: int = READ_LIMIT_BYTES, *, tighten: bool = True
) -> bytes | None:
    """Return the bytes of a file of ours, by the rules of `fastpath.open_file`; None if missing.

    `tighten` removes other users' access, with one warning. Raises: NotOurs, LocalState.
    """
    opened = read_with_status(path, limit, tighten=tighten)
    return None if opened is None else opened[0]


def read_with_status(
    path: Path | str, limit: int = READ_LIMIT_BYTES, *, tighten: bool = True
) -> tuple[bytes, os.stat_result] | None:
    path = os.fspath(path)
    try:
        descriptor, found = open_file.open_own_file(path, for_root=True)
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise file_error(path, cause, "read") from cause
    try:
        # With sudo -E, the files are another user's: their modes stay.
        if tighten and open_file.is_owned_by_us(found):
            restrict_mode_to_user(descriptor, found, path)
        return open_file.read_all(descriptor, path, limit), found
    except OSError as cause:
        raise file_error(path, cause, "read") from cause
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    return read_record(path, dict)


def read_record(
    path: Path, parse: Callable[[dict[str, Any]], _T], read: _Read = read_own_file
) -> _T | None:
    """Parse the JSON object in the file; None if it is missing or damaged."""
    content = read(path)
    return None if content is None else parse_record(path, parse_json_object(content), parse)


def read_valid_parts(
    path: Path,
    parse: Callable[[dict[str, Any]], tuple[_T, list[str]]],
    default: _T,
    read: _Read = read_own_file,
) -> tuple[_T, bool]:
    """Return the valid values in the file, and whether all of the file is valid."""
    parsed = read_record(path, parse, read)
    value, damaged = parsed or (default, [])
    for name in damaged:
        report_damaged_file(path, Damaged(name))
    return value, not damaged and (parsed is not None or not os.path.lexists(path))


def parse_record(
    path: Path | str, found: dict[str, Any] | None, parse: Callable[[dict[str, Any]], _T]
) -> _T | None:
    try:
        if found is None:
            raise Damaged("object")
        return parse(found)
    except Damaged as damage:
        report_damaged_file(path, damage)
        return None


def report_damaged_file(path: Path | str, damage: Exception) -> None:
    _log.info('"%s" is damaged (%s): counted as missing', os.fspath(path), damage)


def rename_unreadable_file(path: Path, warn: Warn) -> None:
    """Rename the file to a free name beside it, and warn. Raises: LocalState."""
    if not os.path.lexists(path) or os.path.islink(path):
        return  # the write refuses a link
    names = (path.name + ".damaged" + (f"-{n}" if n > 1 else "") for n in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(path.with_name(name)))
    with _raise_unwritable(os.fspath(path)):
        replace_file(os.fspath(path), os.fspath(path.with_name(aside)))
    warn(f'this version cannot read all of "{path}": that file is kept as "{aside}"')


def parse_json_object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# -- writing ---------------------------------------------------------------------------------------


class Reservation:
    """A file to be written: a locked temporary file beside its path, with reserved disk space."""

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        _refuse_unsafe_file(path)
        self._temp, self._descriptor = _make_locked_temporary_file(path)
        try:
            # Writes zeros: on some file systems fallocate succeeds without free space.
            while size > 0:
                size -= os.write(self._descriptor, bytes(size))
                os.fsync(self._descriptor)
        except BaseException:
            self.discard()
            raise

    def commit(
        self,
        data: bytes,
        mtime_ns: int | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        mode: int = 0o600,
        durable: bool = True,
    ) -> bool:
        """Write `data` to the path, completely or not at all. Raises: LocalState.

        `is_wanted` is called last. If it returns False, so does this, and the old file stays.
        """
        with _raise_unwritable(self._path):
            _refuse_unsafe_file(self._path)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.ftruncate(self._descriptor, len(data))
            if mode != 0o600 and hasattr(os, "fchmod"):
                os.fchmod(self._descriptor, mode)
            if mtime_ns is not None:
                target = self._descriptor if os.utime in os.supports_fd else self._temp
                os.utime(target, ns=(mtime_ns, mtime_ns))
            if durable:
                os.fsync(self._descriptor)
            if not is_wanted():
                return False
            if sys.platform == "win32":
                # Windows cannot rename an open file. Elsewhere the file stays locked until it has
                # its name.
                self._close()
            try:
                replace_file(self._temp, self._path)
            except FileNotFoundError:
                # Another program removed the file, perhaps on a host that does not share our locks.
                write_atomically(self._path, data, mode=mode, mtime_ns=mtime_ns, durable=durable)
            if durable:
                _fsync_folder(os.path.dirname(self._path) or ".")
        return True

    def read(self) -> bytes:
        with open(self._temp, "rb") as written:
            return written.read()

    def discard(self) -> None:
        self._close()
        with contextlib.suppress(OSError):
            os.unlink(self._temp)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextlib.contextmanager
def reserve_file(path: Path | str, size: int) -> Iterator[Reservation]:
    """Reserve `size` bytes of disk space for the file, whose folder must exist.

    Raises: LocalState, NotOurs.
    """
    path = os.fspath(path)
    refuse_another_users_home(path)
    sweep_folder_once(os.path.dirname(path) or ".")
    with _raise_unwritable(path):
        reservation = Reservation(path, size)
    try:
        yield reservation
    finally:
        reservation.discard()


def write_atomically(
    path: Path | str,
    data: bytes,
    *,
    mode: int = 0o600,
    mtime_ns: int | None = None,
    check: Callable[[bytes], object] | None = None,
    durable: bool = True,
) -> None:
    """Replace the file at `path`, completely or not at all; its folder must exist.

    Without `durable`, there is no fsync (1 to 5 ms), and a power failure may lose the data. `check`
    gets the new bytes as read back from the disk; if `check` raises, nothing is replaced. Raises:
    LocalState, NotOurs.
    """
    with reserve_file(path, 0) as new:

        def is_wanted() -> bool:
            if check is not None:
                check(new.read())
            return True

        new.commit(data, mtime_ns, is_wanted, mode=mode, durable=durable)


def write_json(path: Path, value: dict[str, Any], *, mtime_ns: int | None = None) -> None:
    write_atomically(path, json.dumps(value).encode("ascii"), mtime_ns=mtime_ns)


def write_entries(path: Path, document: dict[str, Any], *, is_whole: bool, warn: Warn) -> None:
    """Write the user's entries; the caller holds the lock. Unless `is_whole`, keep the old file."""
    ensure_private_folder(path.parent)
    if not is_whole:
        rename_unreadable_file(path, warn)
    write_json(path, document)


def write_link(path: Path | str, target: str) -> None:
    """Make or replace the link. For a moment, a reader may find no link."""
    with _raise_unwritable(os.fspath(path)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.symlink(target, path)


def replace_file(temp: str, path: str) -> None:
    if sys.platform == "win32":
        # Windows cannot replace an open file. A reader has it open for milliseconds.
        ends_at = time.monotonic() + _READ_SECONDS
        while time.monotonic() < ends_at:
            with contextlib.suppress(PermissionError):
                os.replace(temp, path)
                return
            time.sleep(0.02)
    os.replace(temp, path)


@contextlib.contextmanager
def _raise_unwritable(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise file_error(path, cause, "written") from cause


def _refuse_unsafe_file(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        open_file.check_own_file(os.lstat(path), path)


def _fsync_folder(folder: str) -> None:
    # Some file systems refuse fsync on a folder.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# -- temporary files -------------------------------------------------------------------------------


def temporary_name_beside(path: str) -> str:
    name = f".ssohelper-{os.getpid()}-{os.urandom(6).hex()}"
    return os.path.join(os.path.dirname(path) or ".", name)


def _make_locked_temporary_file(path: str) -> tuple[str, int]:
    while True:
        temp = temporary_name_beside(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | open_file.FLAGS
        descriptor = os.open(temp, flags, 0o600)
        try:
            with contextlib.suppress(OSError):  # the file system may not support locks
                try_lock(descriptor)
            if os.path.lexists(temp):  # otherwise another process removed it before the lock
                return temp, descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def sweep_folder_once(folder: str) -> None:
    if folder not in _swept:
        _swept.add(folder)
        remove_temporary_files(folder, _TEMPORARY_LIFE_SECONDS)


def remove_temporary_files(folder: str, least_age_seconds: float = 0) -> None:
    for path in list_temporary_files(folder, least_age_seconds):
        with contextlib.suppress(OSError):
            os.unlink(path)


def list_temporary_files(
    folder: str, least_age_seconds: float = _TEMPORARY_LIFE_SECONDS
) -> list[str]:
    """Return the temporary files that no process has locked; some are locked for over an hour."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    age = time.time() - os.lstat(entry.path).st_mtime
                    if age > least_age_seconds and not _is_locked(entry.path):
                        found.append(entry.path)
    return found


def _is_locked(path: str) -> bool:
    descriptor = os.open(path, os.O_RDONLY | open_file.FLAGS)
    try:
        try_lock(descriptor)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


# -- locks -----------------------------------------------------------------------------------------

# Errors of network file systems without a lock daemon, and of a full or read-only disk.
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_PID = b"pid "


@contextlib.contextmanager
def hold_lock(
    path: Path | str, deadline: Deadline, base: Path | None = None, *, is_private: bool = True
) -> Iterator[bool]:
    """Hold the lock at `path` (docs/decisions/0004); wait for it until the deadline.

    The lock's folder and `base`, a folder above it, are made with mode 0700. Without `is_private`,
    the lock is in a folder of the AWS CLI, which must exist and keeps its mode. The lock file is
    never removed: otherwise two processes could each hold a lock at the same path.

    If the file system has no locks or the disk no room, the caller continues after one warning.
    Yields False if the disk is full or read-only. Raises: LockNotObtained, LocalState.
    """
    path = os.fspath(path)
    descriptor = _open_lock_file(path, base, is_private)
    try:
        while descriptor is not None and _wait_for_lock(descriptor, path, deadline):
            if _is_still_at(descriptor, path):
                break
            # Another program removed the file while we waited: the next process makes a new one.
            os.close(descriptor)
            descriptor = None
            descriptor = _open_lock_file(path, base, is_private)
        if descriptor is not None:
            _write_own_process_id(descriptor)
        yield descriptor is not None
    finally:
        if descriptor is not None:
            # Unlocked first, because a forked child may keep a copy of the descriptor open for a
            # moment.
            _unlock_file(descriptor)
            os.close(descriptor)


def _open_lock_file(path: str, base: Path | None, is_private: bool) -> int | None:
    """Return a descriptor; None if the disk is full or read-only."""
    try:
        if base is not None:
            ensure_private_folder(base)
        if is_private:
            ensure_private_folder(os.path.dirname(path))
        descriptor, found = open_file.open_own_file(path, os.O_RDWR | os.O_CREAT)
    except (OSError, LocalState) as cause:
        of_disk = first_os_error(cause)
        if of_disk is not None and of_disk.errno in _NO_ROOM:
            warn_once(f'continuing without the lock "{path}": {os_error_text(of_disk)}')
            return None
        if isinstance(cause, LocalState):
            raise
        raise file_error(path, cause, "made") from cause
    try:
        restrict_mode_to_user(descriptor, found, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for_lock(descriptor: int, path: str, deadline: Deadline) -> bool:
    while True:
        try:
            try_lock(descriptor)
        except OSError as cause:
            if cause.errno in _NO_LOCKS_HERE:
                warn_once(f'continuing without the lock "{path}": {os_error_text(cause)}')
                return False
            if cause.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise LocalState(f'the lock "{path}" failed: {os_error_text(cause)}') from cause
        else:
            return True
        if deadline.has_passed:
            raise LockNotObtained(
                f'the lock "{path}" is held by {_read_holder_text(descriptor)}',
                hint="try again when that process has ended",
            )
        # Random, so that 40 waiting processes do not try at the same moments.
        time.sleep(min(deadline.seconds_left(), 0.02 + 0.18 * os.urandom(1)[0] / 255))


if sys.platform == "win32":
    # The locked byte is far behind the process id, since other processes cannot read it.
    _LOCKED_BYTE = 1 << 30

    def try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)  # so that the process id is written at the start

    def _unlock_file(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _is_still_at(_descriptor: int, _path: str) -> bool:
        return True  # Windows neither removes nor renames an open file
else:

    def try_lock(descriptor: int) -> None:
        """Lock the file until it is closed. Raises: BlockingIOError if it is locked."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock_file(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _is_still_at(descriptor: int, path: str) -> bool:
        try:
            there = os.stat(path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))


def _write_own_process_id(descriptor: int) -> None:
    # The id is for error messages of waiting processes. A word precedes it: `aws sso logout` parses
    # each file beside the token as JSON, and fails at a plain number. The length never changes:
    # ext4 takes 5 ms to close a file that was truncated and written again.
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b"%b%-10d\n" % (_PID, os.getpid()))


def _read_holder_text(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 24).removeprefix(_PID).strip()
    except OSError:
        text = b""
    return f"process {text.decode()}" if text.isdigit() else "another process"


# -- what `doctor` sees and repairs ----------------------------------------------------------------


class ExaminedFiles:
    list_names_in_folder = staticmethod(list_names_in_folder)
    list_temporary_files = staticmethod(list_temporary_files)

    def remove_temporary_file(self, path: str) -> bool:
        return path in list_temporary_files(os.path.dirname(path)) and remove_file(path)

    def remove_access_of_others(self, path: str) -> bool:
        """Remove other users' rights to a file or folder of ours; return whether they had any."""
        if sys.platform == "win32":
            return False
        with _raise_unwritable(path):
            descriptor = os.open(path, os.O_RDONLY | open_file.FLAGS)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISDIR(found.st_mode):
                    open_file.check_own_file(found, path)
                elif not open_file.is_owned_by_us(found):
                    raise open_file.Refused(path, "belongs to another user")
                wanted = stat.S_IMODE(found.st_mode) & 0o700
                if wanted == stat.S_IMODE(found.st_mode):
                    return False
                os.fchmod(descriptor, wanted)
            finally:
                os.close(descriptor)
        return True
