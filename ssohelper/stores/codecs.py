"""Writes documents with secrets to files: as plain text, or encrypted with the keyring's key.

Stores take a `Codec`, so that tokens, client registrations and role credentials follow one rule.
The codec that encrypts is in `sealed_codec`, because its import of the cryptography package takes
25 ms.
"""

from collections.abc import Callable
from typing import Any, Protocol

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
