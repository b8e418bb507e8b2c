"""Writes and checks stamps: files that show with which settings responses were published.

A response that was published before the user set a guard rule must not be served afterwards. Fast
path and launcher do not read config.toml and the company's policy: they compare them with stamps. A
stamp has the modification time of its file, and two lines: the file's inode number, which the
launcher compares, and the status that the fast path compares (`published.identify_file_content`).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LockNotObtained
from ssohelper.fastpath import folders, open_file, published
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

# The settings file gets a stamp only when its last write is this long ago. Some shells compare
# times in whole seconds, and would miss a second change in the same second.
_SETTLED_AFTER_SECONDS = 2
_LOCK_SECONDS = 2.0


class SettingsStamp:
    """Compares config.toml and the company's policy with their stamp files, and writes these.

    Create this object before config.toml and the policy are read: it records the status of both.
    """

    def __init__(self, runtime: Path, settings_file: Path, policy_file: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)
        self._stamps = (
            _StampFile(self._cache, settings_file, str(runtime / folders.SETTINGS_STAMP)),
            _StampFile(self._cache, policy_file, str(runtime / folders.POLICY_STAMP)),
        )

    def may_responses_be_of_other_settings(self) -> bool:
        """Return whether the published responses may be of other settings and must be deleted."""
        return not (
            self._has_changed()
            or self._did_a_file_change_too_recently()
            or self._do_stamps_match_files()
        )

    def prepare_publishing(self, delete_all_responses: Callable[[], object]) -> bool:
        """Update the stamp files; return False if responses must not be published yet.

        Calls `delete_all_responses` if config.toml or the policy changed since they were published.
        """
        if self._has_changed():
            return False
        # Just after a change of the settings no stamp file is written. Until the next one is, the
        # launcher does not use the responses that are published.
        if self._did_a_file_change_too_recently() or self._do_stamps_match_files():
            return True
        deadline = Deadline(_LOCK_SECONDS, time.monotonic)
        try:
            with files.hold_lock(self._lock_file(), deadline, self._runtime):
                if not self._do_stamps_match_files():
                    delete_all_responses()
                    self._write()
        except LockNotObtained:
            return False
        return True

    def _has_changed(self) -> bool:
        """Return whether a file changed since this object was created."""
        return any(stamp.has_changed() for stamp in self._stamps)

    def _did_a_file_change_too_recently(self) -> bool:
        """Return whether a file changed so recently that a shell could miss a change."""
        return any(stamp.is_too_new() for stamp in self._stamps)

    def _do_stamps_match_files(self) -> bool:
        """Return whether the published responses were written under the present files."""
        return os.path.isfile(self._launcher_time_file()) and all(
            stamp.is_current() for stamp in self._stamps
        )

    def _lock_file(self) -> Path:
        return self._runtime / "locks" / "published-responses.lock"

    def _launcher_time_file(self) -> Path:
        return self._runtime / folders.LAUNCHER_TIME

    def _write(self) -> None:
        if not os.path.isfile(self._launcher_time_file()):
            self._cache.write(self._launcher_time_file(), b"")
        for stamp in self._stamps:
            stamp.write_stamp()


class _StampFile:
    """A stamp file, with the modification time of `file`; empty if there is no such file."""

    def __init__(self, cache: CacheFolder, file: Path, path: str) -> None:
        self._cache = cache
        self._file = file
        self._path = Path(path)
        self._recorded_at = time.time()
        self._recorded = _read_file_status(file)

    def has_changed(self) -> bool:
        recorded = self._recorded
        return recorded == _UNKNOWN or _read_file_status(self._file) != recorded

    def is_too_new(self) -> bool:
        if not self._recorded.line:
            return False
        age_seconds = self._recorded_at - self._recorded.mtime_ns / 1e9
        return abs(age_seconds) < _SETTLED_AFTER_SECONDS

    def is_current(self) -> bool:
        content = self._cache.read(self._path)
        if content is None or content.partition(b"\n")[2] != self._recorded.line:
            return False
        if not self._recorded.line:
            return not content
        # Times that differ by less than this count as equal, since a file system that stores whole
        # seconds rounds the stamp's time.
        stamp_mtime_ns = _read_file_status(self._path).mtime_ns
        return abs(stamp_mtime_ns - self._recorded.mtime_ns) / 1e9 < _SETTLED_AFTER_SECONDS

    def write_stamp(self) -> None:
        if not self._recorded.line:
            self._cache.write(self._path, b"")
            return
        content = b"%b\n%b" % (self._read_inode_for_launcher(), self._recorded.line)
        self._cache.write(self._path, content, mtime_ns=self._recorded.mtime_ns)

    def _read_inode_for_launcher(self) -> bytes:
        """Return the inode number as the launcher reads it; b"" where the launcher cannot read it.

        sh has no command for that, but Linux (since 5.14) shows that of an open file in /proc. On an
        overlay file system it may differ from the number that `os.stat` returns.
        """
        try:
            opened = open_file.open_user_file(os.fspath(self._file))
        except OSError:
            return b""
        if opened is None:
            return b""
        descriptor, found = opened
        try:
            if published.identify_file_content(found) != self._recorded.line:
                return b"changed"  # matches no inode number, so the launcher starts Python
            with open(f"/proc/self/fdinfo/{descriptor}", "rb") as lines:
                words = [line.split() for line in lines]
        except OSError:
            return b""
        finally:
            os.close(descriptor)
        return next((number for name, number in words if name == b"ino:"), b"")


class _FileStatus(NamedTuple):
    """The status that identifies a file's content; `line` is b"" if there is no file."""

    mtime_ns: int
    line: bytes


_MISSING = _FileStatus(0, b"")
_UNKNOWN = _FileStatus(-1, b"unknown")


def _read_file_status(path: Path) -> _FileStatus:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _MISSING
    except OSError:
        return _UNKNOWN
    return _FileStatus(found.st_mtime_ns, published.identify_file_content(found))
