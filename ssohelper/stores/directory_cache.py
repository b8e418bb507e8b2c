"""Stores each session's last complete list of accounts and roles, and an unfinished newer one."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ssohelper.core.deadline import Deadline
from ssohelper.core.listing import Listing
from ssohelper.core.schema import listings as schema
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

_SAVED, _UNFINISHED = "listing.json", "unfinished.json"


class DirectoryCache:
    """Stores listings in the state folder. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load(self, session_name: str) -> Listing | None:
        """Return the session's last complete listing, even if it is of an earlier portal."""
        return self._read(session_name, _SAVED)

    def save(self, session_name: str, listing: Listing) -> None:
        """Write the session's complete listing, and remove the unfinished one. Raises: LocalState."""
        self._write(session_name, _SAVED, listing)
        self._cache.remove(self._file(session_name, _UNFINISHED))

    def load_unfinished_listing(self, session_name: str) -> Listing | None:
        return self._read(session_name, _UNFINISHED)

    def save_unfinished_listing(self, session_name: str, listing: Listing) -> None:
        self._write(session_name, _UNFINISHED, listing)

    def forget(self, session_name: str) -> int:
        return self._cache.remove(self._file(session_name, _SAVED).parent)

    def lock_listing(self, session_name: str, deadline: Deadline) -> AbstractContextManager[object]:
        path = self._state / "locks" / files.session_file_name(session_name) / "listing.lock"
        return files.hold_lock(path, deadline, self._state)

    def list_session_names(self) -> list[str]:
        return files.list_names_in_folder(self._state / "listings")

    def load_account_names(self) -> dict[str, str]:
        found = filter(None, map(self.load, self.list_session_names()))
        return {one.account.id: one.account.name for listing in found for one in listing.accounts}

    def listing_path(self, session_name: str) -> str:
        return str(self._file(session_name, _SAVED))

    def _read(self, session_name: str, name: str) -> Listing | None:
        return self._cache.read_record(self._file(session_name, name), schema.parse_listing)

    def _write(self, session_name: str, name: str, listing: Listing) -> None:
        text = json.dumps(_listing_document(listing), separators=(",", ":"))
        self._cache.write(self._file(session_name, name), text.encode("ascii"))

    def _file(self, session_name: str, name: str) -> Path:
        # Each session has a folder, since a file "corp.unfinished" could be that of a session of
        # that name.
        return self._state / "listings" / files.session_file_name(session_name) / name


def _listing_document(listing: Listing) -> dict[str, Any]:
    accounts = [
        {
            **listed.account._asdict(),
            "roles": list(listed.roles),
            "refused": listed.refused,
            "answered": listed.answered,
        }
        for listed in listing.accounts
    ]
    return {"version": schema.VERSION, **listing._asdict(), "accounts": accounts}
