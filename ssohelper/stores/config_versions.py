"""The last three writes of ~/.aws/config, each with what was before and what we left.

`<state>/config-versions/<which config>/<number>.{before,after}`, 0600. No `.before` means that
there was no file. A config is known by its path: two of them never undo each other.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from ssohelper.stores import files

_KEPT = 3
_LIMIT_BYTES = 64 << 20


class Version(NamedTuple):
    """One write: `before` is None when there was no file."""

    number: int
    before: bytes | None
    after: bytes


class ConfigVersions:
    """The kept versions of one config file."""

    def __init__(self, folder: Path, config_file: Path) -> None:
        self._base = folder
        self._config_file = config_file

    def keep(self, before: bytes | None, after: bytes) -> Version:
        """Keep this write as the newest and forget all but three."""
        folder = files.private_folder(self._folder)
        numbers = self._numbers()
        number = numbers[-1] + 1 if numbers else 1
        if before is not None:
            files.write_atomically(folder / f"{number}.before", before)
        # The .after is written last: without it a version does not count.
        files.write_atomically(folder / f"{number}.after", after)
        for old in numbers[: max(0, len(numbers) + 1 - _KEPT)]:
            self._remove(old)
        return Version(number, before, after)

    def last(self) -> Version | None:
        """Return the newest version."""
        for number in reversed(self._numbers()):
            after = files.read_checked(self._folder / f"{number}.after", _LIMIT_BYTES)
            before = files.read_checked(self._folder / f"{number}.before", _LIMIT_BYTES)
            if after is not None:
                return Version(number, before, after)
        return None

    def drop(self, version: Version) -> None:
        """Forget this version."""
        self._remove(version.number)

    @property
    def _folder(self) -> Path:
        path = os.path.realpath(self._config_file)
        return self._base / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

    def _numbers(self) -> list[int]:
        names = [name.removesuffix(".after") for name in files.names_in(self._folder)]
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def _remove(self, number: int) -> None:
        files.remove(self._folder / f"{number}.after")
        files.remove(self._folder / f"{number}.before")
