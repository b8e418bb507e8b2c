"""Turns an OSError into the error that the user sees. The only place that words these."""

import errno
import logging

from ssohelper.errors import LocalState, NotOurs
from ssohelper.fastpath.open_file import Refused, TooLarge

_log = logging.getLogger(__name__)
_warned: set[str] = set()


class FileTooLarge(LocalState):
    """A file with more bytes than any file of ours has."""


def unreadable(path: str, cause: OSError) -> LocalState:
    """Return the error for a file that could not be read."""
    if isinstance(cause, TooLarge):
        return FileTooLarge(f'"{path}" {cause.strerror}', hint="remove it and try again")
    if isinstance(cause, Refused):
        return refused(path, cause)
    return LocalState(f'"{path}" cannot be read: {reason(cause)}')


def unwritable(path: str, cause: OSError) -> LocalState:
    """Return the error for a file that could not be written."""
    if isinstance(cause, Refused):
        return refused(path, cause)
    hint = "free some space and try again" if cause.errno in (errno.ENOSPC, errno.EDQUOT) else None
    return LocalState(f'"{path}" cannot be written: {reason(cause)}', hint=hint)


def refused(path: str, cause: Refused, what: str = "") -> NotOurs:
    """Return the error for a file that is not safe to use. `what` precedes the path."""
    return NotOurs(
        f'{what}"{path}" {cause.strerror}: not touched', hint=f"check it with: ls -l {path}"
    )


def reason(cause: BaseException | None) -> str:
    """Return the operating system's reason, in lower case."""
    text = cause.strerror if isinstance(cause, OSError) else None
    return (text or "not possible").lower()


def os_error(error: BaseException) -> OSError | None:
    """Return the OSError among an error and its causes."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__
    return found


def errno_of(error: BaseException) -> int | None:
    """Return the error number of the OSError among an error and its causes."""
    found = os_error(error)
    return found.errno if found else None


def warn_once(message: str) -> None:
    """Log a warning, once per process."""
    if message not in _warned:
        _warned.add(message)
        _log.warning("%s", message)
