"""Locks between processes, with a deadline, random pauses, and the holder's process id.

docs/decisions/0004 says why we use no library. A lock file is never removed: that it exists does
not mean that it is locked, and after a removal two processes could each hold a lock of the path.
"""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, LockNotObtained, SsoHelperError
from ssohelper.fastpath.open_file import Refused, open_own_file
from ssohelper.stores.disk_errors import errno_of, os_error, reason, refused, warn_once
from ssohelper.stores.own_folders import ensure_private_folder, tighten_mode

# Errors of network file systems without a lock daemon. Working without a lock beats failing.
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
# Errors of a disk that takes no new file. It takes no cached credentials either, but without the
# lock the caller can still get credentials.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

_PID = b"pid "


@contextlib.contextmanager
def hold_lock(
    path: Path | str, deadline: Deadline, base: Path | None = None, *, is_private: bool = True
) -> Iterator[None]:
    """Hold the lock at `path`; wait for it until the deadline, and try at least once.

    The lock's folder, and `base`, a folder above it, get mode 0700 and are made when missing.
    Without `is_private` the folder is AWS's: it must exist and keeps its mode.

    If the file system has no locks or takes no new file, one warning is logged, and the caller goes
    on without the lock. Raises: LockNotObtained, which names the holder's process id.
    """
    path = os.fspath(path)
    descriptor = _open_and_lock(path, deadline, base, is_private)
    try:
        yield
    finally:
        if descriptor is not None:
            # Closing alone might not unlock: a forked child may keep a copy of the descriptor for a
            # moment longer.
            _unlock(descriptor)
            os.close(descriptor)


def _open_and_lock(
    path: str, deadline: Deadline, base: Path | None, is_private: bool
) -> int | None:
    """Return the descriptor of the locked file; None when the disk takes no lock file."""
    while True:
        descriptor = _open(path, base, is_private)
        if descriptor is None:
            return None
        try:
            has_lock = _wait_for_lock(descriptor, path, deadline)
            if not has_lock or _is_still_at(descriptor, path):
                _write_pid(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Another program removed the lock file while we waited, such as one that cleans temporary
        # files. The next process makes a new file, so this lock excludes no other process.
        os.close(descriptor)


def _open(path: str, base: Path | None, is_private: bool) -> int | None:
    """Open the lock file, and make it when it is missing; return None if the disk takes no file."""
    try:
        if base is not None:
            ensure_private_folder(base)
        if is_private:
            ensure_private_folder(os.path.dirname(path))
        descriptor, found = open_own_file(path, os.O_RDWR | os.O_CREAT)
    except (OSError, LocalState) as cause:
        if errno_of(cause) in _NO_ROOM:
            warn_once(f'continuing without the lock "{path}": {reason(os_error(cause))}')
            return None
        if isinstance(cause, SsoHelperError):
            raise
        if isinstance(cause, Refused):
            raise refused(path, cause, "the lock ") from cause
        raise LocalState(f'the lock "{path}" cannot be made: {reason(cause)}') from cause
    try:
        tighten_mode(descriptor, found, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for_lock(descriptor: int, path: str, deadline: Deadline) -> bool:
    """Wait for the lock and return True; return False when the file system has no locks."""
    while True:
        try:
            try_lock(descriptor)
        except OSError as cause:
            if cause.errno in _NO_LOCKS_HERE:
                warn_once(f'continuing without the lock "{path}": {reason(cause)}')
                return False
            if cause.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise LocalState(f'the lock "{path}" failed: {reason(cause)}') from cause
        else:
            return True
        left = deadline.left()
        if left <= 0:
            raise LockNotObtained(
                f'the lock "{path}" is held by {_read_holder(descriptor)}',
                hint="try again when that process has ended",
            )
        # The pause is random, so that 40 waiting processes do not try at the same moments.
        time.sleep(min(left, 0.02 + 0.18 * os.urandom(1)[0] / 255))


if sys.platform == "win32":
    import msvcrt

    # On Windows a locked byte cannot be read. So the locked byte is far after the process id, which
    # other processes must be able to read.
    _LOCKED_BYTE = 1 << 30

    def try_lock(descriptor: int) -> None:
        """Lock the file. Raises: OSError at once when another process holds the lock."""
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _is_still_at(_descriptor: int, _path: str) -> bool:
        return True  # Windows neither removes nor renames an open file
else:
    import fcntl

    def try_lock(descriptor: int) -> None:
        """Lock the open file until it is closed.

        Raises: BlockingIOError when another process has the lock.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _is_still_at(descriptor: int, path: str) -> bool:
        try:
            there = os.stat(path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))


def _write_pid(descriptor: int) -> None:
    # The process id is only for waiting processes' error message. Locking never depends on it.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        # The prefix keeps this from being JSON: `aws sso logout` parses each file beside the token
        # file, and fails when one holds a number.
        os.write(descriptor, b"%b%d\n" % (_PID, os.getpid()))


def _read_holder(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 24).removeprefix(_PID).strip()
    except OSError:
        text = b""
    return f"process {text.decode()}" if text.isdigit() else "another process"
