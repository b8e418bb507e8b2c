"""Role credentials in the runtime folder: what we keep of an answer, and its ready document.

Kept answers are for us (`kept/<session>/<account>/<role>.json`), ready documents for the hit
path (`credentials/<session>/<account>/<role>`): printed as they are while their modification
time is ahead. Keeping and publishing are two calls: a guarded role is kept, never published.
"""

import logging
import os
import time
from pathlib import Path
from typing import Any

from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from ssohelper.core.schema import credentials as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState, NotOurs
from ssohelper.fastpath import folders, published
from ssohelper.stores import files, path_parts
from ssohelper.stores.settings_stamp import SettingsStamp

_log = logging.getLogger(__name__)


class CredentialCache:
    """Role credentials by session, account and role. A damaged file counts as missing."""

    def __init__(self, runtime: Path, stamp: SettingsStamp | None = None) -> None:
        self._runtime = runtime
        self._stamp = stamp

    def load(self, key: RoleKey, session: SsoSession) -> CachedCredentials | None:
        """Return what is kept, expired or not; None when it is of another start URL or region."""
        path = self._cached_file(key)
        found = files.read_json(path)
        if found is None or not _is_of(found, key):
            return None
        if (found.get("start_url"), found.get("region")) != (session.start_url, session.region):
            return None
        return _parse_cached(found, path)

    def save(self, key: RoleKey, session: SsoSession, cached: CachedCredentials) -> None:
        path = self._cached_file(key)
        self._make_folders(path)
        # Files that are written once, such as the settings' stamp, are written there.
        files.sweep_folder_once(str(self._runtime))
        credentials = cached.credentials
        document = {
            **key._asdict(),
            "start_url": session.start_url,
            "region": session.region,
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key.reveal(),
            "session_token": credentials.session_token.reveal(),
            "expires_at": credentials.expires_at,
            "received_at": cached.received_at,
            "token_id": cached.token_id,
        }
        files.write_json(path, document, durable=False)

    def publish(
        self, key: RoleKey, document: bytes, think_again_at: int, now: int | None = None
    ) -> None:
        """Put the ready document where the hit path prints it until `think_again_at`.

        Its span says the same in seconds of uptime, which no jump of the clock changes. Nothing is put
        there when the settings were changed since this process read them.
        """
        if self._stamp and not self._stamp.prepare(self._withdraw_all):
            return
        now = int(time.time()) if now is None else now
        up = published.read_uptime()
        if up is not None:
            span = self._span(key)
            self._make_folders(span)
            files.write_atomically(
                span, b"%d %d\n" % (up, max(0, up + think_again_at - now)), durable=False
            )
        path = self._ready_document(key)
        self._make_folders(path)
        files.write_atomically(path, document, mtime=think_again_at, durable=False)

    def load_published_until(self, key: RoleKey) -> int:
        """Return until when the ready document is printed as it is; 0 without one.

        One that was made under other settings or before the clock was set back counts as none,
        and so does a malformed one.
        Raises: NotOurs for what is no plain file of ours.
        """
        if self._stamp and self._stamp.is_due():
            return 0
        path = self._ready_document(key)
        try:
            content = files.read_own_file(path)
            found = os.lstat(path)
        except files.TooLarge:
            content = b""
        except NotOurs:
            raise
        except (LocalState, OSError):
            return 0
        if content is None:
            return 0
        if not published.is_document(content):
            _log.info('"%s" holds no document: counted as missing', path)
            return 0
        is_held = published.is_of_this_clock(found, os.fspath(self._span(key)))
        return int(found.st_mtime) if is_held else 0

    def withdraw(self, key: RoleKey) -> None:
        """Remove the ready document; what is kept stays."""
        files.remove(self._ready_document(key))

    def withdraw_session(self, session_name: str) -> None:
        """Remove the session's published responses; what is cached stays."""
        files.remove_tree(self._runtime / "credentials" / path_parts.session_part(session_name))

    def _withdraw_all(self) -> None:
        files.remove_tree(self._runtime / "credentials")

    def forget_role(self, key: RoleKey) -> None:
        self.withdraw(key)
        files.remove(self._cached_file(key))

    def forget_session(self, session_name: str) -> int:
        """Remove all of the session's role credentials; returns how many files went."""
        name = path_parts.session_part(session_name)
        removed = sum(
            files.remove_tree(self._runtime / branch / name) for branch in ("credentials", "kept")
        )
        # Only then what says when and under which sign-in those are good.
        for branch in ("spans", "sessions"):
            files.remove_tree(self._runtime / branch / name)
        return removed

    def list_entries(self) -> list[tuple[RoleKey, CachedCredentials]]:
        """Return what is kept, sorted by key; files that cannot be read are left out."""
        found = []
        for path in self._list_cached_files():
            try:
                document = files.read_json(path)
            except LocalState:
                continue
            key = RoleKey(path.parent.parent.name, path.parent.name, path.name[: -len(".json")])
            cached = _parse_cached(document, path) if document and _is_of(document, key) else None
            if cached:
                found.append((key, cached))
        return found

    def path_of(self, key: RoleKey) -> str:
        """Return the path of what is kept for this role."""
        return str(self._cached_file(key))

    def list_session_names(self) -> list[str]:
        """Return the sessions of which something is kept."""
        names = {
            name
            for branch in ("credentials", "kept")
            for name in files.list_names(self._runtime / branch)
        }
        return sorted(names)

    def _list_cached_files(self) -> list[Path]:
        base = self._runtime / "kept"
        return [
            base / session / account / name
            for session in files.list_names(base)
            for account in files.list_names(base / session)
            for name in files.list_names(base / session / account)
            if name.endswith(".json")
        ]

    def _make_folders(self, path: Path) -> None:
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(path.parent)

    def _cached_file(self, key: RoleKey) -> Path:
        session, account_id, role_name = path_parts.role_parts(key)
        return self._runtime / "kept" / session / account_id / f"{role_name}.json"

    def _ready_document(self, key: RoleKey) -> Path:
        return Path(folders.ready_document(str(self._runtime), *path_parts.role_parts(key)))

    def _span(self, key: RoleKey) -> Path:
        return Path(folders.span(str(self._runtime), *path_parts.role_parts(key)))


def _is_of(found: dict[str, Any], key: RoleKey) -> bool:
    # The path says it too, but not on file systems that fold upper and lower case.
    return all(found.get(name) == value for name, value in key._asdict().items())


def _parse_cached(found: dict[str, Any], path: Path) -> CachedCredentials | None:
    try:
        return schema.cached(found)
    except Damaged as damage:
        files.report_damage(path, damage)
        return None
