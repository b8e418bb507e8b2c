"""How documents with secrets are written: in clear, or encrypted with the key in the keyring.

Stores take a `Codec`, so that tokens, registrations and role credentials have one rule. The codec
that encrypts is in `sealed_codec`, because its import of the cryptography package takes 25 ms.

`StorageRecord` says which of the two has the sign-ins now; the settings say which is wanted. While
they differ, the sign-ins are to be moved. The record is written in one step after the copying and
before the removal of the old copies. So a move that was interrupted is either not done, or only
lacks that removal.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ssohelper.core.deadline import Deadline
from ssohelper.stores import files

SEALED_MARK = "ssohelper_sealed"

FILE, KEYRING = "file", "keyring"


class Unreadable(Exception):
    """A document cannot be decoded: it is damaged, or the key that encrypted it is lost."""


class Codec(Protocol):
    """Encodes documents (JSON objects) for the disk, perhaps encrypted, and decodes them.

    `suffix` is the ending of a token file's name, such as `.json`.
    """

    @property
    def suffix(self) -> str: ...

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        """Return the object to write for this document. Raises: KeyringUnavailable."""

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        """Return the document that was written. Raises: Unreadable, KeyringUnavailable."""

    def ensure_key(self) -> None:
        """Make sure, before a sign-in, that `encode` works: make a key if the keyring has none.

        Raises: KeyringUnavailable.
        """


class PlainCodec:
    """Leaves documents in clear, in the AWS CLI's format."""

    suffix = ".json"

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return document

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if is_encrypted(found):
            raise Unreadable("it is encrypted")
        return found

    def ensure_key(self) -> None:
        return None


class ChangingCodec:
    """Calls the codec of the storage in use now; another process may change the storage."""

    def __init__(self, current: Callable[[], Codec]) -> None:
        self._current = current

    @property
    def suffix(self) -> str:
        return self._current().suffix

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return self._current().encode(document, context)

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        return self._current().decode(found, context)

    def ensure_key(self) -> None:
        self._current().ensure_key()


def is_encrypted(found: dict[str, Any]) -> bool:
    """Return whether the document is encrypted, with any key."""
    return SEALED_MARK in found


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
