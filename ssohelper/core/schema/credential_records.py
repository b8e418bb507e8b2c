"""Reads and writes role credentials in the formats of AWS, of the cache and of SDKs."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import CachedCredentials, RoleCredentials, Secret
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import to_json
from ssohelper.errors import LocalState

# Role credentials are valid for 12 h at most. The slack is needed because the moment of receipt is
# taken from AWS's Date header, which has whole seconds and is older than the answer's arrival.
_LONGEST_LIFE_SECONDS = 12 * 3600
_SLACK_SECONDS = 300
# The form of an access key id (IAM's accessKeyIdType).
_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_TOKEN_ID = re.compile(r"[0-9a-f]{16}")


def credentials_from_portal(value: object) -> RoleCredentials:
    """Return the credentials in the `roleCredentials` of a GetRoleCredentials answer."""
    names = "accessKeyId", "secretAccessKey", "sessionToken", "expiration"
    found = fields.checked_object(value, "roleCredentials")
    return _parse(found, names, _checked_key_id, fields.instant_from_millis)


def credentials_from_sts(elements: dict[str, str | None]) -> RoleCredentials:
    """Return the credentials in an AssumeRole answer of STS; `elements` are the texts of its XML."""
    names = "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"
    return _parse(elements, names, _checked_key_id, fields.instant_from_text)


def parse_cached_credentials(document: dict[str, Any]) -> CachedCredentials:
    """Return the credentials in a cache file, whose role and portal the store has to check."""
    names = "access_key_id", "secret_access_key", "session_token", "expires_at"
    credentials = _parse(document, names, fields.checked_token, fields.checked_instant)
    received_at = fields.checked_instant(document.get("received_at"), "received_at")
    # Credentials without a valid token id may be of another sign-in: they are renewed before use.
    token_id, chain_id = (
        fields.checked_or_none(_checked_token_id, document.get(name) or None, name) or ""
        for name in ("token_id", "chain_id")
    )
    cached = credentials_with_receipt(credentials, received_at, token_id)
    return cached._replace(chain_id=chain_id)


def _parse(
    found: Mapping[str, Any],
    names: tuple[str, str, str, str],
    check_key_id: Callable[[object, str], str],
    check_instant: Callable[[object, str], int],
) -> RoleCredentials:
    key_id, secret, token, end = names
    return RoleCredentials(
        check_key_id(found.get(key_id), key_id),
        Secret(fields.checked_token(found.get(secret), secret)),
        Secret(fields.checked_token(found.get(token), token)),
        check_instant(found.get(end), end),
    )


def _checked_key_id(value: object, field: str) -> str:
    return fields.checked_match(value, field, _ACCESS_KEY_ID)


def credentials_with_receipt(
    credentials: RoleCredentials, received_at: int, token_id: str
) -> CachedCredentials:
    """Return the credentials with the moment of their receipt, by AWS's clock.

    Raises: Damaged if they had expired at that moment, or are valid for longer than AWS allows.
    """
    cached = CachedCredentials(credentials, received_at, token_id)
    if not 0 < cached.life_seconds <= _LONGEST_LIFE_SECONDS + _SLACK_SECONDS:
        raise Damaged("expiration")
    return cached


def _checked_token_id(value: object, field: str) -> str:
    return fields.checked_match(value, field, _TOKEN_ID)


def credential_document(credentials: RoleCredentials, account_id: str) -> bytes:
    """Return the credential-process document: a line of JSON with secrets, for stdout only."""
    answer = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token.reveal(),
        "Expiration": to_iso(credentials.expires_at),
        "AccountId": account_id,
    }
    return to_json(answer).encode() + b"\n"


def parse_credential_document(document: bytes) -> RoleCredentials:
    """Return the credentials in a credential-process document (JSON) that ssohelper made."""
    found = json.loads(document)
    expires_at = from_iso(found["Expiration"])
    if expires_at is None:
        raise LocalState("the broker answered with credentials that have no expiration")
    return RoleCredentials(
        found["AccessKeyId"],
        Secret(found["SecretAccessKey"]),
        Secret(found["SessionToken"]),
        expires_at,
    )
