"""Turns an OSError into the error message for the user. No other module does that."""

import errno
import logging
import os

from ssohelper.errors import LocalState, NotOurs
from ssohelper.fastpath.open_file import Refused, TooLarge

_log = logging.getLogger(__name__)
_warned: set[str] = set()


def file_error(path: str, cause: OSError, use: str) -> LocalState:
    """Return the error for a file that cannot be "read" or "written"."""
    if isinstance(cause, TooLarge):
        return LocalState(f'"{path}" {cause.strerror}', hint="remove it and try again")
    if isinstance(cause, Refused):
        return unsafe_file_error(path, cause)
    text = os_error_text(cause)
    return LocalState(f'"{path}" cannot be {use}: {text}', hint=_cure_of(path, cause))


def _cure_of(path: str, cause: OSError) -> str | None:
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and try again"
    if cause.errno in (errno.ENOTDIR, errno.EEXIST):
        while path and not os.path.lexists(path):
            path = os.path.dirname(path)
        if not os.path.isdir(path):
            return f"there must be a folder; remove this file: {path}"
    return None


def unsafe_file_error(path: str, cause: Refused) -> NotOurs:
    return NotOurs(f'"{path}" {cause.strerror}: not touched', hint=f"check it with: ls -l {path}")


def os_error_text(cause: BaseException | None) -> str:
    text = cause.strerror if isinstance(cause, OSError) else None
    return (text or "not possible").lower()


def first_os_error(error: BaseException) -> OSError | None:
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__
    return found


def warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        _log.warning("%s", message)
