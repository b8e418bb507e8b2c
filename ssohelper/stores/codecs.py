"""How documents with secrets are written: as they are, or sealed with the key in the keyring.

Stores take a `Codec`, so that tokens, registrations and role credentials have one rule. The codec
that encrypts is in `sealed_codec`, because it imports 25 ms of cryptography.
"""

from collections.abc import Callable
from typing import Any, Protocol

SEALED_MARK = "ssohelper_sealed"


class Unreadable(Exception):
    """A document cannot be decoded: it is damaged, or its key is another one or lost."""


class Codec(Protocol):
    """Changes documents (JSON objects) into those that are written, and back.

    `suffix` is the ending of a token file's name.
    """

    @property
    def suffix(self) -> str: ...

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        """Return the object to write for this document. Raises: KeyringUnavailable."""

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        """Return the document that was written. Raises: Unreadable, KeyringUnavailable."""

    def get_ready(self) -> None:
        """Make sure that `encode` works, for a sign-in: make a key if the keyring has none.

        Raises: KeyringUnavailable.
        """


class PlainCodec:
    """Documents as they are, in the AWS CLI's format."""

    suffix = ".json"

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return document

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if is_sealed(found):
            raise Unreadable("it is encrypted")
        return found

    def get_ready(self) -> None:
        return None


class ChangingCodec:
    """The codec of the storage in force, which may change while this process runs."""

    def __init__(self, current: Callable[[], Codec]) -> None:
        self._current = current

    @property
    def suffix(self) -> str:
        return self._current().suffix

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return self._current().encode(document, context)

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        return self._current().decode(found, context)

    def get_ready(self) -> None:
        self._current().get_ready()


def is_sealed(found: dict[str, Any]) -> bool:
    """Return whether this is a sealed object, of whichever key."""
    return SEALED_MARK in found
