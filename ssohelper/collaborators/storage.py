"""Chooses where tokens, client registrations and cached credentials are stored, and moves them.

`storage = "file"` keeps them where AWS's tools read them. `"keyring"` encrypts them with a key in
the desktop's keyring; only `config set storage file` ends it (`stores.protections`). Another process
may move the sign-ins at any time: each use looks up the present storage. A move holds the token's and
the state's lock of each session, as does each process that writes a token. Its record is written
after the sign-ins are copied and before the old copies are removed.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.errors import ConfigInvalid, KeyringUnavailable
from ssohelper.stores.codecs import FILE, KEYRING, Codec, PlainCodec
from ssohelper.stores.credential_cache import CredentialCache
from ssohelper.stores.files import is_folder_in_memory
from ssohelper.stores.protections import UsedStorage
from ssohelper.stores.token_cache import TokenFiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssohelper.collaborators.stores import Stores
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.model import SsoSession
    from ssohelper.stores.legacy_tokens import LegacyTokens
    from ssohelper.system.os_keyring import OsKeyring

# For another process that moves the sign-ins, or for a token renewal.
_LOCK_SECONDS = 8.0


class Storage:
    # Of an earlier call, whose keyring this one uses: it is asked once for all calls.
    earlier: Storage | None = None

    def __init__(self, stores: Stores) -> None:
        self._app = stores
        self._stores: dict[str, TokenFiles] = {}

    def apply_setting(self) -> str:
        """Return the storage to use. Moves sign-ins into the keyring if the settings say so.

        An environment variable selects the storage for one shell, and moves no sign-ins.
        Raises: ConfigInvalid if it asks for files instead of the keyring; KeyringUnavailable,
        LockNotObtained, LocalState.
        """
        used = self._app.protections.load_storage()
        try:
            settings = self._app.settings
            if used.storage != settings.get("storage") == KEYRING:
                # `config set storage file` may have run since this process read the settings.
                settings = self._app.read_settings()
        except ConfigInvalid:
            return used.storage  # code that needs the settings reports the error
        wanted = str(settings.get("storage"))
        is_of_this_shell = settings.origin("storage") == "environment"
        if is_of_this_shell and wanted == FILE and used.storage == KEYRING:
            raise ConfigInvalid(
                "SSOHELPER_STORAGE is file, but the sign-ins are in the keyring",
                hint="unset SSOHELPER_STORAGE, or on a terminal: ssohelper config set storage file",
            )
        if is_of_this_shell:
            return wanted
        if used not in (UsedStorage(wanted), UsedStorage(KEYRING)):
            self.move_sign_ins(wanted)
        return KEYRING if used.storage == KEYRING else wanted

    def get_codec(self) -> Codec:
        """Return the present storage's codec."""
        return self._codec_of_storage(self.apply_setting())

    @property
    def tokens(self) -> TokenFiles:
        """The token store of the present storage. Raises: the errors of `apply_setting`."""
        return self.get_token_store(self.apply_setting())

    @property
    def other_tokens(self) -> TokenFiles:
        return self.get_token_store(FILE if self.apply_setting() == KEYRING else KEYRING)

    def find_clear_files(self, sessions: Iterable[SsoSession]) -> list[str]:
        """Return the paths of these sessions' tokens in clear, while the keyring is in use."""
        if self.apply_setting() == FILE:
            return []
        found = [file for one in sessions for file in self.get_token_store(FILE).list_files(one)]
        return [path for path, content in found if content == "token"]

    @cached_property
    def legacy_tokens(self) -> LegacyTokens:
        from ssohelper.stores.legacy_tokens import LegacyTokens

        return LegacyTokens(self._app.locations.token_folder)

    @property
    def may_publish(self) -> bool:
        """Whether credentials in clear may be published: with keyring storage, only in memory."""
        return self.apply_setting() == FILE or is_folder_in_memory(
            os.fspath(self._app.locations.runtime_folder)
        )

    @cached_property
    def keyring(self) -> OsKeyring:
        if self.earlier is not None:
            return self.earlier.keyring
        from ssohelper.system.os_keyring import OsKeyring

        folder = self._app.locations.token_folder
        return OsKeyring(
            os.path.realpath(folder),
            os.fspath(folder / ".ssohelper-keyring.lock"),
            self._app.environ,
            is_required=lambda: self._app.company_policy.storage == KEYRING,
        )

    def find_present_storage(self) -> str:
        """Return the storage that has the sign-ins, whatever the settings say."""
        return self._app.protections.load_storage().storage

    def move_sign_ins(self, wanted: str, *, is_confirmed: bool = False) -> list[str]:
        """Move each session's token and client registration; remove cached role credentials.

        Returns the sessions whose sign-in could not be read and was dropped. Sign-ins leave the keyring
        only if `is_confirmed`.
        """
        deadline = self._app.clock.deadline(_LOCK_SECONDS)
        lost = list[str]()
        with self._app.protections.lock_storage(deadline):
            record = self._app.protections.load_storage()
            if record.leftover is not None:
                self._remove_old_sign_ins(record)
            if record.storage != wanted and (is_confirmed or wanted == KEYRING):
                lost = self._copy_sign_ins(record.storage, wanted, deadline)
                self._remove_old_sign_ins(UsedStorage(wanted, record.storage))
        return lost

    # -- the steps of moving sign-ins between storages -----------------------------------------

    def _copy_sign_ins(self, before: str, wanted: str, deadline: Deadline) -> list[str]:
        old, new = self.get_token_store(before), self.get_token_store(wanted)
        lost = list[str]()
        sessions = sorted(self._list_sessions(old))
        with ExitStack() as locks:
            # Held until the record is written: a renewal in between would write its token to the
            # old store.
            for session in sessions:
                locks.enter_context(old.lock_token(session, deadline))
                locks.enter_context(old.lock_state(session.sign_in_name, deadline))
            for session in sessions:
                was_there = old.read_token_file_fingerprint(session) != ""
                try:
                    documents = old.export_documents(session)
                except KeyringUnavailable:
                    documents = [None, None]
                if was_there and documents[0] is None and not session.is_further:
                    lost.append(session.name)
                if any(documents):
                    self._codec_of_storage(wanted).ensure_key()
                    new.import_documents(session, documents)
            self._app.protections.save_storage(UsedStorage(wanted, before))
        return lost

    def _remove_old_sign_ins(self, record: UsedStorage) -> None:
        old = self.get_token_store(str(record.leftover))
        for session in self._list_sessions(old):
            if record.leftover == FILE:
                self._forget_legacy_token(old, session)
            old.forget(session)
        credentials = CredentialCache(self._app.locations.runtime_folder)
        for name in credentials.list_session_names():
            credentials.remove_session(name)
        if record.leftover == KEYRING:
            try:
                self.keyring.delete()
            except KeyringUnavailable as failure:
                self._app.warn(f"ssohelper's key stays in the keyring: {failure.message}")
        self._app.protections.save_storage(UsedStorage(record.storage))

    def _forget_legacy_token(self, old: TokenFiles, session: SsoSession) -> None:
        self.legacy_tokens.remove_files_with_tokens(
            old.load_token_ids(session), old.token_file(session)
        )

    def _list_sessions(self, store: TokenFiles) -> list[SsoSession]:
        listed = self._app.config.read().sso_sessions()
        sessions = [*listed]
        # Two sessions with one name share a token, even if their portals differ.
        names = {session.name for session in listed}
        sessions += [one for one in store.find_unlisted_sessions(listed) if one.name not in names]
        return [
            one
            for session in sessions
            for one in (session, *store.list_further_portal_sessions(session))
        ]

    # -- the token store and the codec of each storage ------------------------------------------

    def get_token_store(self, name: str) -> TokenFiles:
        if name not in self._stores:
            locations = self._app.locations
            self._stores[name] = TokenFiles(
                locations.token_folder,
                state=locations.state_folder,
                runtime=locations.runtime_folder,
                warn=self._app.warn,
                codec=self._codec_of_storage(name),
            )
        return self._stores[name]

    def _codec_of_storage(self, name: str) -> Codec:
        return self._encrypting_codec if name == KEYRING else _PLAIN

    @cached_property
    def _encrypting_codec(self) -> Codec:
        from ssohelper.stores.sealed_codec import SealedCodec

        return SealedCodec(self.keyring)


_PLAIN = PlainCodec()
