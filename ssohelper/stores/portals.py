"""Records of a session's portals: where a company's start URL led, and which region answered."""

import os
from contextlib import suppress
from pathlib import Path

from ssohelper.core.portal_address import PortalAddress
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class PortalAddresses:
    """One file for each session; a damaged one counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load(self, session_name: str) -> PortalAddress | None:
        """None if no sign-in recorded where the start URL led."""
        path = self._file(session_name)
        if not os.path.exists(path):
            return None
        from ssohelper.core.schema import state_records as schema

        return self._cache.read_record(path, schema.parse_portal_address)

    def save(self, session_name: str, address: PortalAddress) -> None:
        """Raises: LocalState."""
        self._cache.write_json(self._file(session_name), address._asdict())

    def _file(self, session_name: str) -> Path:
        return self._state / files.PORTALS_FOLDER / f"{files.session_file_name(session_name)}.json"


class AnsweringRegions:
    """In <runtime>/regions/<session>.json, without a lock: a lost record costs one more wait."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str) -> tuple[str, int] | None:
        """Return the region, and until when (epoch seconds) it is asked first."""
        found = self._cache.read_record(self._file(session_name), dict) or {}
        region, until = found.get("region"), found.get("until")
        return (region, until) if isinstance(region, str) and type(until) is int else None

    def save(self, session_name: str, region: str, until: int) -> None:
        with suppress(LocalState):
            self._cache.write_json(self._file(session_name), {"region": region, "until": until})

    def forget(self, session_name: str) -> None:
        """Remove the record. What is none, such as a link, stays."""
        if self.load(session_name) is not None:
            with suppress(LocalState):
                self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._runtime / "regions" / f"{files.session_file_name(session_name)}.json"
