"""Records the portal to which a company's start URL led: `<state>/portals/<session>.json`.

A company may have a start URL in its own domain, which redirects to a start URL of AWS. Sessions
that have a start URL of AWS need no record.
"""

import os
from pathlib import Path

from ssohelper.core.portal_address import PortalAddress
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
