"""Creates the stores, each on first use. A heavy module is imported by the method that needs it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.errors import ConfigInvalid, KeyringUnavailable, LocalState, NotOurs
from ssohelper.fastpath import folders
from ssohelper.stores.codecs import FILE, KEYRING, Codec
from ssohelper.stores.files import is_folder_in_memory
from ssohelper.stores.protections import Protections, UsedStorage
from ssohelper.system.clock import Clock
from ssohelper.system.locations import Locations

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from ssohelper.core.company_policy import CompanyPolicy
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.grants import GrantContext
    from ssohelper.core.local_http import RequestHandler
    from ssohelper.core.model import Secret, SsoSession
    from ssohelper.settings import Settings
    from ssohelper.stores.child_files import ChildFiles
    from ssohelper.stores.choices_file import ChoicesStore
    from ssohelper.stores.clock_file import ClockFile
    from ssohelper.stores.config_store import ConfigStore
    from ssohelper.stores.credential_cache import CredentialCache
    from ssohelper.stores.directory_cache import DirectoryCache
    from ssohelper.stores.endpoint_files import EnvFile, PrivateFolder
    from ssohelper.stores.files import ExaminedFiles
    from ssohelper.stores.grant_files import GrantStore
    from ssohelper.stores.journal_file import Journal
    from ssohelper.stores.legacy_tokens import LegacyTokens
    from ssohelper.stores.name_index import NameIndexFile
    from ssohelper.stores.portals import AnsweringRegions
    from ssohelper.stores.prompt_state import PromptState
    from ssohelper.stores.settings_file import SettingsFile
    from ssohelper.stores.stamps import SessionStamp, SettingsStamp
    from ssohelper.stores.token_cache import TokenFiles
    from ssohelper.stores.usage_files import UsageStore
    from ssohelper.stores.user_file import UserFile
    from ssohelper.system.os_keyring import OsKeyring
    from ssohelper.wire.browser_pages import BrowserPages, SignInPages
    from ssohelper.wire.local_server import LocalServer


# How long to wait for a process that moves the sign-ins or renews a token.
_LOCK_SECONDS = 8.0


class Stores:
    """The clock, file locations and stores of one command. Nothing here sends a request to AWS."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.environ = dict(os.environ if environ is None else environ)
        self.clock = Clock(
            clock, monotonic, sleep, aws_clock=lambda: self._aws_clock, warn=self.warn
        )
        self.locations = Locations(self.environ)
        # A broker uses the machine's clock, so a call with another clock must not ask a broker.
        self.may_ask_broker = clock is time.time
        self._warn = warn
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)
            if self._warn:
                self._warn(message)

    @cached_property
    def settings(self) -> Settings:
        _ = self.settings_stamp  # records the file's modification time before the file is read
        return self.read_settings()

    def read_settings(self) -> Settings:
        from ssohelper.settings import LIMIT_BYTES, parse_settings
        from ssohelper.stores.user_file import read_user_file

        # The file names commands that we run, so a file that another user may write is refused.
        found = read_user_file(self.locations.settings_file, LIMIT_BYTES, only_trusted=True)
        settings = parse_settings(found.data, self.locations.settings_file, self.environ)
        settings = settings.with_policy(
            self.company_policy, str(self.locations.company_policy_file)
        )
        if folders.find_other_home_owner(str(self.locations.settings_file), self.environ) is None:
            return settings
        # We run no command that another user's settings file names, if we are root.
        return settings.without_commands()

    def forget_settings(self) -> None:
        self.__dict__.pop("settings", None)

    @cached_property
    def company_policy(self) -> CompanyPolicy:
        """Raises: ConfigInvalid."""
        from ssohelper.stores.company_policy_file import read_company_policy

        _ = self.settings_stamp  # records the file's modification time before the file is read
        return read_company_policy(self.locations.company_policy_file)

    @cached_property
    def settings_store(self) -> SettingsFile:
        from ssohelper.stores.settings_file import SettingsFile

        return SettingsFile(self.locations.settings_file, runtime=self.locations.runtime_folder)

    @cached_property
    def config(self) -> ConfigStore:
        from ssohelper.stores.config_store import ConfigStore

        where = self.locations
        return ConfigStore(*where.aws_files, state=where.state_folder, runtime=where.runtime_folder)

    @cached_property
    def choices(self) -> ChoicesStore:
        from ssohelper.stores.choices_file import ChoicesStore

        return ChoicesStore(self.locations.state_folder, self.locations.runtime_folder, self.warn)

    @cached_property
    def grants(self) -> GrantStore:
        from ssohelper.stores.grant_files import GrantStore

        return GrantStore(self.locations.runtime_folder, self.journal, self.find_grant_context)

    def find_grant_context(self) -> GrantContext:
        from ssohelper.system import terminal_session

        return terminal_session.find_grant_context(self.clock.now())

    @cached_property
    def protections(self) -> Protections:
        return Protections(self.locations.state_folder, self.locations.token_folder)

    @cached_property
    def settings_stamp(self) -> SettingsStamp:
        from ssohelper.stores.stamps import SettingsStamp

        where = self.locations
        return SettingsStamp(where.runtime_folder, where.settings_file, where.company_policy_file)

    @cached_property
    def answering_regions(self) -> AnsweringRegions:
        from ssohelper.stores.portals import AnsweringRegions

        return AnsweringRegions(self.locations.runtime_folder)

    @cached_property
    def prompt_state(self) -> PromptState:
        from ssohelper.stores.prompt_state import PromptState

        return PromptState(self.locations.runtime_folder)

    @cached_property
    def directory(self) -> DirectoryCache:
        from ssohelper.stores.directory_cache import DirectoryCache

        return DirectoryCache(self.locations.state_folder)

    @cached_property
    def journal(self) -> Journal:
        from ssohelper.stores.journal_file import Journal

        return Journal(self.locations.state_folder, warn=self.warn, now=self.clock.now_exactly)

    @cached_property
    def name_index(self) -> NameIndexFile:
        """Return the index of names, which records the config's time before the config is read."""
        from ssohelper.stores.name_index import NameIndexFile

        where = self.locations
        return NameIndexFile(where.runtime_folder, *where.aws_files, where.state_folder)

    @cached_property
    def usage(self) -> UsageStore:
        from ssohelper.stores.usage_files import UsageStore

        return UsageStore(self.locations.state_folder, self.locations.runtime_folder, self.warn)

    @cached_property
    def _aws_clock(self) -> ClockFile:
        from ssohelper.stores.clock_file import ClockFile

        return ClockFile(self.locations.runtime_folder)

    @cached_property
    def storage(self) -> Storage:
        return Storage(self)

    @property
    def tokens(self) -> TokenFiles:
        """Return the token store. Each access may move the sign-ins to the configured storage."""
        return self.storage.get_token_store(self.storage.apply_setting())

    @cached_property
    def credentials(self) -> CredentialCache:
        from ssohelper.stores.credential_cache import CredentialCache

        return CredentialCache(
            self.locations.runtime_folder, self.settings_stamp, lambda: self.tokens.codec
        )

    def take_session_stamp(self, session: SsoSession) -> SessionStamp:
        """Record the times of AWS config and token file, before they are read."""
        from ssohelper.stores.stamps import SessionStamp

        where, token_file = self.locations, self.tokens.token_file(session)
        config_file = os.fspath(where.aws_config_file)
        return SessionStamp(where.runtime_folder, session, config_file, token_file)

    def read_change_marks(self) -> tuple[object, object]:
        """Return what differs after a change of lists, profiles or settings; and after any change.

        Each new role credential is a line in the journal, whose status stands for theirs.
        """
        from ssohelper.stores.stamps import read_statuses

        where, state = self.locations, self.locations.state_folder
        own = where.settings_file, where.company_policy_file, state / "usage.json"
        lists = read_statuses((*where.aws_files, *own), [state / "listings"])
        others = state / "audit.jsonl", where.runtime_folder / "grants.json"
        sign_ins = where.token_folder, state / "sign-ins", state / "regions"
        return lists, (lists, read_statuses(others, sign_ins))

    @property
    def aws_environ(self) -> Mapping[str, str]:
        """The environment for connections, in which the certificates of the company's policy win."""
        bundle = self.company_policy.ca_bundle
        return {**self.environ, "AWS_CA_BUNDLE": bundle} if bundle else self.environ

    # -- objects made for each caller ---------------------------------------------------------

    def make_user_file(self, path: Path) -> UserFile:
        """Open a file of the user, such as a shell's rc file, with the usual mode 0644."""
        from ssohelper.stores.user_file import UserFile

        return UserFile(path, new_mode=0o644)

    def make_examined_files(self) -> ExaminedFiles:
        from ssohelper.stores.files import ExaminedFiles

        return ExaminedFiles()

    def make_child_files(self) -> ChildFiles:
        from ssohelper.stores.child_files import ChildFiles

        return ChildFiles(self.locations.runtime_folder)

    def make_browser_pages(self) -> BrowserPages:
        from ssohelper.wire.browser_pages import BrowserPages

        return BrowserPages()

    def make_sign_in_pages(self, state: Secret, port: int) -> SignInPages:
        from ssohelper.wire.browser_pages import SignInPages

        return SignInPages(state, port)

    def bind_local_server(
        self,
        port_or_socket: int | socket.socket,
        make_handler: Callable[[int], RequestHandler],
        report: Callable[[BaseException], None],
    ) -> LocalServer:
        """Serve on a port of 127.0.0.1 (0 means any free port), or on a bound socket."""
        from ssohelper.wire.local_server import LocalServer

        return LocalServer(port_or_socket, make_handler, report)

    def make_endpoint_folder(self) -> PrivateFolder:
        """Return the folder of the endpoint's files: in the runtime folder if the home is
        read-only.
        """
        from ssohelper.stores.endpoint_files import PrivateFolder

        try:
            return PrivateFolder(self.locations.state_folder / "serve")
        except NotOurs:
            raise
        except LocalState:
            with contextlib.suppress(LocalState):
                return PrivateFolder(self.locations.runtime_folder / "serve")
            raise

    def make_env_file(self, path: Path) -> EnvFile:
        from ssohelper.stores.endpoint_files import EnvFile

        return EnvFile(path)


class Storage:
    """Chooses where tokens, client registrations and cached credentials are stored, and moves them.

    Only `config set storage file` ends the keyring's use (`stores.protections`). Another process
    may move the sign-ins at any time, so each use looks up the present storage. A move holds the
    token's and the state's lock of each session, as does each process that writes a token. The move
    is recorded after the sign-ins are copied and before the old copies are removed.
    """

    # The storage of an earlier call, whose keyring is used again.
    earlier: Storage | None = None

    def __init__(self, stores: Stores) -> None:
        self._app = stores
        self._stores: dict[str, TokenFiles] = {}

    def apply_setting(self) -> str:
        """Return the storage to use. Moves sign-ins into the keyring if the settings say so.

        An environment variable selects the storage for one shell, and moves no sign-ins.
        Raises: ConfigInvalid, KeyringUnavailable, LockNotObtained, LocalState.
        """
        used = self._app.protections.load_storage()
        try:
            settings = self._app.settings
            if used.storage != settings.get("storage") == KEYRING:
                # `config set storage file` may have run since this process read the settings.
                settings = self._app.read_settings()
        except ConfigInvalid:
            return used.storage  # the code that needs the settings reports the error
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

    @property
    def other_tokens(self) -> TokenFiles:
        return self.get_token_store(FILE if self.apply_setting() == KEYRING else KEYRING)

    def find_clear_files(self, sessions: Iterable[SsoSession]) -> list[str]:
        """Return the paths of tokens in clear, while the keyring is in use."""
        if self.apply_setting() == FILE:
            return []
        found = [file for one in sessions for file in self.get_token_store(FILE).list_files(one)]
        return [path for path, content in found if content == "token"]

    @cached_property
    def legacy_tokens(self) -> LegacyTokens:
        from ssohelper.stores.legacy_tokens import LegacyTokens

        return LegacyTokens(self._app.locations.token_folder, self._app.locations.login_folder)

    @property
    def may_publish(self) -> bool:
        """Return whether published responses may be written; with keyring storage, only to memory."""
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

    # -- moving sign-ins ----------------------------------------------------------------------

    def _copy_sign_ins(self, before: str, wanted: str, deadline: Deadline) -> list[str]:
        old, new = self.get_token_store(before), self.get_token_store(wanted)
        lost = list[str]()
        sessions = sorted(self._list_sessions(old))
        with contextlib.ExitStack() as locks:
            # The locks are held until the move is recorded: a renewal in between would use the old
            # store.
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
                    new.codec.ensure_key()
                    new.import_documents(session, documents)
            self._app.protections.save_storage(UsedStorage(wanted, before))
        return lost

    def _remove_old_sign_ins(self, record: UsedStorage) -> None:
        old = self.get_token_store(str(record.leftover))
        for session in self._list_sessions(old):
            if record.leftover == FILE:
                self.legacy_tokens.remove_files_with_tokens(
                    old.load_token_ids(session), old.token_file(session)
                )
            old.forget(session)
        credentials = self._app.credentials
        for name in credentials.list_session_names():
            credentials.remove_session(name)
        if record.leftover == KEYRING:
            try:
                self.keyring.delete()
            except KeyringUnavailable as failure:
                self._app.warn(f"ssohelper's key stays in the keyring: {failure.message}")
        self._app.protections.save_storage(UsedStorage(record.storage))

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

    def get_token_store(self, name: str) -> TokenFiles:
        from ssohelper.stores.token_cache import TokenFiles

        if name not in self._stores:
            codec = Codec()
            if name == KEYRING:
                from ssohelper.stores.sealed_codec import SealedCodec

                codec = SealedCodec(self.keyring)
            where = self._app.locations
            state, runtime = where.state_folder, where.runtime_folder
            self._stores[name] = TokenFiles(
                where.token_folder, state=state, runtime=runtime, codec=codec
            )
        return self._stores[name]
