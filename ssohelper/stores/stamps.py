"""Records for which settings, sign-in and config the published responses were written.

After a change of these, no response must be printed. Fast path and launcher do not read the files:
they compare each file with its stamp, a file with the same modification time.

* If files have changed, responses are deleted before new stamps are written.
* A file's status is read before the file itself, and again before its stamp is written.
* A file that was written less than 2 s ago gets no stamp: some shells and file systems store times in
  whole seconds. Token files that we write get a time 2 s ago (stores/token_cache.py).
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import SsoSession
from ssohelper.errors import LockNotObtained
from ssohelper.fastpath import folders, open_file, published
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

_SETTLED_AFTER_SECONDS = 2
_LOCK_SECONDS = 2.0

# -- settings and the company's policy -------------------------------------------------------------


class SettingsStamp:
    """The stamps of config.toml and the company's policy. Create it before these are read."""

    def __init__(self, runtime: Path, settings_file: Path, policy_file: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)
        self._launcher_time = runtime / folders.LAUNCHER_TIME
        self._stamps = (
            _StatusStamp(self._cache, settings_file, runtime / folders.SETTINGS_STAMP),
            _StatusStamp(self._cache, policy_file, runtime / folders.POLICY_STAMP),
        )

    @property
    def is_stale(self) -> bool:
        """Whether the responses may belong to other settings, and so must not be used."""
        return not (self._has_changed or self._is_too_new or self._matches)

    def prepare_publishing(self, delete_all_responses: Callable[[], object]) -> bool:
        """Delete responses for other settings, then write the stamps. Raises: LocalState.

        Returns False if it is too early to publish.
        """
        if self._has_changed:
            return False
        # If settings have just changed, the launcher prints no response before their stamp is
        # written.
        if self._is_too_new or self._matches:
            return True
        lock = self._runtime / "locks" / "published-responses.lock"
        try:
            with files.hold_lock(lock, Deadline(_LOCK_SECONDS, time.monotonic), self._runtime):
                if not self._matches:
                    delete_all_responses()
                    if not os.path.isfile(self._launcher_time):
                        self._cache.write(self._launcher_time, b"")
                    for stamp in self._stamps:
                        stamp.write()
        except LockNotObtained:
            return False
        return True

    @property
    def _has_changed(self) -> bool:
        return any(stamp.has_changed for stamp in self._stamps)

    @property
    def _is_too_new(self) -> bool:
        return any(stamp.is_too_new for stamp in self._stamps)

    @property
    def _matches(self) -> bool:
        return os.path.isfile(self._launcher_time) and all(stamp.matches for stamp in self._stamps)


_MISSING, _UNKNOWN = (0, b""), (-1, b"unknown")


def _read_status(path: Path | str) -> tuple[int, bytes]:
    """Return the file's modification time, and the line for it in a stamp."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _MISSING
    except (OSError, ValueError):
        return _UNKNOWN
    return found.st_mtime_ns, published.identify_file_content(found)


def read_statuses(files: Iterable[Path], folders: Iterable[Path]) -> tuple[object, ...]:
    """Return what differs after a change of these files, or of the files in these folders.

    AWS's tools write a token in place, which does not change its folder.
    """
    found: list[object] = [_read_status(path) for path in files]
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found += sorted((entry.name, _read_status(entry.path)) for entry in entries)
    return tuple(found)


class _StatusStamp:
    """The stamp (at `path`) of the file `file`; empty if that file is missing.

    It has two lines: the inode number, which the launcher compares, and the status, which the fast path
    compares (`published.identify_file_content`).
    """

    def __init__(self, cache: CacheFolder, file: Path, path: Path) -> None:
        self._cache, self._file, self._path = cache, file, path
        self._read_at, (self._mtime_ns, self._line) = time.time(), _read_status(file)

    @property
    def has_changed(self) -> bool:
        return _read_status(self._file) != (self._mtime_ns, self._line) or self._mtime_ns < 0

    @property
    def is_too_new(self) -> bool:
        return self._line != b"" and _is_recent(self._read_at, self._mtime_ns)

    @property
    def matches(self) -> bool:
        content = self._cache.read(self._path)
        if content is None or content.partition(b"\n")[2] != self._line:
            return False
        if not self._line:
            return not content
        # A file system that stores whole seconds rounds the stamp's time.
        return _is_recent(_read_status(self._path)[0] / 1e9, self._mtime_ns)

    def write(self) -> None:
        if not self._line:
            self._cache.write(self._path, b"")
            return
        content = b"%b\n%b" % (self._read_inode_for_launcher(), self._line)
        self._cache.write(self._path, content, mtime_ns=self._mtime_ns)

    def _read_inode_for_launcher(self) -> bytes:
        """Return the inode number as the launcher reads it; b"" where it cannot.

        Linux (since 5.14) shows an open file's inode number in /proc. On an overlay file system
        `os.stat` may give another number.
        """
        try:
            opened = open_file.open_user_file(os.fspath(self._file))
        except OSError:
            return b""
        if opened is None:
            return b""
        descriptor, found = opened
        try:
            if published.identify_file_content(found) != self._line:
                return b"changed"  # matches no inode number, so the launcher starts Python
            with open(f"/proc/self/fdinfo/{descriptor}", "rb") as lines:
                words = [line.split() for line in lines]
        except OSError:
            return b""
        finally:
            os.close(descriptor)
        return next((number for name, number in words if name == b"ino:"), b"")


def _is_recent(at: float, mtime_ns: int) -> bool:
    return abs(at - mtime_ns / 1e9) < _SETTLED_AFTER_SECONDS


# -- a session's token file and config -------------------------------------------------------------


class SessionStamp:
    """The stamps of one session, in its folder, with links to config and token file.

    Create this object before both files are read; write stamps under the session's state lock.
    """

    def __init__(
        self, runtime: Path, session: SsoSession, config_file: str, token_file: str
    ) -> None:
        self._cache = CacheFolder(runtime)
        folder = Path(folders.session_folder(str(runtime), files.session_file_name(session.name)))
        self._portal = f"{session.start_url}\n{session.region}\n".encode()
        config = config_file and os.path.realpath(config_file)
        token = token_file and os.path.abspath(token_file)
        link, path = folder / folders.CONFIG_LINK, folder / folders.CONFIG_STAMP
        self._config = _LinkedStamp(self._cache, config, link, path, self._portal)
        link, path = folder / folders.TOKEN_LINK, folder / folders.TOKEN_STAMP
        self._token = _LinkedStamp(self._cache, token, link, path, b"")
        # Two home folders, each with its sign-ins, may share a runtime folder and a config.
        self._token_folder = os.path.dirname(token)
        self._folder_link = folder / folders.TOKEN_FOLDER_LINK

    @property
    def is_stale(self) -> bool:
        """Whether the responses may belong to another sign-in, and so must not be used."""
        return self._is_settled and not self._matches

    @property
    def is_current(self) -> bool:
        """Whether all responses certainly belong to the present sign-in."""
        return self._is_settled and self._matches

    @property
    def is_of_other_portal(self) -> bool:
        return self._config.kept_text not in (None, self._portal)

    def prepare_publishing(self, delete_responses: Callable[[], object]) -> bool:
        """See `SettingsStamp.prepare_publishing`."""
        if not self._is_settled:
            return False
        if self._matches:
            return True
        is_same_home = os.path.realpath(self._folder_link) == os.path.realpath(self._token_folder)
        is_same_portal = self._config.kept_text == self._portal
        if not (is_same_home and self._token.matches and is_same_portal):
            delete_responses()
        self._cache.write_link(self._folder_link, self._token_folder)
        self._config.write()
        self._token.write()
        return True

    def renew_token_stamp(self) -> None:
        """Call after a renewal of the token."""
        if self._token.matches:
            self._token.read_time()
            self._token.write()

    @property
    def _is_settled(self) -> bool:
        return self._config.is_settled and self._token.is_settled

    @property
    def _matches(self) -> bool:
        with contextlib.suppress(OSError):
            is_this_home = os.path.samefile(self._folder_link, self._token_folder)
            return is_this_home and self._config.matches and self._token.matches
        return False


class _LinkedStamp:
    def __init__(self, cache: CacheFolder, file: str, link: Path, path: Path, text: bytes) -> None:
        self._cache, self._file, self._link, self._path = cache, file, link, path
        self._text = text
        self.read_time()

    def read_time(self) -> None:
        self._read_at, self._mtime_ns = time.time(), _read_status(self._file)[0]

    @property
    def is_settled(self) -> bool:
        if sys.platform == "win32":
            return False  # Windows has no launcher, and making a link takes a privilege there
        is_same = _read_status(self._file)[0] == self._mtime_ns > 0
        return is_same and not _is_recent(self._read_at, self._mtime_ns)

    @cached_property
    def _content(self) -> bytes | None:
        return self._cache.read(self._path)

    @property
    def kept_text(self) -> bytes | None:
        return self._content.partition(b"\n")[2] if self._content else None

    @property
    def matches(self) -> bool:
        if self._mtime_ns <= 0 or self._content != b"%d\n%b" % (self._mtime_ns, self._text):
            return False
        with contextlib.suppress(OSError):
            return os.readlink(self._link) == self._file
        return False

    def write(self) -> None:
        if self._mtime_ns > 0 and not self.matches:
            content = b"%d\n%b" % (self._mtime_ns, self._text)
            self._cache.write(self._path, content, mtime_ns=self._mtime_ns)
            self._cache.write_link(self._link, self._file)
