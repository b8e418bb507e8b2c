"""Records how the sign-ins are stored: in files that AWS's tools can read, or encrypted.

The settings say which storage is wanted. While record and settings differ, the sign-ins are to be
moved. The record is written in one step after the copying and before the removal of the old copies.
So a move that was interrupted is either not done, or only lacks that removal.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from ssohelper.core.deadline import Deadline
from ssohelper.stores import files

FILE, KEYRING = "file", "keyring"


class UsedStorage(NamedTuple):
    """The storage (file or keyring) that has the sign-ins; `leftover` still has old copies."""

    storage: str = FILE
    leftover: str | None = None


class StorageRecord:
    """The record in the state folder. If it is missing or damaged, sign-ins are in plain files."""

    def __init__(self, state: Path) -> None:
        self._path = state / "storage.json"

    def load(self) -> UsedStorage:
        """Return the record. Raises: NotOurs, LocalState."""
        found = files.read_json(self._path) or {}
        storage, leftover = found.get("storage"), found.get("leftover")
        known = (FILE, KEYRING)
        return UsedStorage(
            storage if storage in known else FILE, leftover if leftover in known else None
        )

    def save(self, record: UsedStorage) -> None:
        """Write the record. Raises: LocalState."""
        files.ensure_private_folder(self._path.parent)
        files.write_json(self._path, record._asdict())

    def lock(self, deadline: Deadline) -> AbstractContextManager[object]:
        """Return the lock to hold while sign-ins are moved. Raises: LockNotObtained."""
        return files.hold_lock(self._path.with_suffix(".lock"), deadline)
