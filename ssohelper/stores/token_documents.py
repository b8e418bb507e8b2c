"""The content of token files in the AWS CLI's format, and what their names and times are made of."""

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from ssohelper.core.endpoints import is_region
from ssohelper.core.instants import to_iso
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.core.start_url import is_same_portal
from ssohelper.stores import files

# Ends the name of a registration file of a further portal.
CLIENT_MARK = "+client"


def token_context(session: SsoSession) -> str:
    """Return what an encrypted token is bound to: another session's does not open in its place."""
    return f"token {session.sign_in_name}"


def registration_context(session: SsoSession) -> str:
    """Return what an encrypted client registration is bound to."""
    return f"registration {session.sign_in_name}"


def choose_date(path: Path) -> int:
    """Return the modification time to give a token file that we write: 2 s ago, in whole seconds.

    So a later write of another tool gets another time, even if whole seconds are compared, and the
    session's stamp can be written at once (stores/session_stamp.py).
    """
    date = int(time.time()) - 2
    try:
        present = os.stat(path, follow_symlinks=False).st_mtime_ns // 10**9
    except OSError:
        return date
    return date + 1 if present == date else date


def is_of(found: dict[str, Any], session: SsoSession) -> bool:
    """Return whether the token is of the session's start URL and region."""
    # Start URL and region may be missing: some tools write neither, and the SDKs read neither.
    start_url, region = found.get("startUrl"), found.get("region")
    if region not in (None, session.region):
        return False
    if start_url is None:
        return True
    urls = (session.start_url, session.aws_url)
    return isinstance(start_url, str) and any(is_same_portal(start_url, url) for url in urls)


def document_of(present: dict[str, Any], session: SsoSession, token: AccessToken) -> dict[str, Any]:
    """Return the document of a token; keys of `present` that are not ours stay."""
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


def sha1(text: str) -> str:
    """Return the name under which the AWS CLI keeps a file, without its ending."""
    # sha1 names the file, it protects nothing: the AWS CLI and the SDKs read this very name.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def token_name(session: SsoSession) -> str:
    """Return the name of the token's file, without its ending: the AWS CLI's, unless it is ours."""
    name = files.session_file_name(session.sign_in_name)
    return name if session.is_further else sha1(name)


def registration_name(session: SsoSession) -> str:
    """Return the name of the client registration's file, without its ending."""
    name = files.session_file_name(session.sign_in_name)
    if session.is_further:
        return f"{name}{CLIENT_MARK}"
    # The AWS CLI's file name, made from its own arguments: both programs then use one client.
    named_by = {
        "tool": "botocore",
        "startUrl": session.start_url,
        "region": session.region,
        "scopes": list(session.scopes) or None,
        "session_name": name,
    }
    return sha1(json.dumps(named_by, sort_keys=True))


def list_regions(folder: Path, session_name: str, suffix: str) -> list[str]:
    """Return the regions of the further portals for which this folder has files of the session."""
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
