"""Callers of one role go through one by one until there is an answer. Light: a miss begins here.

500 processes that import botocore at once take each other the processor: whoever asks AWS gets
1/250 of a core and all run into their deadline. So the first one holds the role's turn for as
long as it lives, and the others sleep with 9 ms of Python loaded until its document is there.
"""

import fcntl
import os
import stat
import time

from ssohelper import folders, ready_document

# After this the caller goes on by itself: the one before it may be stopped. Of the contract's
# 18 s enough must be left for a try of its own.
PATIENCE_SECONDS = 10.0


def answered_in_turn(argv: list[str]) -> bool:
    """Wait for the caller before us; True when the document that it left was printed.

    False at once for whoever is first: it keeps the turn until its process ends.
    """
    key = ready_document.key_of(argv)
    if key is None:
        return False
    descriptor = _turn_file(folders.runtime_folder(os.environ), *key)
    if descriptor is None or _taken(descriptor):
        return False
    ends_at = time.monotonic() + PATIENCE_SECONDS
    pause = 0.02
    while time.monotonic() < ends_at:
        # Jitter, so that hundreds do not wake in step; longer and longer, so that they leave
        # the processor to the one who works.
        time.sleep(pause * (0.5 + os.urandom(1)[0] / 255))
        pause = min(0.4, pause * 1.5)
        if ready_document.answered(argv):
            return True
        if _taken(descriptor):
            # The one before us has ended without a document. Whatever it met is remembered,
            # and those behind us need not wait for us to say it.
            os.close(descriptor)
            return ready_document.answered(argv)
    return False


def _turn_file(runtime: str, session: str, account_id: str, role_name: str) -> int | None:
    """Return the open lock file of the role's turn; None where there cannot be one."""
    folder = f"{runtime}/turns/{session}"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        for path in (runtime, f"{runtime}/turns", folder):
            _make_private(path)
        return os.open(f"{folder}/{account_id}.{role_name}", flags, 0o600)
    except OSError:
        return None


def _make_private(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise


def _taken(descriptor: int) -> bool:
    """Take the turn when it is free; also True where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
