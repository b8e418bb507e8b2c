"""Reads the token files of legacy profiles (without an sso-session) and of `aws login`.

A file's name is the hash of the profile's own `sso_start_url`, as it is spelled; for `aws login`,
the hash of `login_session` (botocore's LoginProvider).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from ssohelper.core.instants import from_iso
from ssohelper.core.model import AccessToken
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.token_cache import sha1_file_name

_NAME = re.compile(r"[0-9a-f]{40}\.json")


class LegacyTokens:
    """Reads the token files of profiles and of `aws login`; removes those that ssohelper wrote."""

    def __init__(self, folder: Path, login_folder: Path) -> None:
        self._folder, self._login_folder = folder, login_folder

    def has_valid_token(self, start_url: str, now: int) -> bool:
        """Return whether the token for this spelling of a URL is valid."""
        found = _load(self._folder / f"{sha1_file_name(start_url)}.json") if start_url else None
        return found is not None and found.expires_at > now

    def remove_files_with_tokens(self, token_ids: Collection[str], own_file: str) -> None:
        """Remove the files that have a token of these ids and no refresh token.

        Earlier versions wrote such files for each spelling of a URL.
        """
        for name in files.list_names_in_folder(self._folder):
            path = self._folder / name
            if _NAME.fullmatch(name) and os.fspath(path) != own_file:
                token = _load(path)
                if token is not None and token.refresh_token is None and token.id in token_ids:
                    files.remove_file(path)

    def load_credentials_expiry(self, login_session: str) -> int | None:
        """Return when the sign-in of `aws login` ends; None if its file is damaged."""
        name = sha256(login_session.strip().encode()).hexdigest()
        try:
            # The AWS CLI wrote the file: its mode is not changed.
            content = files.read_own_file(self._login_folder / f"{name}.json", tighten=False)
        except LocalState:
            return None
        found = (files.parse_json_object(content) if content is not None else None) or {}
        token = found.get("accessToken")
        text = token.get("expiresAt") if isinstance(token, dict) else None
        return from_iso(text) if isinstance(text, str) else None


def _load(path: Path) -> AccessToken | None:
    try:
        found = files.read_json(path)
        return None if found is None else schema.parse_token(found)
    except (Damaged, LocalState):
        return None
