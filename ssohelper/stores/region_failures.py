"""Stores which regions of a session's Identity Center failed, so that no process tries them soon.

Each session has a file in the runtime folder, which is written without a lock: if two processes
write at once, one failure is not recorded, and the next call finds that failure again.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from ssohelper.core.region_order import RegionFailure
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class RegionFailures:
    """Loads and saves failures by region. A damaged file counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str) -> dict[str, RegionFailure]:
        """Return the recorded failures of the session's regions."""
        found = self._cache.read_json(self._file(session_name)) or {}
        return {
            region: RegionFailure(*value)
            for region, value in found.items()
            if _is_valid_region_failure(value)
        }

    def save(self, session_name: str, failures: dict[str, RegionFailure]) -> None:
        """Replace the session's recorded failures by these, if that is possible.

        If a failure is not recorded, the next call asks that region again.
        """
        path = self._file(session_name)
        with suppress(LocalState):
            self._cache.write_json(path, failures) if failures else self._cache.remove(path)

    def _file(self, session_name: str) -> Path:
        return self._runtime / "regions" / f"{files.session_file_name(session_name)}.json"


def _is_valid_region_failure(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value)
