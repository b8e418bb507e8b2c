"""~/.aws/config on the disk: read, written whole or not at all, and put back by undo.

A write: lock, re-read, temporary file beside the target, parse it back, fsync, rename. A config
that is a link stays one, its mode is kept. AWS's own tools take no lock, so the file is looked
at once more before the rename.
"""

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ssohelper.core.config_edit import Change
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import ConfigText
from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.config_versions import ConfigVersions, Version

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
# 10,000 profiles are 2.5 MB; more than this is no config.
_LIMIT_BYTES = 64 << 20
_TRIES = 3


class _Found(NamedTuple):
    """What was read, and by what it is known again: inode, time and size."""

    data: bytes
    mark: tuple[int, int, int] | None


class _Changed(Exception):
    """Somebody wrote the file between our read and our rename."""


class ConfigStore:
    """The config file, the names in the credentials file, and the versions kept for undo."""

    def __init__(
        self, config_file: Path, credentials_file: Path, *, state: Path, runtime: Path
    ) -> None:
        self.path = config_file
        self._credentials_path = credentials_file
        self._lock = runtime / "locks" / "config.lock"
        self._versions = ConfigVersions(state / "config-versions", config_file)
        self._parsed: tuple[_Found, ConfigFile] | None = None

    def read(self) -> ConfigFile:
        """Return the config as it is now; a missing file is an empty one.

        Raises: ConfigInvalid with the line, LocalState when it cannot be read.
        """
        found = self._find()
        # Read once, parsed once: a command asks for the config in several places.
        if self._parsed is None or self._parsed[0] != found:
            self._parsed = (found, ConfigFile.parse(found.data, str(self.path)))
        return self._parsed[1]

    def read_credentials_names(self) -> set[str]:
        """Return the names of the credentials file's sections: they win over profiles."""
        data = _read(self._credentials_path).data
        return set(ConfigText(data, str(self._credentials_path)).sections)

    def write(
        self, changes_for: Callable[[ConfigFile], Sequence[Change]], deadline: Deadline
    ) -> None:
        """Make the changes that `changes_for` returns for the config as it is under the lock.

        No changes write nothing.
        Raises: ConfigInvalid, LocalState; then the file is as it was.
        """
        with files.lock(self._lock, deadline):
            for _ in range(_TRIES):
                found = self._find()
                config = ConfigFile.parse(found.data, str(self.path))
                after = config.with_changes(changes_for(config))
                if after == found.data:
                    return
                try:
                    version = self._versions.keep(found.data if found.mark else None, after)
                    try:
                        self._put(after, found)
                    except BaseException:
                        self._versions.drop(version)
                        raise
                except _Changed:
                    continue
                return
        raise LocalState(
            f'"{self.path}" is being changed by somebody else', hint="try again in a moment"
        )

    # -- undo ------------------------------------------------------------------------------

    def last_version(self) -> Version | None:
        """Return what the last writing command found and left; None when nothing is kept."""
        return self._versions.last()

    def undo(
        self,
        version: Version,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
        deadline: Deadline,
    ) -> None:
        """Put back what was before: to the byte, or by changes when it was edited since."""
        with files.lock(self._lock, deadline):
            for _ in range(_TRIES):
                found = self._find()
                try:
                    self._put_back(version, found, changes_for)
                except _Changed:
                    continue
                self._versions.drop(version)
                return
        raise LocalState(
            f'"{self.path}" is being changed by somebody else', hint="try again in a moment"
        )

    def _put_back(
        self,
        version: Version,
        found: _Found,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
    ) -> None:
        if found.data != version.after:
            config = ConfigFile.parse(found.data, str(self.path))
            after = config.with_changes(changes_for(config))
            if after != found.data:
                self._put(after, found)
        elif version.before is None:
            self._check_writable()
            files.remove(os.path.realpath(self.path))
        else:
            self._put(version.before, found)

    # -- disk ------------------------------------------------------------------------------

    def _find(self) -> _Found:
        return _read(self.path)

    def _put(self, data: bytes, found: _Found) -> None:
        # The link stays: its target is what is replaced.
        target = os.path.realpath(self.path)
        mode = self._check_writable()
        files.made_folder(os.path.dirname(target))

        def check(written: bytes) -> None:
            # These bytes were parsed before (with_changes), or they are a file that was there.
            if written != data:
                raise LocalState(f'"{self.path}" was not written as it should be: nothing changed')
            if self._find().mark != found.mark:
                raise _Changed

        files.write_atomically(target, data, mode=mode, check=check)

    def _check_writable(self) -> int:
        """Return the file's mode, 0600 when it is new; a read-only or foreign file is refused.

        A rename would need neither: the folder's permission is enough for it.
        """
        target = os.path.realpath(self.path)
        try:
            status = os.stat(target)
        except FileNotFoundError:
            return 0o600
        except OSError as cause:
            raise LocalState(f'"{self.path}" cannot be written: {cause.strerror}') from cause
        if not stat.S_ISREG(status.st_mode):
            raise LocalState(f'"{self.path}" is no plain file: not touched')
        if os.name == "posix" and status.st_uid != os.geteuid():
            raise LocalState(
                f'"{self.path}" belongs to another user: not touched', hint=f"see: ls -l {target}"
            )
        if not os.access(target, os.W_OK) or not status.st_mode & 0o200:
            raise LocalState(
                f'"{self.path}" is read-only: not touched', hint=f"see: ls -l {target}"
            )
        return stat.S_IMODE(status.st_mode)


def _read(path: Path) -> _Found:
    try:
        # O_NONBLOCK: opening a FIFO must not hang.
        descriptor = os.open(path, _READ_FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return _Found(b"", None)
    except (OSError, ValueError) as cause:
        raise _unreadable(path, cause) from cause
    try:
        status = os.fstat(descriptor)
        if stat.S_ISCHR(status.st_mode):
            # AWS_CONFIG_FILE=/dev/null is how people switch a file off; botocore skips it too.
            return _Found(b"", None)
        if not stat.S_ISREG(status.st_mode):
            raise LocalState(f'"{path}" is no plain file')
        if status.st_size > _LIMIT_BYTES:
            raise LocalState(f'"{path}" is larger than {_LIMIT_BYTES} bytes')
        data = b""
        while part := os.read(descriptor, 1 << 24):
            data += part
            if len(data) > _LIMIT_BYTES:
                raise LocalState(f'"{path}" is larger than {_LIMIT_BYTES} bytes')
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    finally:
        os.close(descriptor)
    return _Found(data, (status.st_ino, status.st_mtime_ns, status.st_size))


def _unreadable(path: Path, cause: Exception) -> LocalState:
    reason = getattr(cause, "strerror", None) or str(cause)
    return LocalState(f'"{path}" cannot be read: {reason.lower()}', hint=f"see: ls -l {path}")
