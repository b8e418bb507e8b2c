"""Encrypts and decrypts documents with the key in the desktop's keyring."""

from typing import Any, Protocol

from ssohelper.core.model import Secret
from ssohelper.errors import KeyMissing, KeyringUnavailable
from ssohelper.stores import sealing
from ssohelper.stores.codecs import Unreadable, is_encrypted


class Keyring(Protocol):
    """The keyring that has the encryption key. `system.os_keyring.OsKeyring` implements this."""

    def find(self, *, again: bool = False) -> Secret | None: ...
    def create(self) -> Secret: ...


class SealedCodec:
    """Encrypts and decrypts documents. `decode` refuses an unencrypted document."""

    suffix = ".sealed"

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return sealing.encrypt_document(document, _checked_key(self._keyring.find()), context)

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if not is_encrypted(found):
            raise Unreadable("the saved data is not encrypted")
        key = _checked_key(self._keyring.find())
        if not sealing.is_encrypted_with_key(found, key):
            # The key that this process knows may be out of date: if the user removed it from the
            # keyring and signed in again, the keyring has another key.
            key = _checked_key(self._keyring.find(again=True))
        if not sealing.is_encrypted_with_key(found, key):
            raise Unreadable("the saved data was encrypted with a key that is not in this keyring")
        return sealing.decrypt_document(found, key, context)

    def ensure_key(self) -> None:
        _checked_key(self._keyring.create())


def _checked_key(key: Secret | None) -> Secret:
    if key is None:  # no new key is made here: only a sign-in does that
        raise KeyMissing(
            "the keyring does not have ssohelper's key", hint="make one with: ssohelper login"
        )
    if not sealing.is_valid_key(key):
        raise KeyringUnavailable(
            "the keyring's item for ssohelper holds no key",
            hint="remove that item and sign in again",
        )
    return key
