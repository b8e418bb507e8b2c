"""What on the disk is ours to use: plain files of ours, folders that nobody else can enter."""

import errno
import logging
import os
import stat
import sys
from pathlib import Path

from ssohelper.errors import AnotherUsersHome, LocalState, NotOurs
from ssohelper.fastpath import folders

_log = logging.getLogger(__name__)
_noticed: set[str] = set()

# Absent on Windows, where the same promises cannot be kept by flags.
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
NONBLOCK = getattr(os, "O_NONBLOCK", 0)
CLOEXEC = getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
CAREFUL = NOFOLLOW | NONBLOCK | CLOEXEC | BINARY


# -- files -------------------------------------------------------------------------------------


def check_open_file(
    descriptor: int, path: str, *, tighten: bool = True, only_to_read: bool = False
) -> None:
    """Refuse an opened file that is not ours alone; close one that others can read.

    `only_to_read`: root reads the files of the user whose HOME it was given, and leaves them as
    they are.
    """
    found = os.fstat(descriptor)
    if only_to_read and is_of_home_given_to_root(found, path):
        refuse_unusual(found, path, owner=found.st_uid)
        return
    refuse_unusual(found, path)
    if sys.platform != "win32" and tighten and found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
        notice(f'"{path}" was open to other users: now it is not')


def refuse_unusual(found: os.stat_result, path: str, owner: int | None = None) -> None:
    """Raise LocalState unless this is a regular file, ours or `owner`'s, with one hard link."""
    what = None
    if stat.S_ISLNK(found.st_mode):
        what = "is a link"
    elif stat.S_ISDIR(found.st_mode):
        what = "is a folder"
    elif not stat.S_ISREG(found.st_mode):
        what = "is no plain file"
    elif not is_ours(found) and found.st_uid != owner:
        what = "belongs to another user"
    elif found.st_nlink > 1:  # 0 is a file that was replaced since we opened it: a good one
        what = "has more than one name (hard link)"
    if what:
        raise NotOurs(f'"{path}" {what}: not touched', hint=f"look at it with: ls -l {path}")


def unusual_by_errno(cause: OSError) -> str | None:
    """Return what stands there when it was for that that a file could not be opened."""
    if cause.errno in (errno.ELOOP, errno.EMLINK):
        return "is a link"
    if cause.errno == errno.EISDIR:
        return "is a folder"
    return "is no plain file" if cause.errno == errno.ENXIO else None


def is_ours(found: os.stat_result) -> bool:
    return sys.platform == "win32" or found.st_uid == os.geteuid()


def is_of_home_given_to_root(found: os.stat_result, path: str) -> bool:
    """Return whether we are root with another user's HOME, and this is a file of that user in it."""
    if sys.platform == "win32" or os.geteuid() != 0 or found.st_uid == 0:
        return False
    return found.st_uid == folders.foreign_owner(_absolute(path), os.environ)


# -- folders -----------------------------------------------------------------------------------


def ensure_private_folder(path: Path | str) -> Path:
    """Make the folder (and those above it) for us alone; one that others can enter is closed.

    Raises: LocalState when it is another user's or no folder.
    """
    refuse_another_users_home(path)
    ensure_folder(path)
    try:
        for found in (os.lstat(path), os.stat(path)):
            if not is_ours(found):
                raise LocalState(f'"{os.fspath(path)}" belongs to another user')
        if not stat.S_ISDIR(found.st_mode):
            raise LocalState(f'"{os.fspath(path)}" is no folder')
        if sys.platform != "win32" and found.st_mode & 0o077:
            os.chmod(path, 0o700)
            notice(f'"{os.fspath(path)}" was open to other users: now it is not')
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be used: {reason(cause)}') from cause
    return Path(path)


def ensure_folder(path: Path | str) -> None:
    """Make the folder when it is missing, with what is missing above it, each 0700."""
    text = os.fspath(path)
    if not os.path.isdir(text):
        refuse_another_users_home(text)
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
        raise LocalState(f'the folder "{text}" cannot be made: {reason(cause)}') from cause


def is_in_another_users_home(path: Path | str) -> bool:
    """Return whether nothing may be created at this path: see folders.foreign_owner."""
    return folders.foreign_owner(_absolute(path), os.environ) is not None


def refuse_another_users_home(path: Path | str) -> None:
    """Raise AnotherUsersHome, with what to do, where nothing may be created."""
    text = _absolute(path)
    owner = folders.foreign_owner(text, os.environ)
    if owner is None:
        return
    whose = f"user {_user_name(owner)}"
    hint = f"run it as {whose}, or with HOME set to a folder of yours"
    if sys.platform != "win32" and os.geteuid() == 0:
        hint = f"run it without sudo, as {whose}, or for root with: sudo -H ssohelper"
    raise AnotherUsersHome(f'"{text}" is not written: that folder belongs to {whose}', hint=hint)


def _absolute(path: Path | str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the current folder was removed
        return os.fspath(path)


def _user_name(uid: int) -> str:
    if sys.platform != "win32":
        import pwd

        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            pass
    return str(uid)


# -- words -------------------------------------------------------------------------------------


def reason(cause: BaseException | None) -> str:
    text = cause.strerror if isinstance(cause, OSError) else None
    return (text or "not possible").lower()


def os_error(error: BaseException) -> OSError | None:
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__
    return found


def errno_of(error: BaseException) -> int | None:
    found = os_error(error)
    return found.errno if found else None


def notice(message: str) -> None:
    """Log a warning, once per process."""
    if message not in _noticed:
        _noticed.add(message)
        _log.warning("%s", message)
