"""The stamp beside the ready documents: under which settings they were made.

A document that was published before a rule was set must not be served after it. The hit path and
the launcher read no settings; they compare config.toml's modification time with the stamp's.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, LockNotObtained
from ssohelper.fastpath import folders
from ssohelper.stores import files

# Some shells compare whole seconds: a second write in the same one would go unnoticed.
_SURE_AFTER_SECONDS = 2
_LOCK_SECONDS = 2.0
_UNKNOWN = -1


class SettingsStamp:
    """Notes the settings' modification time when it is made: make it before they are read."""

    def __init__(self, runtime: Path, settings_file: Path) -> None:
        self._runtime = runtime
        self._settings_file = settings_file
        self._path = folders.settings_stamp(os.fspath(runtime))
        self._noted_at = time.time()
        self._noted = _modified_at(settings_file)

    def is_due(self) -> bool:
        """Tell whether `prepare` would write: documents that are there may be of other settings."""
        return not (self._is_changed() or self._is_fresh() or self._says_these())

    def prepare(self, withdraw_all: Callable[[], object]) -> bool:
        """Make the stamp say these settings; False when no document may be published now.

        When it said others, `withdraw_all` takes away the documents that were made under those.
        """
        if self._is_changed():
            return False
        # Of fresh settings a document is published, but nobody takes it before there is a stamp.
        if self._is_fresh() or self._says_these():
            return True
        try:
            files.private_folder(self._runtime)
            with files.lock(self._lock_file(), Deadline(_LOCK_SECONDS, time.monotonic)):
                if not self._says_these():
                    withdraw_all()
                    self._write()
        except LockNotObtained:
            return False
        except OSError as cause:
            raise LocalState(f'"{self._path}" cannot be written') from cause
        return True

    def _is_changed(self) -> bool:
        return self._noted == _UNKNOWN or _modified_at(self._settings_file) != self._noted

    def _is_fresh(self) -> bool:
        if self._noted is None:
            return False
        return abs(self._noted_at - self._noted / 1e9) < _SURE_AFTER_SECONDS

    def _lock_file(self) -> Path:
        return self._runtime / "locks" / "ready-documents.lock"

    def _now_file(self) -> str:
        return folders.now_file(os.fspath(self._runtime))

    def _content(self) -> bytes:
        return b"" if self._noted is None else b"%d\n" % self._noted

    def _says_these(self) -> bool:
        if not os.path.exists(self._now_file()):
            return False
        if files.read_checked(self._path) != self._content():
            return False
        if self._noted is None:
            return True
        # A writer that was killed left the time of its writing. A file system that keeps whole
        # seconds does no harm: no hit there, and no writing again and again either.
        written = _modified_at(Path(self._path)) or 0
        return abs(written - self._noted) / 1e9 < _SURE_AFTER_SECONDS

    def _write(self) -> None:
        if not os.path.exists(self._now_file()):
            files.write_atomically(self._now_file(), b"")
        # Until its time is set it has that of now, which fits no settings.
        files.write_atomically(self._path, self._content())
        if self._noted is not None:
            os.utime(self._path, ns=(self._noted, self._noted))


def _modified_at(path: Path) -> int | None:
    """Return nanoseconds, None for no file, _UNKNOWN when that cannot be told."""
    try:
        return os.stat(path).st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return _UNKNOWN
