"""Stores role credentials in the runtime folder, with one folder for each role.

`<runtime>/credentials/<session>/<account>/<role>/` holds two files: `cached.json`, which this
module reads, and `response`, the published response, which the launcher prints without starting
Python (fastpath/published.py). `save` and `publish` are two calls, because a guarded role's
credentials are cached but never published. The session's folder also holds the stamps, files that
show whether the session's published responses are still valid (stores/session_stamp.py).
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ssohelper.core.model import ACCOUNT_ID, CHAIN_MARK, CachedCredentials, RoleKey, SsoSession
from ssohelper.core.schema import credential_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.fastpath import folders, published
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.stores.codecs import Codec, PlainCodec, Unreadable
from ssohelper.stores.settings_stamp import SettingsStamp

_log = logging.getLogger(__name__)
CACHED = "cached.json"


class CredentialCache:
    """Loads saved role credentials, and deletes them. A damaged file counts as missing.

    `CredentialWriter` writes them.
    """

    def __init__(
        self, runtime: Path, stamp: SettingsStamp | None = None, codec: Codec | None = None
    ) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)
        self._stamp = stamp
        self._codec = codec or PlainCodec()

    def load(self, key: RoleKey, session: SsoSession) -> CachedCredentials | None:
        """Return the role's cached credentials, expired or not; None if there are none.

        Credentials from another start URL or region than the session's count as missing.
        Raises: KeyringUnavailable.
        """
        path = self._folder(key) / CACHED
        found = self._read_document(key)
        if found is None:
            return None
        if (found.get("start_url"), found.get("region")) != (session.start_url, session.region):
            return None
        return _parse_cached_credentials(found, path)

    def load_expiry_of_published_response(self, key: RoleKey) -> int:
        """Return when the role's published response expires (epoch seconds); 0 if there is none.

        A response that is malformed, or was written under other settings or before the clock was
        set back, counts as missing.
        """
        found = self._read_published_response(key)
        if found is None or not published.is_response_still_valid(*found[1:]):
            return 0
        return int(found[1].st_mtime)

    def load_published_document(self, key: RoleKey) -> bytes | None:
        """Return the JSON in the role's published response, even if the response has expired.

        Returns None for a response that is malformed, or was written under other settings or before
        the machine's last start.
        """
        found = self._read_published_response(key)
        if found is None or not published.was_response_written_since_boot(*found[1:]):
            return None
        return found[0]

    def _read_published_response(self, key: RoleKey) -> tuple[bytes, os.stat_result, bytes] | None:
        if self._stamp and self._stamp.may_responses_be_of_other_settings():
            return None
        path = self._response_file(key)
        opened = self._cache.read_with_status(path)
        if opened is None:
            return None
        content, found = opened
        document, validity = published.split_document_and_validity(content)
        if not published.is_credentials_document(document):
            _log.info('"%s" holds no JSON document: counted as missing', path)
            return None
        return document, found, validity

    def delete_published_response(self, key: RoleKey) -> None:
        """Delete the role's published response; the cached credentials stay."""
        self._cache.remove(self._response_file(key))

    def delete_published_responses_of_session(self, session_name: str) -> None:
        """Delete the responses published for the session's roles; keep their cached credentials."""
        for key in self._list_role_keys(files.session_file_name(session_name)):
            self.delete_published_response(key)

    def delete_all_published_responses(self) -> None:
        """Delete the published responses of all sessions; the cached credentials stay."""
        for session_name in self.list_session_names():
            self.delete_published_responses_of_session(session_name)

    def remove_credentials_of_role(self, key: RoleKey) -> None:
        """Remove the role's folder, with its cached credentials and published response.

        If the role is not a chain, the folders of the chains that start from it are removed too.
        """
        folder = self._folder(key)
        self._cache.remove(folder)
        if not key.chain:
            for name in files.list_names_in_folder(folder.parent):
                if name.startswith(f"{key.role_name}{CHAIN_MARK}"):
                    self._cache.remove(folder.parent / name)

    def remove_credentials_of_session(self, session_name: str) -> int:
        """Remove the session's folder of credentials; return how many role files it had."""
        folder = self._session_folder(files.session_file_name(session_name))
        removed = sum(
            self._cache.remove(folder / account) for account in _list_account_folders(folder)
        )
        self._cache.remove(folder)
        return removed

    def list_cached_credentials(self) -> list[tuple[RoleKey, CachedCredentials]]:
        """Return all cached credentials that can be read, sorted by role key.

        Raises: KeyringUnavailable.
        """
        found = []
        for session_name in self.list_session_names():
            for key in self._list_role_keys(session_name):
                path = self._folder(key) / CACHED
                document = self._read_document(key)
                cached = _parse_cached_credentials(document, path) if document else None
                if cached:
                    found.append((key, cached))
        return found

    def cached_credentials_path(self, key: RoleKey) -> str:
        """Return the path of the role's cached credentials."""
        return str(self._folder(key) / CACHED)

    def list_session_names(self) -> list[str]:
        """Return the names of the sessions that have a folder of credentials."""
        return files.list_names_in_folder(self._runtime / "credentials")

    def _read_document(self, key: RoleKey) -> dict[str, Any] | None:
        path = self._folder(key) / CACHED
        found = self._cache.read_json(path)
        try:
            document = (
                None
                if found is None
                else self._codec.decode(found, encryption_context_of_role(key))
            )
        except Unreadable as cause:
            _log.info('"%s" counts as missing: %s', path, cause)
            return None
        return (
            document
            if document is not None and _is_document_with_credentials_of(document, key)
            else None
        )

    def _list_role_keys(self, session_name: str) -> Iterator[RoleKey]:
        folder = self._session_folder(session_name)
        for account_id in _list_account_folders(folder):
            for role_name in files.list_names_in_folder(folder / account_id):
                yield RoleKey.of_parts(session_name, account_id, role_name)

    def _session_folder(self, session_name: str) -> Path:
        return Path(folders.session_folder(str(self._runtime), session_name))

    def _folder(self, key: RoleKey) -> Path:
        return Path(folders.role_folder(str(self._runtime), *files.role_folder_names(key)))

    def _response_file(self, key: RoleKey) -> Path:
        return Path(
            folders.published_response_path(str(self._runtime), *files.role_folder_names(key))
        )


def encryption_context_of_role(key: RoleKey) -> str:
    """Return the text that binds encrypted credentials to their role."""
    return f"credentials {key.session_name} {key.account_id} {key.role_name}"


def _list_account_folders(folder: Path) -> list[str]:
    # The session's folder also holds links into folders of the AWS CLI, where we remove nothing.
    return [name for name in files.list_names_in_folder(folder) if ACCOUNT_ID.fullmatch(name)]


def _is_document_with_credentials_of(found: dict[str, Any], key: RoleKey) -> bool:
    # The document's path is not enough to tell its role: a file system may take "Admin" and "admin"
    # for the same name.
    return all(found.get(name, "") == value for name, value in key._asdict().items())


def _parse_cached_credentials(found: dict[str, Any], path: Path) -> CachedCredentials | None:
    try:
        return schema.parse_cached_credentials(found)
    except Damaged as damage:
        files.report_damaged_file(path, damage)
        return None
