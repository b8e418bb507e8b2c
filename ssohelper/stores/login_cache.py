"""Reads when the credentials of `aws login` end, from the cache of the AWS CLI. Writes nothing.

Source: botocore's LoginProvider. `~/.aws/login/cache/SHA256.json`, where the hash is that of the
profile's `login_session`; AWS_LOGIN_CACHE_DIRECTORY names another folder.
"""

from hashlib import sha256
from pathlib import Path

from ssohelper.core.instants import from_iso
from ssohelper.errors import LocalState
from ssohelper.stores import files


class LoginCache:
    """Reads the cache of `aws login`. A damaged or half-written file counts as missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_credentials_end(self, login_session: str) -> int | None:
        """Return when the session's credentials end (epoch seconds); None if that is not known."""
        name = sha256(login_session.strip().encode()).hexdigest()
        try:
            # The file is another tool's: its mode is not changed.
            content = files.read_own_file(self._folder / f"{name}.json", tighten=False)
        except LocalState:
            return None
        found = (files.parse_json_object(content) if content is not None else None) or {}
        token = found.get("accessToken")
        text = token.get("expiresAt") if isinstance(token, dict) else None
        return from_iso(text) if isinstance(text, str) else None
