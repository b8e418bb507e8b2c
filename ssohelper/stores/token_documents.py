"""Makes the content, names and modification times of token files in the AWS CLI's format."""

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from ssohelper.core.instants import to_iso
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.service_hosts import is_region
from ssohelper.stores import files

# The ending of the name of a further portal's registration file.
CLIENT_MARK = "+client"


def encryption_context_of_token(session: SsoSession) -> str:
    """Return the text that binds an encrypted token to its session; decryption needs it too."""
    return f"token {session.sign_in_name}"


def encryption_context_of_registration(session: SsoSession) -> str:
    """Return the text that binds an encrypted client registration to its session."""
    return f"registration {session.sign_in_name}"


def mtime_for_token_file(path: Path) -> int:
    """Return the modification time to give a token file that we write: 2 s ago, in whole seconds.

    So the file has another time after another tool's later write, even if whole seconds are
    compared, and the session's stamp can be written at once (stores/session_stamp.py).
    """
    date = int(time.time()) - 2
    try:
        present = os.stat(path, follow_symlinks=False).st_mtime_ns // 10**9
    except OSError:
        return date
    return date + 1 if present == date else date


def is_token_of(found: dict[str, Any], session: SsoSession) -> bool:
    # Start URL and region may be missing: some tools write neither, and the SDKs read neither.
    start_url, region = found.get("startUrl"), found.get("region")
    if region not in (None, session.region):
        return False
    if start_url is None:
        return True
    return isinstance(start_url, str) and is_portal_of(session, start_url)


def token_document_of(
    present: dict[str, Any], session: SsoSession, token: AccessToken
) -> dict[str, Any]:
    """Return the token file's new JSON object; keys of other tools in `present` stay."""
    ours = {
        "startUrl": session.start_url,
        "region": session.region,
        "accessToken": token.value.reveal(),
        "expiresAt": to_iso(token.expires_at),
    }
    if token.client:
        ours["clientId"] = token.client.client_id
        ours["clientSecret"] = token.client.client_secret.reveal()
        ours["registrationExpiresAt"] = to_iso(token.client.expires_at)
    if token.refresh_token:
        ours["refreshToken"] = token.refresh_token.reveal()
    return {**present, **ours}


def sha1_file_name(text: str) -> str:
    """Return the SHA-1 of the text in hex: the AWS CLI's name for a file, without its ending."""
    # SHA-1 only names the file here, and protects nothing: the AWS CLI and the SDKs read this very
    # name.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def token_file_stem(session: SsoSession) -> str:
    name = files.session_file_name(session.sign_in_name)
    return name if session.is_further else sha1_file_name(name)


def registration_file_stem(session: SsoSession) -> str:
    name = files.session_file_name(session.sign_in_name)
    if session.is_further:
        return f"{name}{CLIENT_MARK}"
    # The AWS CLI's file name, the hash of its registration's arguments: so both programs use one
    # client.
    named_by = {
        "tool": "botocore",
        "startUrl": session.start_url,
        "region": session.region,
        "scopes": list(session.scopes) or None,
        "session_name": name,
    }
    return sha1_file_name(json.dumps(named_by, sort_keys=True))


def list_further_regions(folder: Path, session_name: str, suffix: str) -> list[str]:
    """Return the regions of the session's further portals that have files in the folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    start, found = f"{session_name}@", set[str]()
    for name in names:
        if name.startswith(start) and name.endswith(suffix) and not name.startswith("."):
            region = name.removeprefix(start).removesuffix(suffix).removesuffix(CLIENT_MARK)
            if is_region(region):
                found.add(region)
    return sorted(found)
