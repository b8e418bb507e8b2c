"""Locks files between processes, with a deadline, random waits and the holder's process id.

docs/decisions/0004 says why ssohelper has locks of its own. A lock file is never removed, because
two processes could then each hold a lock at the same path. A lock file that exists need not be
locked.
"""

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, LockNotObtained, SsoHelperError
from ssohelper.fastpath.open_file import Refused, open_own_file
from ssohelper.stores.disk_errors import (
    errno_of,
    first_os_error,
    os_error_text,
    unsafe_file_error,
    warn_once,
)
from ssohelper.stores.own_folders import ensure_private_folder, restrict_mode_to_user

# The errors of network file systems without a lock daemon. The caller continues without the lock,
# which is better than to fail.
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
# The errors of a full or read-only disk. No credentials can be cached on such a disk either, but
# the caller can still get them.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

_PID = b"pid "


@contextlib.contextmanager
def hold_lock(
    path: Path | str,
    deadline: Deadline,
    base: Path | None = None,
    *,
    is_private: bool = True,
    in_order: bool = False,
) -> Iterator[bool]:
    """Hold the lock at `path`; wait for it until the deadline. Tries at least once.

    A busy lock is tried again every 20 to 200 ms. `in_order` is for a lock that each process holds
    for a moment and that hundreds of processes may want: they get it from the kernel in the order
    of their calls.

    The lock's folder and `base`, a folder above it, are made with mode 0700 if missing. Without
    `is_private`, the lock is in a folder of the AWS CLI, which must exist and keeps its mode.

    Where the file system has no locks, or the disk is full or read-only, the caller continues
    without the lock, after one warning. Yields False if the disk is full or read-only, which may
    last only a moment.
    Raises: LockNotObtained, whose message names the process that holds the lock.
    """
    path = os.fspath(path)
    descriptor = _open_and_lock(path, deadline, base, is_private, in_order)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            # The file is unlocked before it is closed, because a forked child may have a copy of
            # the descriptor open for a moment longer.
            _unlock_file(descriptor)
            os.close(descriptor)


def _open_and_lock(
    path: str, deadline: Deadline, base: Path | None, is_private: bool, in_order: bool
) -> int | None:
    """Return the locked descriptor; None if the disk is full or read-only."""
    while True:
        descriptor = _open_lock_file(path, base, is_private)
        if descriptor is None:
            return None
        try:
            has_lock = _wait_for_lock(descriptor, path, deadline, in_order)
            if not has_lock or _is_lock_file_still_at(descriptor, path):
                _write_own_process_id(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Another program removed the lock file while we waited, such as one that cleans temporary
        # files. The next process makes a new lock file, so that the lock on the removed file
        # excludes no other process.
        os.close(descriptor)


def _open_lock_file(path: str, base: Path | None, is_private: bool) -> int | None:
    """Open the lock file, or make it. Returns None if the disk is full or read-only."""
    try:
        if base is not None:
            ensure_private_folder(base)
        if is_private:
            ensure_private_folder(os.path.dirname(path))
        descriptor, found = open_own_file(path, os.O_RDWR | os.O_CREAT)
    except (OSError, LocalState) as cause:
        if errno_of(cause) in _NO_ROOM:
            warn_once(
                f'continuing without the lock "{path}": {os_error_text(first_os_error(cause))}'
            )
            return None
        if isinstance(cause, SsoHelperError):
            raise
        if isinstance(cause, Refused):
            raise unsafe_file_error(path, cause, "the lock ") from cause
        raise LocalState(f'the lock "{path}" cannot be made: {os_error_text(cause)}') from cause
    try:
        restrict_mode_to_user(descriptor, found, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for_lock(descriptor: int, path: str, deadline: Deadline, in_order: bool) -> bool:
    """Wait for the lock; return True when it is held, False if the file system has no locks."""
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
        left = deadline.seconds_left()
        if left <= 0:
            raise LockNotObtained(
                f'the lock "{path}" is held by {_read_holder_text(descriptor)}',
                hint="try again when that process has ended",
            )
        if in_order and _wait_in_kernel_queue_for_lock(descriptor, left):
            return True
        # The time is random, so that 40 waiting processes do not try at the same moments.
        time.sleep(min(deadline.seconds_left(), 0.02 + 0.18 * os.urandom(1)[0] / 255))


if sys.platform == "win32":
    import msvcrt

    # The byte that is locked is far behind the process id in the file, because on Windows other
    # processes cannot read a locked byte.
    _LOCKED_BYTE = 1 << 30

    def try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)  # a new file is written from its start

    def _unlock_file(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _wait_in_kernel_queue_for_lock(_descriptor: int, _seconds: float) -> bool:
        return False

    def _is_lock_file_still_at(_descriptor: int, _path: str) -> bool:
        return True  # Windows neither removes nor renames an open file
else:
    import fcntl

    def try_lock(descriptor: int) -> None:
        """Lock the file until it is closed. Raises: BlockingIOError if another process holds it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock_file(descriptor: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _wait_in_kernel_queue_for_lock(descriptor: int, seconds: float) -> bool:
        """Wait for the lock in the kernel's queue; return whether it was obtained in time.

        A thread waits, since no system call waits for a lock with a time limit. After the time
        limit the thread still waits, and frees the lock as soon as it gets it.
        """
        obtained: list[bool] = []

        def wait_in_queue(copy: int) -> None:
            try:
                fcntl.flock(copy, fcntl.LOCK_EX)
                obtained.append(True)
            except OSError:
                pass  # the next attempt to lock reports the error
            finally:
                # `copy` is a duplicate of the lock file's descriptor. The lock is held until both
                # descriptors are closed. If the waiting function has closed its own already, this
                # line frees the lock.
                os.close(copy)

        copy = os.dup(descriptor)
        try:
            thread = threading.Thread(target=wait_in_queue, args=(copy,), daemon=True)
            thread.start()
        except RuntimeError:  # the system cannot start another thread
            os.close(copy)
            return False
        thread.join(seconds)
        return bool(obtained)

    def _is_lock_file_still_at(descriptor: int, path: str) -> bool:
        try:
            there = os.stat(path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))


def _write_own_process_id(descriptor: int) -> None:
    # The process id is only for the error messages of waiting processes: the lock does not depend
    # on it.
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        # `aws sso logout` parses each file beside the token as JSON, and fails at a plain number,
        # which is valid JSON. So a word stands before the process id. The text always has the same
        # length, so that it overwrites the earlier text: ext4 takes 5 ms to close a file that was
        # truncated and written again.
        os.write(descriptor, b"%b%-10d\n" % (_PID, os.getpid()))


def _read_holder_text(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 24).removeprefix(_PID).strip()
    except OSError:
        text = b""
    return f"process {text.decode()}" if text.isdigit() else "another process"
