"""Writes and reads the journal: `<state>/audit.jsonl` and older files, which rotation renamed.

A line is appended under a lock, in one write, and contains the hash of the lines before it. So the
journal can be read at any time, and `verify` finds a line that was changed later. Nothing is synced
to the disk, since that costs 1 to 5 ms: if a process is killed, no appended line is lost, but a
power failure may lose the last lines.
"""

import contextlib
import errno
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ssohelper.core import journal_lines
from ssohelper.core.deadline import Deadline
from ssohelper.core.journal import LONGEST_LINE_BYTES, Entry
from ssohelper.core.journal_lines import JournalLine, LastLine, Verdict
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import AnotherUsersHome, LocalState, LockNotObtained
from ssohelper.fastpath.open_file import open_own_file, read_all
from ssohelper.fastpath.own_process import delay_signals
from ssohelper.stores import files
from ssohelper.stores.disk_errors import unwritable_file_error
from ssohelper.stores.last_line_file import LastLineFile

_log = logging.getLogger(__name__)

# The size at which a journal file is full: 3,000 lines of 330 bytes each. With the older files, the
# journal has at most 5 MB.
FILE_BYTES = 1_000_000
OLDER_FILES = 4
# Reading a larger journal file is refused. We write none so large, but another program may.
_READ_LIMIT_BYTES = 16 << 20
# The bytes to read at a file's end: they contain at least one whole line and the newline before it.
_TAIL_BYTES = 2 * LONGEST_LINE_BYTES
# How long to wait for the journal's lock. A process holds it for less than 1 ms; but among 500
# processes on two cores, the holder may not run for a second.
_WAIT_SECONDS = 10.0

# The sockets at which syslog daemons listen: on Linux, FreeBSD and macOS.
SOCKETS = ("/dev/log", "/var/run/log", "/var/run/syslog")
# The syslog priority of a journal line (RFC 3164): facility authpriv (10), severity notice (5).
_PRIORITY = 10 * 8 + 5
_DAEMON_SECONDS = 1.0


class Reading(NamedTuple):
    """The lines of the journal, the oldest first, and how many lines could not be parsed."""

    lines: list[JournalLine]
    damaged: int


class _End(NamedTuple):
    """What must be known about the journal's end before a line is appended.

    That is the next line's number, the hash of the bytes before, and whether the last line is
    incomplete."""

    seq: int
    prev: str
    is_torn: bool = False


class Journal:
    """Appends entries to the journal, and reads and verifies its lines."""

    def __init__(
        self,
        state: Path,
        runtime: Path,
        *,
        warn: Callable[[str], None],
        now: Callable[[], float] = time.time,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._state = state
        self._path = state / "audit.jsonl"
        self._last_line = LastLineFile(runtime, state)
        self._warn = warn
        self._now = now
        self._file_bytes = file_bytes

    def append(self, entry: Entry, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Append a line to the journal's file; if that fails, to the system log.

        Raises: LocalState when both fail.
        """
        at_ms = int(self._now() * 1000)
        try:
            self._append_to_file(entry, at_ms, wait_seconds)
        except LocalState as failure:
            if send_line_to_system_log(
                journal_lines.make_system_log_text(entry, at_ms=at_ms, uid=_own_user_id())
            ):
                _log.info("the journal's line is in the system log: %s", failure.message)
                return
            raise LocalState(
                f"neither the journal nor the system log took a new line: {failure.message}",
                hint=failure.hint,
            ) from failure

    def try_append(self, entry: Entry, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Append a line to the journal or the system log; if both fail, only warn the user."""
        try:
            self.append(entry, wait_seconds=wait_seconds)
        except LocalState as failure:
            self._warn(failure.message)

    def append_to_file(self, entry: Entry) -> None:
        """Append a line to the journal's file, never to the system log. Raises: LocalState."""
        self._append_to_file(entry, int(self._now() * 1000), _WAIT_SECONDS)

    def find_lines(self, *texts: str) -> list[JournalLine]:
        """Return the journal's lines that contain one of the ASCII texts. Raises: LocalState."""
        wanted, found = [text.encode("ascii") for text in texts], []
        for _, raw_lines in self._load_all_files()[0]:
            for raw in raw_lines:
                if any(text in raw for text in wanted):
                    with contextlib.suppress(Damaged):
                        found.append(journal_lines.parse_journal_line(raw))
        return found

    def read(self) -> Reading:
        """Return all lines of the journal. Raises: LocalState when a file cannot be read."""
        lines, damaged = list[JournalLine](), 0
        for _, raw_lines in self._load_all_files()[0]:
            for raw in raw_lines:
                try:
                    lines.append(journal_lines.parse_journal_line(raw))
                except Damaged:
                    damaged += 1
        return Reading(lines, damaged)

    def verify(self) -> Verdict:
        """Check the chain of hashes of all lines. Raises: LocalState when a file cannot be read."""
        found, last = self._load_all_files()
        oldest = str(self._older_file_path(OLDER_FILES))
        is_long = any(name == oldest for name, _ in found)
        found = found or [(str(self._path), [])]
        return journal_lines.verify_hash_chain(found, may_be_rotated=is_long, last=last)

    # -- appending to the journal ------------------------------------------------------------

    def _append_to_file(self, entry: Entry, at_ms: int, wait_seconds: float) -> None:
        deadline = Deadline(wait_seconds, time.monotonic)
        lock = self._state / "audit.lock"
        # Signals are blocked while this process holds the journal's lock: after Ctrl-Z, a stopped
        # process would keep the lock, and all other processes would wait.
        with files.hold_lock(lock, deadline, in_order=True), delay_signals():
            self._append_under_lock(entry, at_ms)

    def _append_under_lock(self, entry: Entry, at_ms: int) -> None:
        try:
            descriptor, size = self._open_to_append()
            try:
                self._append_line(descriptor, size, entry, at_ms)
            finally:
                os.close(descriptor)
        except OSError as cause:
            raise unwritable_file_error(os.fspath(self._path), cause) from cause

    def _open_to_append(self) -> tuple[int, int]:
        """Return descriptor and size of the journal's file; start a new one if the file is full."""
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

    def _append_line(self, descriptor: int, size: int, entry: Entry, at_ms: int) -> None:
        end = (
            _find_end_of_journal(descriptor, size, os.fspath(self._path))
            if size
            else self._find_end_of_renamed_journal()
        )
        last = self._last_line.load()
        if last is not None and last.seq >= end.seq - 1:
            # If another program changed or removed the file's last line, this saved hash does not
            # match the file, and `verify_hash_chain` reports that.
            end = end._replace(seq=last.seq + 1, prev=last.hash)
        line = journal_lines.make_journal_line(
            entry, at_ms=at_ms, seq=end.seq, prev=end.prev, uid=_own_user_id()
        )
        # A line without its newline was left by a process that was killed, or by a full disk.
        data = b"\n" + line if end.is_torn else line
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._last_line.save(LastLine(end.seq, journal_lines.hash_of_line(line)))

    def _find_end_of_renamed_journal(self) -> _End:
        """Return what must be known about the end of the newest renamed journal file."""
        for number in range(1, OLDER_FILES + 1):
            path = os.fspath(self._older_file_path(number))
            with contextlib.suppress(FileNotFoundError):
                descriptor, found = open_own_file(path)
                try:
                    if found.st_size:
                        return _find_end_of_journal(descriptor, found.st_size, path)
                finally:
                    os.close(descriptor)
        return _End(1, journal_lines.NO_LINE)

    def _rotate(self) -> None:
        """Rename each journal file to the next older name, up to the first name that no file has.

        If each name has a file, the oldest file is replaced. If a process is killed between two of
        these renames, one name has no file, so the next rotation loses no lines.
        """
        names = [
            self._path,
            *(self._older_file_path(number) for number in range(1, OLDER_FILES + 1)),
        ]
        free = next((at for at, name in enumerate(names) if not os.path.lexists(name)), OLDER_FILES)
        for at in range(free, 0, -1):
            files.replace_file(os.fspath(names[at - 1]), os.fspath(names[at]))

    def _older_file_path(self, number: int) -> Path:
        return self._state / f"audit.{number}.jsonl"

    # -- reading the journal's files ---------------------------------------------------------

    def _load_all_files(self) -> tuple[list[tuple[str, list[bytes]]], LastLine | None]:
        """Return path and lines of each file, the oldest first, and the last line's saved hash."""
        paths = [self._older_file_path(number) for number in range(OLDER_FILES, 0, -1)] + [
            self._path
        ]
        if not os.path.lexists(self._state):
            return [], None
        with contextlib.ExitStack() as stack:
            deadline = Deadline(_WAIT_SECONDS, time.monotonic)
            # The journal is read without the lock if a stopped process holds it, or if it is in
            # another user's home, where we create no lock.
            with contextlib.suppress(LockNotObtained, AnotherUsersHome):
                stack.enter_context(
                    files.hold_lock(self._state / "audit.lock", deadline, in_order=True)
                )
            found = [(str(path), files.read_own_file(path, _READ_LIMIT_BYTES)) for path in paths]
            last = self._last_line.load()
        return [(name, _split_lines(content)) for name, content in found if content], last


def _find_end_of_journal(descriptor: int, size: int, path: str) -> _End:
    """Return what must be known about a journal file's end. The file is not empty."""
    start = max(0, size - _TAIL_BYTES)
    tail = _read_bytes_from_offset(descriptor, start, path)
    is_torn = not tail.endswith(b"\n")
    lines = _split_lines(tail)
    if len(lines) > 1 or start == 0:
        with contextlib.suppress(Damaged):
            return _End(
                journal_lines.parse_journal_line(lines[-1]).seq + 1,
                journal_lines.hash_of_line(lines[-1]),
                is_torn,
            )
    # The file's last line is damaged: the next line gets the number after that of the last line
    # that can be parsed.
    lines = _split_lines(_read_bytes_from_offset(descriptor, 0, path))
    seq = len(lines)
    for after, raw in enumerate(reversed(lines)):
        with contextlib.suppress(Damaged):
            seq = journal_lines.parse_journal_line(raw).seq + after
            break
    return _End(seq + 1, journal_lines.hash_of_line(lines[-1]), is_torn)


def _read_bytes_from_offset(descriptor: int, start: int, path: str) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    return read_all(descriptor, path, _READ_LIMIT_BYTES)


def _split_lines(content: bytes) -> list[bytes]:
    """Return the lines without newlines, including a last line that lacks its newline."""
    return content.removesuffix(b"\n").split(b"\n")


def _own_user_id() -> int:
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def send_line_to_system_log(text: bytes) -> bool:
    """Send the line to the system log; return whether a syslog daemon received it.

    syslog(3) is not used: it does not report whether a daemon received the line, and waits forever
    for a daemon that is stopped.
    """
    at = time.strftime("%b %d %H:%M:%S")
    message = b"<%d>%s ssohelper[%d]: %s" % (_PRIORITY, at.encode(), os.getpid(), text)
    return any(_send_to_socket(message, path) for path in SOCKETS)


if sys.platform == "win32":

    def _send_to_socket(_message: bytes, _path: str) -> bool:
        return False
else:

    def _send_to_socket(message: bytes, path: str) -> bool:
        """Send the message to the socket at `path` as a datagram or, if that fails, a stream."""
        for kind, end in ((socket.SOCK_DGRAM, b""), (socket.SOCK_STREAM, b"\n")):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(_DAEMON_SECONDS)
                connection.connect(path)
                connection.sendall(message + end)
                return True
        return False
