"""The record of which server issued a token, as a sign-in of ours writes it.

Tests that write a token file by themselves note it too: a token without a record is one of another
tool.
"""

import hashlib
import json
from pathlib import Path


def record_issuer(
    home: Path, name: str, access_token: str, issuer: str = "loopback", *, state: Path | None = None
) -> None:
    """Note in the session's facts, which stay otherwise, that this token is ours."""
    state = state or home / ".local" / "state" / "ssohelper"
    path = state / "sign-ins" / f"{name}.json"
    for folder in (home / ".local", home / ".local" / "state", state, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        facts = json.loads(path.read_text())
    except (OSError, ValueError):
        facts = {}
    token_id = hashlib.sha256(access_token.encode()).hexdigest()[:16]
    path.write_text(json.dumps({**facts, "token_ids": [token_id], "issuer": issuer}))
    path.chmod(0o600)
