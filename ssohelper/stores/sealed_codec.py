"""Encrypts and decrypts documents with the key in the desktop's keyring (AES-256-GCM).

A document is bound to its `context`: in another session's or role's file it cannot be decrypted.
"""

import base64
import hashlib
import json
import os
from contextlib import suppress
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssohelper.core.model import Secret
from ssohelper.errors import KeyMissing, KeyringUnavailable
from ssohelper.stores.codecs import SEALED_MARK, Codec, Unreadable

_VERSION = 1
# NIST recommends 12 bytes. Random nonces are safe for 2^32 objects with one key.
_NONCE_BYTES = 12


class Keyring(Protocol):
    """The keyring that has the encryption key (`system.os_keyring.OsKeyring`)."""

    def find(self, *, again: bool = False) -> Secret | None: ...
    def create(self) -> Secret: ...


class SealedCodec(Codec):
    suffix = ".sealed"

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def encode(self, document: dict[str, Any], context: str) -> dict[str, Any]:
        return encrypt_document(document, bytes_of_key(self._keyring.find()), context)

    def decode(self, found: dict[str, Any], context: str) -> dict[str, Any]:
        if SEALED_MARK not in found:
            raise Unreadable("the saved data is not encrypted")
        # The keyring is asked again, since the user may have removed the key and signed in again.
        for again in (False, True):
            key = bytes_of_key(self._keyring.find(again=again))
            if found.get("key_id") == public_id_of_key(key):
                return decrypt_document(found, key, context)
        raise Unreadable("the saved data was encrypted with a key that is not in this keyring")

    def ensure_key(self) -> None:
        bytes_of_key(self._keyring.create())


def bytes_of_key(key: Secret | None) -> bytes:
    """Raises: KeyringUnavailable."""
    if key is None:  # no new key is made here: only a sign-in does that
        raise KeyMissing(
            "the keyring does not have ssohelper's key", hint="make one with: ssohelper login"
        )
    with suppress(ValueError):
        found = base64.b64decode(key.reveal(), validate=True)
        if len(found) == 32:
            return found
    raise KeyringUnavailable(
        "the keyring's item for ssohelper holds no key", hint="remove that item and sign in again"
    )


def public_id_of_key(key: bytes) -> str:
    return hashlib.sha256(b"ssohelper key\0" + key).hexdigest()[:16]


def encrypt_document(document: dict[str, Any], key: bytes, context: str) -> dict[str, Any]:
    nonce = os.urandom(_NONCE_BYTES)
    box = AESGCM(key).encrypt(nonce, json.dumps(document).encode(), context.encode())
    text = base64.b64encode(nonce + box).decode("ascii")
    return {SEALED_MARK: _VERSION, "key_id": public_id_of_key(key), "box": text}


def decrypt_document(found: dict[str, Any], key: bytes, context: str) -> dict[str, Any]:
    try:
        box = base64.b64decode(found["box"], validate=True)
        nonce, sealed = box[:_NONCE_BYTES], box[_NONCE_BYTES:]
        document = json.loads(AESGCM(key).decrypt(nonce, sealed, context.encode()))
    except (KeyError, TypeError, ValueError, InvalidTag) as cause:
        raise Unreadable("it is damaged") from cause
    if not isinstance(document, dict):
        raise Unreadable("it is damaged")
    return document
