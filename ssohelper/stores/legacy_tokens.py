"""Reads and writes token files without an sso-session: of legacy profiles, of `aws login`.

A legacy profile has an `sso_start_url` of its own. The AWS CLI and the SDKs look for its token in a
file named by the hash of the start URL's raw text, so that each spelling of a URL has its own file.
We write no refresh token to such a file, since AWS accepts a refresh token only once, and the
session's token file has the same one.

The files of `aws login` are only read. Source: botocore's LoginProvider. Such a file is
`~/.aws/login/cache/SHA256.json`, named by the hash of the profile's `login_session`;
AWS_LOGIN_CACHE_DIRECTORY names another folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import AccessToken
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.token_documents import sha1_file_name

_NAME = re.compile(r"[0-9a-f]{40}\.json")


class LegacyTokens:
    """Reads, writes and removes token files of profiles without an sso-session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, start_url: str) -> AccessToken | None:
        """Return the token for this spelling of a URL, expired or not; None if no file is usable.

        Raises: LocalState for a link, a FIFO, another user's file.
        """
        return _load(self.path_of_url(start_url))

    def has_token_file(self, start_url: str) -> bool:
        """Return whether a file, even a damaged one, exists for this spelling of a URL."""
        return os.path.lexists(self.path_of_url(start_url))

    def save(self, start_url: str, region: str, token: AccessToken) -> None:
        """Write the token for this spelling of a URL. Raises: LocalState."""
        document = {
            "startUrl": start_url,
            "region": region,
            "accessToken": token.value.reveal(),
            "expiresAt": to_iso(token.expires_at),
        }
        files.ensure_folder(self._folder)
        files.write_json(self.path_of_url(start_url), document)

    def list_files_with_tokens(self, token_ids: Collection[str], own_file: str) -> Iterator[str]:
        """Yield the paths of token files that have a token of these ids and no refresh token.

        The session's own token file, `own_file`, is left out. Files for spellings of a URL that the
        config no longer has are included.
        """
        for name in files.list_names_in_folder(self._folder):
            path = self._folder / name
            if not _NAME.fullmatch(name) or os.fspath(path) == own_file:
                continue
            try:
                token = _load(path)
            except LocalState:
                continue
            if token is not None and token.refresh_token is None and token.id in token_ids:
                yield os.fspath(path)

    def remove_files_with_tokens(self, token_ids: Collection[str], own_file: str) -> None:
        """Remove the files that `list_files_with_tokens` yields. Raises: LocalState."""
        for path in list(self.list_files_with_tokens(token_ids, own_file)):
            files.remove_file(path)

    def path_of_url(self, start_url: str) -> str:
        """Return the path of the token file for this spelling of a URL."""
        return os.fspath(self._folder / f"{sha1_file_name(start_url)}.json")


def _load(path: Path | str) -> AccessToken | None:
    found = files.read_json(path)
    try:
        return None if found is None else schema.parse_token(found)
    except Damaged:
        return None


class LoginCache:
    """Reads the cache of `aws login`. A damaged or half-written file counts as missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_credentials_expiry(self, login_session: str) -> int | None:
        """Return when credentials of `aws login` expire (epoch seconds); None if unknown."""
        name = sha256(login_session.strip().encode()).hexdigest()
        try:
            # The AWS CLI wrote the file: its mode is not changed.
            content = files.read_own_file(self._folder / f"{name}.json", tighten=False)
        except LocalState:
            return None
        found = (files.parse_json_object(content) if content is not None else None) or {}
        token = found.get("accessToken")
        text = token.get("expiresAt") if isinstance(token, dict) else None
        return from_iso(text) if isinstance(text, str) else None
