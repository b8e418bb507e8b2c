"""Writes documents with secrets to files: as plain text, or encrypted with the keyring's key.

Stores take a `Codec`, so that tokens, client registrations and role credentials follow one rule.
The codec that encrypts is in `sealed_codec`, because its import of the cryptography package takes
25 ms.

`StorageRecord` says whether the sign-ins are in plain or in encrypted files now; the settings say
which of the two the user wants. While record and settings differ, the sign-ins must be moved. The
record is written in one step, after the sign-ins are copied and before the old copies are removed.
So an interrupted move either counts as not done, or only leaves old copies to remove.
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
    """Leaves documents unencrypted, in the AWS CLI's format."""

    suffix = ".json"

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return document

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if is_encrypted(found):
            raise Unreadable("the saved data is encrypted")
        return found

    def ensure_key(self) -> None:
        return None


class ChangingCodec:
    """Calls the codec of the present storage (file or keyring). Other processes may change that."""

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
    """The storage (file or keyring) of sign-ins; the storage `leftover` still has old copies."""

    storage: str = FILE
    leftover: str | None = None


class StorageRecord:
    """Stores which storage has the sign-ins. A missing or damaged record means plain files."""

    def __init__(self, state: Path) -> None:
        self._path = state / "storage.json"

    def load(self) -> UsedStorage:
        """Return which storage has the sign-ins. Raises: NotOurs, LocalState."""
        found = files.read_json(self._path) or {}
        storage, leftover = found.get("storage"), found.get("leftover")
        known = (FILE, KEYRING)
        return UsedStorage(
            storage if storage in known else FILE, leftover if leftover in known else None
        )

    def save(self, record: UsedStorage) -> None:
        """Save which storage has the sign-ins. Raises: LocalState."""
        files.ensure_private_folder(self._path.parent)
        files.write_json(self._path, record._asdict())

    def lock(self, deadline: Deadline) -> AbstractContextManager[object]:
        """Return the lock for a move of sign-ins to another storage. Raises: LockNotObtained."""
        return files.hold_lock(self._path.with_suffix(".lock"), deadline)
