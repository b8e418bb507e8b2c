"""Reads, writes and removes cache files. No other module decides what a cache does on an error.

* A file that cannot be read, whatever the reason, counts as missing. No link is followed.
* A write replaces a file or folder of ours that has the wrong kind, as earlier versions made.
  Links, FIFOs and other users' files stay: the write raises LocalState.

Other files are no caches, so that an unreadable file is an error: tokens, registrations, facts,
config and its versions, settings, storage.json, guard rules, grants, journal, locks, usage, sync
options, endpoints.
"""

import json
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ssohelper.errors import LocalState
from ssohelper.fastpath import open_file
from ssohelper.stores import files
from ssohelper.stores.disk_errors import unsafe_file_error

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class CacheFolder:
    """The cache files below a folder of ours, which may hold other files too."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: Path) -> bytes | None:
        opened = self.read_with_status(path)
        return None if opened is None else opened[0]

    def read_with_status(self, path: Path) -> tuple[bytes, os.stat_result] | None:
        try:
            if not any(map(os.path.islink, self._folders_of(path))):
                return files.read_with_status(path)
        except LocalState as failure:
            _log.info("%s: counted as missing", failure.message)
        return None

    def read_record(self, path: Path, parse: Callable[[dict[str, Any]], _T]) -> _T | None:
        return files.read_record(path, parse, self.read)

    def write(self, path: Path, data: bytes, *, mtime_ns: int | None = None) -> None:
        self._make_folders_of(path)
        _remove_other_kind(path, stat.S_ISREG)
        files.write_atomically(path, data, mtime_ns=mtime_ns, durable=False)

    def write_json(self, path: Path, value: dict[str, Any]) -> None:
        self.write(path, json.dumps(value).encode("ascii"))

    def write_link(self, path: Path, target: str) -> None:
        self._make_folders_of(path)
        if not os.path.islink(path):
            _remove_other_kind(path, stat.S_ISREG)
        files.write_link(path, target)

    def remove(self, path: Path) -> int:
        if any(map(os.path.islink, self._folders_of(path))):
            return 0
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        return files.remove_tree(path) if is_folder else files.remove_file(path)

    def _make_folders_of(self, path: Path) -> None:
        files.ensure_private_folder(self._root)
        for folder in self._folders_of(path):
            _remove_other_kind(folder, _is_usable_folder)
            files.ensure_private_folder(folder)

    def _folders_of(self, path: Path) -> list[Path]:
        above = path.parents
        return list(reversed(above[: len(above) - len(self._root.parents) - 1]))


def _is_usable_folder(mode: int) -> bool:
    return stat.S_ISDIR(mode) and mode & stat.S_IRWXU == stat.S_IRWXU


def _remove_other_kind(path: Path, is_wanted: Callable[[int], bool]) -> None:
    try:
        found = os.lstat(path)
        is_folder = stat.S_ISDIR(found.st_mode) and open_file.is_owned_by_us(found)
        if not is_folder:
            open_file.check_own_file(found, os.fspath(path))
        if not is_wanted(found.st_mode):
            remove = files.remove_tree if is_folder else files.remove_file
            remove(path)
    except open_file.Refused as cause:
        unsafe = unsafe_file_error(os.fspath(path), cause)
        raise LocalState(unsafe.message, hint=unsafe.hint) from cause
    except OSError:
        return  # the file is missing, or the following write reports the error
