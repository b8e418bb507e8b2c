"""Stores records of a session's portals: where a company's start URL led, which region answered."""

import os
from contextlib import suppress
from pathlib import Path

from ssohelper.core.portal_address import PortalAddress
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class PortalAddresses:
    """Stores one file for each session. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load(self, session_name: str) -> PortalAddress | None:
        """Return where the start URL led; None if no sign-in recorded this."""
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
    """Files <runtime>/regions/<session>.json, without a lock: a lost record costs one more wait."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str) -> tuple[str, int] | None:
        """Return the region to ask first, and until when (epoch seconds)."""
        found = self._cache.read_record(self._file(session_name), dict) or {}
        region, until = found.get("region"), found.get("until")
        return (region, until) if isinstance(region, str) and type(until) is int else None

    def save(self, session_name: str, region: str, until: int) -> None:
        with suppress(LocalState):
            self._cache.write_json(self._file(session_name), {"region": region, "until": until})

    def forget(self, session_name: str) -> None:
        """Remove the record. A file that is no valid record, such as a link, stays."""
        if self.load(session_name) is not None:
            with suppress(LocalState):
                self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._runtime / "regions" / f"{files.session_file_name(session_name)}.json"
