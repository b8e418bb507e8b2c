"""The credential-process document, which SDKs read. Pure."""

import json

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.text import to_json
from ssohelper.errors import LocalState


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
