"""Records of a session's portals: where a company's start URL led, and which region answered.

Sessions with a start URL of AWS and without further regions have no record.
"""

import os
from contextlib import suppress
from pathlib import Path

from ssohelper.core.portal_address import PortalAddress
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class PortalAddresses:
    """Stores the address of a session's portal, in a file. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load(self, session_name: str) -> PortalAddress | None:
        """Return the portal to which the session's start URL led at the last sign-in, or None."""
        path = self._file(session_name)
        if not os.path.exists(path):
            return None
        from ssohelper.core.schema import state_records as schema

        return self._cache.read_record(path, schema.parse_portal_address)

    def save(self, session_name: str, address: PortalAddress) -> None:
        """Write the address of the session's portal. Raises: LocalState."""
        self._cache.write_json(self._file(session_name), address._asdict())

    def _file(self, session_name: str) -> Path:
        return self._state / files.PORTALS_FOLDER / f"{files.session_file_name(session_name)}.json"


class AnsweringRegions:
    """The region that answered in place of a session's own, in `<runtime>/regions/<session>.json`.

    Written without a lock: a record that is lost costs one more wait. A damaged one is none.
    """

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str) -> tuple[str, int] | None:
        """Return the region, and until when (epoch seconds) it is asked first."""
        found = self._cache.read_json(self._file(session_name)) or {}
        region, until = found.get("region"), found.get("until")
        return (region, until) if isinstance(region, str) and type(until) is int else None

    def save(self, session_name: str, region: str, until: int) -> None:
        """Replace the session's record, if that is possible."""
        with suppress(LocalState):
            self._cache.write_json(self._file(session_name), {"region": region, "until": until})

    def forget(self, session_name: str) -> None:
        """Remove the session's record."""
        with suppress(LocalState):
            self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._runtime / "regions" / f"{files.session_file_name(session_name)}.json"
