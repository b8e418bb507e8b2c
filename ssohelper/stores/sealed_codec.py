"""Encrypts and decrypts documents with the key in the desktop's keyring."""

from typing import Any, Protocol

from ssohelper.core.model import Secret
from ssohelper.errors import KeyringUnavailable
from ssohelper.stores import sealing
from ssohelper.stores.codecs import Unreadable, is_encrypted

_SIGN_IN = "sign in again with: ssohelper login SESSION"


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
        key = self._keyring.find()
        if key is None:  # no new key is made here: only a sign-in does that
            raise KeyringUnavailable("ssohelper's key is no longer in the keyring", hint=_SIGN_IN)
        return sealing.encrypt_document(document, _checked_key(key), context)

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if not is_encrypted(found):
            raise Unreadable("the saved data is not encrypted")
        key = self._keyring.find()
        if key is not None and not sealing.is_encrypted_with_key(found, _checked_key(key)):
            # The key that this process knows may be out of date: if the user removed it from the
            # keyring and signed in again, the keyring has another key.
            key = self._keyring.find(again=True)
        if key is None:
            raise Unreadable("the key that encrypted it is no longer in the keyring")
        if not sealing.is_encrypted_with_key(found, _checked_key(key)):
            raise Unreadable("the saved data was encrypted with a key that is not in this keyring")
        return sealing.decrypt_document(found, key, context)

    def ensure_key(self) -> None:
        _checked_key(self._keyring.create())


def _checked_key(key: Secret) -> Secret:
    if not sealing.is_valid_key(key):
        raise KeyringUnavailable(
            "the keyring's item for ssohelper holds no key",
            hint="remove that item and sign in again",
        )
    return key
