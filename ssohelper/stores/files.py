"""Checked read, atomic private write, private folders, locks: every store's way to the disk.

What a path names is checked on the opened file, never before it: no link is followed, no FIFO
hangs us, and another user's file is not ours to trust. Nothing is ever truncated in place.
"""

import contextlib
import errno
import json
import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, LockNotObtained, NotOurs, SsoHelperError

_log = logging.getLogger(__name__)

READ_LIMIT_BYTES = 1 << 20
TEMP_PREFIX = ".ssohelper-"
_TEMP_LIFE_SECONDS = 3600

# Absent on Windows, where the same promises cannot be kept by flags.
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_CAREFUL = _NOFOLLOW | _NONBLOCK | _CLOEXEC | _BINARY

# Network homes without a lock daemon answer so; going on without a lock beats not working.
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
# A disk that takes no lock file takes no answer either, but the caller can still be served.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

_swept: set[str] = set()
_noticed: set[str] = set()


# -- reading -----------------------------------------------------------------------------------


def read_checked(path: Path | str, limit: int = READ_LIMIT_BYTES) -> bytes | None:
    """Return the file's bytes, None when there is none.

    A mode that lets others in is tightened to 0600, with one warning.
    Raises: LocalState for a link, FIFO, folder, another owner, a hard link, more than `limit` bytes.
    """
    path = os.fspath(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | _CAREFUL)
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    try:
        _check_open_file(descriptor, path)
        content = _read_all(descriptor, limit + 1)
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise LocalState(f'"{path}" is larger than {limit} bytes', hint="remove it and try again")
    return content


def read_json(path: Path | str, limit: int = READ_LIMIT_BYTES) -> dict[str, Any] | None:
    """Return the JSON object in the file; None when there is none or it is malformed."""
    content = read_checked(path, limit)
    if content is None:
        return None
    found = parsed_object(content)
    if found is None:
        _log.info('"%s" holds no JSON object: counted as missing', path)
    return found


def parsed_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object, None when the bytes are anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# -- writing -----------------------------------------------------------------------------------


def write_atomically(
    path: Path | str,
    data: bytes,
    *,
    mode: int = 0o600,
    mtime: int | None = None,
    check: Callable[[bytes], object] | None = None,
) -> None:
    """Put `data` at `path`, whole or not at all; the folder must be there.

    `check` gets what was read back from the disk and raises when that is not what was meant.
    Raises: LocalState when the disk says no, or when a link or somebody else's file is in the way.
    """
    path = os.fspath(path)
    folder = os.path.dirname(path) or "."
    _sweep_once(folder)
    temp = os.path.join(folder, f"{TEMP_PREFIX}{os.getpid()}-{os.urandom(6).hex()}")
    try:
        _refuse_unusual_target(path)
        _write_new(temp, data, mode, mtime)
        if check is not None:
            check(_read_back(temp))
        os.replace(temp, path)
        _sync_folder(folder)
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temp)


def write_json(path: Path | str, value: dict[str, Any], *, mtime: int | None = None) -> None:
    """Put the object at `path` as ASCII JSON."""
    write_atomically(path, json.dumps(value).encode("ascii"), mtime=mtime)


def remove(path: Path | str) -> bool:
    """Remove the file (of a link, the link itself); False when there was none."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be removed: {_reason(cause)}') from cause
    return True


def remove_tree(path: Path | str) -> int:
    """Remove the folder and all in it, following no link; returns how many files went."""
    removed = 0
    try:
        with os.scandir(path) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be read: {_reason(cause)}') from cause
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            removed += remove_tree(entry.path)
        else:
            removed += remove(entry.path)
    with contextlib.suppress(OSError):  # somebody put something new in: the next one takes it
        os.rmdir(path)
    return removed


def names_in(path: Path | str) -> list[str]:
    """Return the sorted names in a folder, without hidden ones; none when it is not there."""
    try:
        return sorted(name for name in os.listdir(path) if name[0] != ".")
    except OSError:
        return []


# -- folders -----------------------------------------------------------------------------------


def private_folder(path: Path | str) -> Path:
    """Make the folder (and those above it) for us alone; one that others can enter is closed.

    Raises: LocalState when it is another user's or no folder.
    """
    made_folder(path)
    try:
        for found in (os.lstat(path), os.stat(path)):
            if not _is_ours(found):
                raise LocalState(f'"{os.fspath(path)}" belongs to another user')
        if not stat.S_ISDIR(found.st_mode):
            raise LocalState(f'"{os.fspath(path)}" is no folder')
        if os.name == "posix" and found.st_mode & 0o077:
            os.chmod(path, 0o700)
            _notice(f'"{os.fspath(path)}" was open to other users: now it is not')
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be used: {_reason(cause)}') from cause
    return Path(path)


def made_folder(path: Path | str) -> Path:
    """Make the folder when it is missing, with what is missing above it, each 0700."""
    text = os.fspath(path)
    try:
        os.mkdir(text, 0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        parent = os.path.dirname(text.rstrip("/"))
        if not parent or parent == text:
            raise LocalState(f'"{text}" cannot be made') from None
        made_folder(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(text, 0o700)
    except (OSError, ValueError) as cause:
        raise LocalState(f'the folder "{text}" cannot be made: {_reason(cause)}') from cause
    return Path(path)


# -- locks -------------------------------------------------------------------------------------


@contextlib.contextmanager
def lock(path: Path | str, deadline: Deadline) -> Iterator[None]:
    """Hold the lock at `path`, waiting for it until the deadline; tried once in any case.

    Where the file system knows no locks, or takes no file, we go on without one and say so.
    Raises: LockNotObtained, with the holder's process id.
    """
    path = os.fspath(path)
    descriptor = _locked(path, deadline)
    try:
        yield
    finally:
        if descriptor is not None:
            # Unlocked before it is closed: a forked child may hold a copy of the descriptor for a
            # moment more. The file stays: removing it would let two hold "it".
            _unlock(descriptor)
            os.close(descriptor)


def _locked(path: str, deadline: Deadline) -> int | None:
    while True:
        try:
            private_folder(os.path.dirname(path))
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _CAREFUL, 0o600)
        except (OSError, LocalState) as cause:
            if _errno_of(cause) in _NO_ROOM:
                _notice(f'going on without the lock "{path}": {_reason(_os_error(cause))}')
                return None
            if isinstance(cause, SsoHelperError):
                raise
            raise LocalState(f'the lock "{path}" cannot be made: {_reason(cause)}') from cause
        try:
            _check_open_file(descriptor, path)
            has_lock = _wait_for(descriptor, path, deadline)
            if not has_lock or _is_still(descriptor, path):
                _write_pid(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # The runtime folder was cleaned while we waited: this lock excludes nobody any more.
        os.close(descriptor)


def _wait_for(descriptor: int, path: str, deadline: Deadline) -> bool:
    """Return True with the lock, False where the file system has none."""
    while True:
        try:
            _try_lock(descriptor)
        except OSError as cause:
            if cause.errno in _NO_LOCKS_HERE:
                _notice(f'going on without the lock "{path}": {_reason(cause)}')
                return False
            if cause.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise LocalState(f'the lock "{path}" failed: {_reason(cause)}') from cause
        else:
            return True
        left = deadline.left()
        if left <= 0:
            raise LockNotObtained(
                f'the lock "{path}" is held by {_holder(descriptor)}',
                hint="try again when that process has ended",
            )
        # Jitter, so that 40 waiters do not wake in step.
        time.sleep(min(left, 0.02 + 0.18 * os.urandom(1)[0] / 255))


if sys.platform == "win32":
    import msvcrt

    # Locked far behind the pid, which others must be able to read: Windows locks are mandatory.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _is_still(descriptor: int, path: str) -> bool:
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _write_pid(descriptor: int) -> None:
    # For the message of those who wait, and for nothing else: a lock never depends on a pid.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b"%d\n" % os.getpid())


def _holder(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 20).decode("ascii", "replace").strip()
    except OSError:
        text = ""
    return f"process {text}" if text.isascii() and text.isdigit() else "another process"


# -- pieces ------------------------------------------------------------------------------------


def _check_open_file(descriptor: int, path: str) -> None:
    found = os.fstat(descriptor)
    _refuse_unusual(found, path)
    if os.name == "posix" and found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
        _notice(f'"{path}" was open to other users: now it is not')


def _refuse_unusual(found: os.stat_result, path: str) -> None:
    what = None
    if stat.S_ISLNK(found.st_mode):
        what = "is a link"
    elif stat.S_ISDIR(found.st_mode):
        what = "is a folder"
    elif not stat.S_ISREG(found.st_mode):
        what = "is no plain file"
    elif not _is_ours(found):
        what = "belongs to another user"
    elif found.st_nlink > 1:  # 0 is a file that was replaced since we opened it: a good one
        what = "has more than one name (hard link)"
    if what:
        raise NotOurs(f'"{path}" {what}: not touched', hint=f"look at it with: ls -l {path}")


def _refuse_unusual_target(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        _refuse_unusual(os.lstat(path), path)


def _is_ours(found: os.stat_result) -> bool:
    return os.name != "posix" or found.st_uid == os.geteuid()


def _read_all(descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0:
        part = os.read(descriptor, min(limit, 1 << 20))
        if not part:
            break
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _write_new(path: str, data: bytes, mode: int, mtime: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOEXEC | _BINARY
    descriptor = os.open(path, flags, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if mode != 0o600 and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        if mtime is not None:
            os.utime(descriptor if os.utime in os.supports_fd else path, (mtime, mtime))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_back(path: str) -> bytes:
    with open(path, "rb") as written:
        return written.read()


def _sync_folder(folder: str) -> None:
    # Best effort: the rename is done, and some file systems refuse fsync on a folder.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | _CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep_once(folder: str) -> None:
    """Remove what killed writers left here more than an hour ago; once per folder and process."""
    if folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMP_PREFIX):
                with contextlib.suppress(OSError):
                    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                    # A ready document's temp file is dated ahead: its age says nothing.
                    if age > _TEMP_LIFE_SECONDS:
                        os.unlink(entry.path)


def _unreadable(path: str, cause: OSError) -> LocalState:
    if cause.errno in (errno.ELOOP, errno.EMLINK):
        return NotOurs(f'"{path}" is a link: not touched', hint=f"look at it with: ls -l {path}")
    return LocalState(f'"{path}" cannot be read: {_reason(cause)}')


def _unwritable(path: str, cause: OSError) -> LocalState:
    hint = "free some space and try again" if cause.errno in (errno.ENOSPC, errno.EDQUOT) else None
    return LocalState(f'"{path}" cannot be written: {_reason(cause)}', hint=hint)


def _reason(cause: BaseException | None) -> str:
    text = cause.strerror if isinstance(cause, OSError) else None
    return (text or "not possible").lower()


def _os_error(error: BaseException) -> OSError | None:
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__
    return found


def _errno_of(error: BaseException) -> int | None:
    found = _os_error(error)
    return found.errno if found else None


def _notice(message: str) -> None:
    """Log a warning, once per process."""
    if message not in _noticed:
        _noticed.add(message)
        _log.warning("%s", message)
