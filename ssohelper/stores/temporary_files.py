"""Names our temporary files, and removes those that killed processes have left."""

import contextlib
import os
import sys
import time

from ssohelper.stores.locks import try_lock

TEMP_PREFIX = ".ssohelper-"
_TEMP_LIFE_SECONDS = 3600

_swept: set[str] = set()


def temporary_name_beside(path: str) -> str:
    """Return the path of a new temporary file in the folder of `path`, the file to replace."""
    folder = os.path.dirname(path) or "."
    return os.path.join(folder, f"{TEMP_PREFIX}{os.getpid()}-{os.urandom(6).hex()}")


def remove_old_temporary_files_once(folder: str) -> None:
    """Remove temporary files of killed processes if over an hour old; once for each folder."""
    if folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMP_PREFIX):
                with contextlib.suppress(OSError):
                    if is_abandoned_temporary_file(entry.path):
                        os.unlink(entry.path)


def remove_files_of_killed_processes(folder: str) -> None:
    """Remove the temporary files whose process has ended from the folder, at any age.

    A file of a process in another container or host, which has no process id here, stays: that
    process holds a lock on it.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if _is_temporary_file_of_ended_process(
                    entry.name
                ) and not _is_reservation_of_living_process(entry.path):
                    os.unlink(entry.path)


def _is_temporary_file_of_ended_process(name: str) -> bool:
    """Return whether this is a temporary file's name with the id of a process that has ended."""
    pid = name.removeprefix(TEMP_PREFIX).partition("-")[0]
    if sys.platform == "win32" or not name.startswith(TEMP_PREFIX) or not pid.isdecimal():
        return False  # on Windows os.kill would end the process
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def is_abandoned_temporary_file(path: str) -> bool:
    """Return whether a temporary file is over an hour old, and no living process holds it."""
    try:
        age = time.time() - os.lstat(path).st_mtime
    except OSError:
        return False
    # The temporary file of a published response may have a time in the future. Such a file does not
    # count as abandoned.
    return age > _TEMP_LIFE_SECONDS and not _is_reservation_of_living_process(path)


def _is_reservation_of_living_process(path: str) -> bool:
    """Return whether a living process holds this file, which reserves disk space for a token.

    The file of a living process may be over an hour old if the clock was set forward, or the
    machine slept, while the process waited for AWS.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        try_lock(descriptor)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
