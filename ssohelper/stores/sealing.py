"""Encrypts and decrypts JSON objects with a given key (AES-256-GCM). Uses no disk and no keyring.

An encrypted object is a JSON object too. `context` says what the object is and to which session or
role it belongs: an object that was moved to the file of another session or role cannot be decrypted
there.
"""

import base64
import binascii
import hashlib
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ssohelper.core.model import Secret
from ssohelper.stores.codecs import SEALED_MARK, Unreadable

_VERSION = 1
# The length that NIST recommends for a nonce. Random nonces are safe for 2^32 objects with one key.
_NONCE_BYTES = 12


def encrypt_document(document: dict[str, Any], key: Secret, context: str) -> dict[str, Any]:
    """Encrypt `document`, bound to `context`; return the encrypted JSON object."""
    nonce = os.urandom(_NONCE_BYTES)
    text = json.dumps(document).encode("ascii")
    box = AESGCM(_key_bytes_of(key)).encrypt(nonce, text, context.encode())
    return {
        SEALED_MARK: _VERSION,
        "key_id": public_id_of_key(key),
        "box": base64.b64encode(nonce + box).decode("ascii"),
    }


def decrypt_document(found: dict[str, Any], key: Secret, context: str) -> dict[str, Any]:
    """Return the JSON object that `encrypt_document` encrypted. Raises: Unreadable."""
    try:
        box = base64.b64decode(found["box"], validate=True)
        opened = AESGCM(_key_bytes_of(key)).decrypt(
            box[:_NONCE_BYTES], box[_NONCE_BYTES:], context.encode()
        )
        document = json.loads(opened)
    except (KeyError, TypeError, ValueError, InvalidTag) as cause:
        raise Unreadable("it is damaged") from cause
    if not isinstance(document, dict):
        raise Unreadable("it is damaged")
    return document


def is_encrypted_with_key(found: dict[str, Any], key: Secret) -> bool:
    """Return whether the document was encrypted with this key."""
    return found.get("key_id") == public_id_of_key(key)


def is_valid_key(key: Secret) -> bool:
    """Return whether this text is a key: 32 bytes in base64."""
    try:
        return len(base64.b64decode(key.reveal(), validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def public_id_of_key(key: Secret) -> str:
    """Return an id of the key that does not reveal the key."""
    return hashlib.sha256(b"ssohelper key\0" + _key_bytes_of(key)).hexdigest()[:16]


def _key_bytes_of(key: Secret) -> bytes:
    return base64.b64decode(key.reveal())
