"""Writes documents with secrets to files: as plain text, or encrypted with the keyring's key."""

from typing import Any

SEALED_MARK = "ssohelper_sealed"
FILE, KEYRING = "file", "keyring"


class Unreadable(Exception):
    """A document cannot be decoded: it is damaged, or the key that encrypted it is lost."""


class Codec:
    """Encodes JSON objects for the disk. This class does not encrypt: the format is the AWS CLI's.

    Token files' names end with `suffix`.
    """

    suffix = ".json"

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return document

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if SEALED_MARK in found:
            raise Unreadable("the saved data is encrypted")
        return found

    def ensure_key(self) -> None:
        """Make a key if there is none and one is needed. Raises: KeyringUnavailable."""
