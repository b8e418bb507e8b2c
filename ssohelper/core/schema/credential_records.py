"""Reads and writes role credentials in the formats of AWS, of the cache and of SDKs."""

import json
import re
from typing import Any

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import CachedCredentials, RoleCredentials, Secret
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import Check, Damaged
from ssohelper.core.text import to_json
from ssohelper.errors import LocalState

# Role credentials are valid for 12 h at most. The slack is needed because AWS's Date header, which
# gives the moment of receipt, has whole seconds and is older than the answer's arrival.
_LONGEST_LIFE_SECONDS = 12 * 3600
_SLACK_SECONDS = 300
_KEY_ID = fields.matching(re.compile(r"[A-Za-z0-9_]{16,128}"))  # IAM's accessKeyIdType
# Credentials without a valid token id may belong to another sign-in, so they are renewed before
# use.
_ID = fields.valid_or_none(fields.matching(re.compile(r"[0-9a-f]{16}")))

_OF_PORTAL: dict[str, Check] = {
    "accessKeyId": _KEY_ID,
    "secretAccessKey": fields.secret,
    "sessionToken": fields.secret,
    "expiration": fields.instant_from_millis,
}
_OF_STS: dict[str, Check] = {
    "AccessKeyId": _KEY_ID,
    "SecretAccessKey": fields.secret,
    "SessionToken": fields.secret,
    "Expiration": fields.instant_from_text,
}
_OF_CACHE: dict[str, Check] = {
    "access_key_id": fields.checked_token,
    "secret_access_key": fields.secret,
    "session_token": fields.secret,
    "expires_at": fields.checked_instant,
    "received_at": fields.checked_instant,
    "token_id": _ID,
    "chain_id": _ID,
}


def credentials_from_portal(value: object) -> RoleCredentials:
    return RoleCredentials(
        *fields.read(fields.checked_object(value, "roleCredentials"), _OF_PORTAL)
    )


def credentials_from_sts(elements: dict[str, str | None]) -> RoleCredentials:
    return RoleCredentials(*fields.read(elements, _OF_STS))


def parse_cached_credentials(document: dict[str, Any]) -> CachedCredentials:
    """Return the credentials in a cache file. Does not check whose role and portal they are."""
    *keys, received_at, token_id, chain_id = fields.read(document, _OF_CACHE)
    cached = credentials_with_receipt(RoleCredentials(*keys), received_at, token_id or "")
    return cached._replace(chain_id=chain_id or "")


def credentials_with_receipt(
    credentials: RoleCredentials, received_at: int, token_id: str
) -> CachedCredentials:
    """Return the credentials with the moment, by AWS's clock, when they were received.

    Raises: Damaged for a lifetime that AWS does not give.
    """
    cached = CachedCredentials(credentials, received_at, token_id)
    if not 0 < cached.life_seconds <= _LONGEST_LIFE_SECONDS + _SLACK_SECONDS:
        raise Damaged("expiration")
    return cached


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
    found = json.loads(document)
    expires_at = from_iso(found["Expiration"])
    if expires_at is None:
        raise LocalState("the broker answered with credentials that have no expiration")
    secrets = Secret(found["SecretAccessKey"]), Secret(found["SessionToken"])
    return RoleCredentials(found["AccessKeyId"], *secrets, expires_at)
