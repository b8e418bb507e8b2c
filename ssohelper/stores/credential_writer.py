"""Writes to the credential cache. Only the vault uses this module (an import rule checks that)."""

import time

from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from ssohelper.core.policy import PublishPermit
from ssohelper.fastpath import published
from ssohelper.stores import files
from ssohelper.stores.credential_cache import CACHED, CredentialCache, encryption_context


class CredentialWriter(CredentialCache):
    """Writes role credentials to the cache, and publishes responses."""

    def save(self, key: RoleKey, session: SsoSession, cached: CachedCredentials) -> None:
        credentials = cached.credentials
        document = {
            **{name: value for name, value in key._asdict().items() if value},
            "start_url": session.start_url,
            "region": session.region,
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key.reveal(),
            "session_token": credentials.session_token.reveal(),
            "expires_at": credentials.expires_at,
            "received_at": cached.received_at,
            "token_id": cached.token_id,
            "chain_id": cached.chain_id,
        }
        encoded = self._get_codec().encode(document, encryption_context(key))
        self._cache.write_json(self._folder(key) / CACHED, encoded)

    def publish(
        self, permit: PublishPermit, document: bytes, valid_until: int, now: int | None = None
    ) -> None:
        """Write the role's published response, which the launcher prints until `valid_until`.

        `valid_until` is by this machine's clock. The response's second line also has it in uptime,
        which a change of the clock does not affect. Writes nothing if the settings have changed
        since this process read them. Raises: LocalState.
        """
        # Few other calls write to these two folders, and a write removes old temporary files only
        # in its own folder.
        for folder in (self._runtime, self._response_file(permit.key).parents[2]):
            files.sweep_folder_once(str(folder))
        if self._stamp and not self._stamp.prepare_publishing(self.delete_all_responses):
            return
        now = int(time.time()) if now is None else now
        content = published.join_document_and_validity(document, valid_until - now)
        self._cache.write(self._response_file(permit.key), content, mtime_ns=valid_until * 10**9)
