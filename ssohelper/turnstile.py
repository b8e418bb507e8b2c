"""Callers of one role go through one by one until there is an answer. Light: a miss begins here.

500 processes that import botocore at once take each other the processor: whoever asks AWS gets
1/250 of a core and all run into their deadline. So the first one holds the role's turn for as
long as it lives, and the others sleep with 9 ms of Python loaded until its document is there.
A refusal by AWS it leaves as a word in the turn's file: whoever waited takes that for an answer.
"""

import errno
import os
import stat
import sys
import time

from ssohelper import folders, ready_document

if sys.platform == "win32":
    raise ImportError("callers on Windows go in without a turn")
import fcntl

# After this the caller goes on by itself: the one before it may be stopped. Of the contract's
# 18 s enough must be left for a try of its own.
PATIENCE_SECONDS = 10.0
# A word: exit code, line. More than this is none of ours.
_LIMIT_BYTES = 4096

_held: int | None = None


def answered_in_turn(argv: list[str]) -> int | None:
    """Wait for the caller before us; the exit code when its document or its refusal was printed.

    None at once for whoever is first: it keeps the turn until its process ends.
    """
    global _held
    key = ready_document.key_of(argv)
    if key is None:
        return None
    # A file's time is that of the kernel's last tick, up to 10 ms ago.
    began_ns = time.time_ns() - 20_000_000
    try:
        descriptor = _turn_file(folders.runtime_folder(os.environ), *key)
    except _Unusual as found:
        return _refused(str(found))
    except ValueError:
        return None  # no place for turns, as the ordinary path will say
    if descriptor is None:
        return None
    if _taken(descriptor):
        _held = descriptor
        return None
    ends_at = time.monotonic() + PATIENCE_SECONDS
    pause = 0.02
    while time.monotonic() < ends_at:
        # Jitter, so that hundreds do not wake in step; longer and longer, so that they leave
        # the processor to the one who works.
        time.sleep(pause * (0.5 + os.urandom(1)[0] / 255))
        pause = min(0.4, pause * 1.5)
        if ready_document.answered(argv):
            return 0
        if _taken(descriptor):
            # The one before us has ended without a document.
            code = _word_since(descriptor, began_ns)
            # Those behind us need not wait for us.
            os.close(descriptor)
            if code is None and ready_document.answered(argv):
                return 0
            return code
    return None


def leave_word(exit_code: int, line: bytes) -> None:
    """Tell those who wait for us what AWS refused; they hold it for their own answer."""
    if _held is None:
        return
    try:
        os.ftruncate(_held, 0)
        os.write(_held, b"%d %s" % (exit_code, line))
    except OSError:
        return  # a full disk: they ask what is remembered, one by one


def _word_since(descriptor: int, began_ns: int) -> int | None:
    """Say the word that was left while we waited and return its exit code; None without one.

    An older word is of callers before us: whether it still holds is not for us to know.
    """
    try:
        if os.fstat(descriptor).st_mtime_ns < began_ns:
            return None
        word = os.pread(descriptor, _LIMIT_BYTES, 0)
    except OSError:
        return None
    code, _, line = word.partition(b" ")
    if code not in (b"4", b"5", b"6") or not line.endswith(b"\n"):
        return None
    try:
        os.write(2, line)
    except OSError:
        return int(code)  # a closed stderr takes no words; the exit code still says it
    return int(code)


def _turn_file(runtime: str, session: str, account_id: str, role_name: str) -> int | None:
    """Return the open lock file of the role's turn; None where there cannot be one.

    Raises: _Unusual with its path for what is no plain file of ours.
    """
    folder = f"{runtime}/turns/{session}"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        for path in (runtime, f"{runtime}/turns", folder):
            _make_private(path)
    except OSError:
        return None
    path = f"{folder}/{account_id}.{role_name}"
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as cause:
        if cause.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise _Unusual(path) from cause
        return None
    found = os.fstat(descriptor)
    is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink <= 1
    if not is_plain or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise _Unusual(path)
    return descriptor


class _Unusual(Exception):
    """A link, a FIFO, another user's: whoever put it there wants something of us."""


def _refused(path: str) -> int:
    hint = f"look at it with: ls -l {path}"
    line = f'ssohelper: error: the lock "{path}" is no plain file of yours: not touched ({hint})\n'
    try:
        os.write(2, line.encode("utf-8", "backslashreplace"))
    except OSError:
        return 7  # a closed stderr takes no words
    return 7


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
