"""Writes and reads the journal: `<state>/audit.jsonl`, and older files that rotation renamed.

A line is appended under a lock, in one write, without an fsync, which takes 1 to 5 ms.
"""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ssohelper.core import journal
from ssohelper.core.deadline import Deadline
from ssohelper.core.journal import LONGEST_LINE_BYTES, Entry, Line
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import AnotherUsersHome, LocalState, LockNotObtained
from ssohelper.fastpath.open_file import open_own_file
from ssohelper.fastpath.own_process import delay_signals
from ssohelper.stores import files
from ssohelper.stores.disk_errors import file_error

# 3,000 lines of 330 bytes each. With the older files, the journal has at most 5 MB.
FILE_BYTES = 1_000_000
OLDER_FILES = 4
# ssohelper writes no larger file, but another program may.
_READ_LIMIT_BYTES = 16 << 20
# Among 500 processes on two cores, the lock's holder may not run for a second.
_WAIT_SECONDS = 10.0


class Reading(NamedTuple):
    lines: list[Line]
    damaged: int


class Journal:
    def __init__(
        self,
        state: Path,
        *,
        warn: Callable[[str], None],
        now: Callable[[], float] = time.time,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._state = state
        self._path = state / "audit.jsonl"
        self._warn = warn
        self._now = now
        self._file_bytes = file_bytes

    def append(self, entry: Entry, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        uid = 0
        if sys.platform != "win32":
            uid = os.geteuid()
        line = journal.make_line(entry, at_ms=int(self._now() * 1000), uid=uid)
        try:
            self._append_to_file(line, wait_seconds)
        except LocalState as failure:
            raise LocalState(
                f"the journal took no new line: {failure.message}", hint=failure.hint
            ) from failure

    def try_append(self, entry: Entry) -> None:
        try:
            self.append(entry)
        except LocalState as failure:
            self._warn(failure.message)

    def read(self) -> Reading:
        lines, damaged = list[Line](), 0
        for raw in self._load_raw_lines():
            try:
                lines.append(journal.parse_line(raw))
            except Damaged:
                damaged += 1
        return Reading(lines, damaged)

    # -- appending to the journal ------------------------------------------------------------

    def _append_to_file(self, line: bytes, wait_seconds: float) -> None:
        deadline = Deadline(wait_seconds, time.monotonic)
        lock = self._state / "audit.lock"
        # Signals are delayed: a process that Ctrl-Z stops would keep the lock, and all others would
        # wait.
        with files.hold_lock(lock, deadline), delay_signals():
            try:
                descriptor, size = self._open_to_append()
                try:
                    _append_line(descriptor, size, line)
                finally:
                    os.close(descriptor)
            except OSError as cause:
                raise file_error(os.fspath(self._path), cause, "written") from cause

    def _open_to_append(self) -> tuple[int, int]:
        path, flags = os.fspath(self._path), os.O_RDWR | os.O_APPEND | os.O_CREAT
        descriptor, found = open_own_file(path, flags)
        if found.st_size + 1 + LONGEST_LINE_BYTES > self._file_bytes:
            os.close(descriptor)
            self._rotate()
            descriptor, found = open_own_file(path, flags)
        try:
            files.restrict_mode_to_user(descriptor, found, path)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, found.st_size

    def _rotate(self) -> None:
        """Rename each file to the next older name, up to the first free name."""
        names = self._list_paths()
        free = next((at for at, name in enumerate(names) if not os.path.lexists(name)), OLDER_FILES)
        for at in range(free, 0, -1):
            files.replace_file(os.fspath(names[at - 1]), os.fspath(names[at]))

    def _list_paths(self) -> list[Path]:
        older = [self._state / f"audit.{number}.jsonl" for number in range(1, OLDER_FILES + 1)]
        return [self._path, *older]

    # -- reading the journal's files ---------------------------------------------------------

    def _load_raw_lines(self) -> list[bytes]:
        if not os.path.lexists(self._state):
            return []
        with contextlib.ExitStack() as stack:
            deadline = Deadline(_WAIT_SECONDS, time.monotonic)
            # No lock is taken if a stopped process holds it, or in another user's home, where we
            # make none.
            with contextlib.suppress(LockNotObtained, AnotherUsersHome):
                stack.enter_context(files.hold_lock(self._state / "audit.lock", deadline))
            found = [
                files.read_own_file(path, _READ_LIMIT_BYTES)
                for path in reversed(self._list_paths())
            ]
        return [line for content in found for line in (content or b"").splitlines() if line]


def _append_line(descriptor: int, size: int, line: bytes) -> None:
    """Append the line in one write. Raises: OSError, and leaves the file as before."""
    # A killed process or a full disk may have left a line without its newline.
    os.lseek(descriptor, max(0, size - 1), os.SEEK_SET)
    is_torn = os.read(descriptor, 1) not in (b"", b"\n")
    data = b"\n" + line if is_torn else line
    if os.write(descriptor, data) != len(data):
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
