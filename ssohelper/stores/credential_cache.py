"""Stores role credentials in the runtime folder, with one folder for each role.

`<runtime>/credentials/<session>/<account>/<role>/` holds `cached.json` and, unless the role is
guarded, `response`, which the launcher prints (fastpath/published.py).
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ssohelper.core.model import ACCOUNT_ID, CHAIN_MARK, CachedCredentials, RoleKey, SsoSession
from ssohelper.core.schema import credential_records as schema
from ssohelper.fastpath import folders, published
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.stores.codecs import Codec, Unreadable
from ssohelper.stores.stamps import SettingsStamp

_log = logging.getLogger(__name__)
CACHED = "cached.json"


class CredentialCache:
    """Loads and deletes saved role credentials. A damaged file counts as missing."""

    def __init__(
        self,
        runtime: Path,
        stamp: SettingsStamp | None = None,
        get_codec: Callable[[], Codec] = Codec,
    ) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)
        self._stamp = stamp
        self._get_codec = get_codec

    def load(self, key: RoleKey, session: SsoSession) -> CachedCredentials | None:
        """Return the credentials, even if expired, if this start URL and region issued them.

        Raises: KeyringUnavailable.
        """
        found, portal = self._read_document(key), (session.start_url, session.region)
        if found is None or (found.get("start_url"), found.get("region")) != portal:
            return None
        return self._parse(key, found)

    def load_response_expiry(self, key: RoleKey) -> int:
        """Return when the role's published response expires; 0 without a usable one."""
        found = self._read_response(key, is_end_checked=True)
        return int(found[1].st_mtime) if found else 0

    def load_published_document(self, key: RoleKey) -> bytes | None:
        """Return the JSON in the role's published response, even if that has expired."""
        found = self._read_response(key, is_end_checked=False)
        return found[0] if found else None

    def _read_response(
        self, key: RoleKey, *, is_end_checked: bool
    ) -> tuple[bytes, os.stat_result] | None:
        if self._stamp and self._stamp.is_stale:
            return None
        opened = self._cache.read_with_status(self._response_file(key))
        if opened is None:
            return None
        document, validity = published.split_document_and_validity(opened[0])
        if not published.is_credentials_document(document):
            _log.info('"%s" holds no JSON document: counted as missing', self._response_file(key))
            return None
        status = opened[1]
        is_valid = published.is_response_valid(status, validity, is_end_checked=is_end_checked)
        return (document, status) if is_valid else None

    def delete_response(self, key: RoleKey) -> None:
        self._cache.remove(self._response_file(key))

    def delete_session_responses(self, session_name: str) -> None:
        for key in self._list_role_keys(session_name):
            self.delete_response(key)

    def delete_all_responses(self) -> None:
        for session_name in self.list_session_names():
            self.delete_session_responses(session_name)

    def remove_role(self, key: RoleKey) -> None:
        """Remove all files of the role, and of the chains that start from the role."""
        folder = self._folder(key)
        self._cache.remove(folder)
        if not key.chain:
            for name in files.list_names_in_folder(folder.parent):
                if name.startswith(f"{key.role_name}{CHAIN_MARK}"):
                    self._cache.remove(folder.parent / name)

    def remove_session(self, session_name: str) -> int:
        """Remove the session's credentials; return the number of files."""
        folder = self._session_folder(files.session_file_name(session_name))
        # The folder also has stamps, and links into the AWS CLI's folders.
        accounts = filter(ACCOUNT_ID.fullmatch, files.list_names_in_folder(folder))
        removed = sum(self._cache.remove(folder / account) for account in accounts)
        self._cache.remove(folder)
        return removed

    def list_cached_credentials(self) -> list[tuple[RoleKey, CachedCredentials]]:
        """Return all readable credentials, sorted by role key. Raises: KeyringUnavailable."""
        keys = [key for name in self.list_session_names() for key in self._list_role_keys(name)]
        documents = [(key, self._read_document(key)) for key in keys]
        found = [(key, self._parse(key, document)) for key, document in documents if document]
        return [(key, cached) for key, cached in found if cached]

    def cached_credentials_path(self, key: RoleKey) -> str:
        return str(self._folder(key) / CACHED)

    def list_session_names(self) -> list[str]:
        return files.list_names_in_folder(self._runtime / "credentials")

    def _read_document(self, key: RoleKey) -> dict[str, Any] | None:
        path = self._folder(key) / CACHED
        found = self._cache.read_record(path, dict)
        if found is None:
            return None
        try:
            document = self._get_codec().decode(found, encryption_context(key))
        except Unreadable as cause:
            files.report_damaged_file(path, cause)
            return None
        # On some file systems "Admin" and "admin" are the same name.
        is_of_role = all(document.get(name, "") == value for name, value in key._asdict().items())
        return document if is_of_role else None

    def _parse(self, key: RoleKey, document: dict[str, Any]) -> CachedCredentials | None:
        path = self._folder(key) / CACHED
        return files.parse_record(path, document, schema.parse_cached_credentials)

    def _list_role_keys(self, session_name: str) -> list[RoleKey]:
        folder = self._session_folder(files.session_file_name(session_name))
        return files.list_role_keys(folder, session_name)

    def _session_folder(self, session_name: str) -> Path:
        return Path(folders.session_folder(str(self._runtime), session_name))

    def _folder(self, key: RoleKey) -> Path:
        return Path(folders.role_folder(str(self._runtime), *files.role_folder_names(key)))

    def _response_file(self, key: RoleKey) -> Path:
        return Path(folders.response_path(str(self._runtime), *files.role_folder_names(key)))


def encryption_context(key: RoleKey) -> str:
    return f"credentials {key.session_name} {key.account_id} {key.role_name}"
