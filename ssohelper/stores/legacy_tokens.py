"""The token files of profiles that have `sso_start_url` themselves, without an sso-session.

The AWS CLI and the SDKs look for such a token under the hash of the start URL's raw text, so that
each spelling of a URL has a file of its own.
"""

from __future__ import annotations

from pathlib import Path

from ssohelper.core.model import AccessToken
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.stores import files
from ssohelper.stores.token_documents import sha1


class LegacyTokens:
    """Reads these files in the folder of the AWS CLI's tokens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, start_url: str) -> AccessToken | None:
        """Return the token for this spelling of a URL, expired or not; None without a usable file."""
        found = files.read_json(self._file(start_url))
        try:
            return None if found is None else schema.token(found)
        except Damaged:
            return None

    def _file(self, start_url: str) -> Path:
        return self._folder / f"{sha1(start_url)}.json"
