"""Creates the stores, each on first use: `Stores`, the part of `App` that asks AWS nothing.

A heavy module is imported by the one method that needs it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.errors import LocalState, NotOurs
from ssohelper.fastpath import folders
from ssohelper.system.clock import Clock
from ssohelper.system.locations import Locations

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from ssohelper.core.company_policy import CompanyPolicy
    from ssohelper.core.grants import GrantContext
    from ssohelper.core.local_http import RequestHandler
    from ssohelper.core.model import Secret
    from ssohelper.settings.effective_settings import Settings
    from ssohelper.stores.child_files import ChildFiles
    from ssohelper.stores.choices_file import ChoicesStore
    from ssohelper.stores.clock_file import ClockFile
    from ssohelper.stores.config_store import ConfigStore
    from ssohelper.stores.directory_cache import DirectoryCache
    from ssohelper.stores.endpoint_files import EnvFile, PrivateFolder
    from ssohelper.stores.files import ExaminedFiles
    from ssohelper.stores.grant_files import GrantStore
    from ssohelper.stores.journal_file import Journal
    from ssohelper.stores.legacy_tokens import LoginCache
    from ssohelper.stores.name_index import NameIndexFile
    from ssohelper.stores.portals import AnsweringRegions
    from ssohelper.stores.prompt_state import PromptState
    from ssohelper.stores.protections import Protections
    from ssohelper.stores.settings_file import SettingsFile
    from ssohelper.stores.stamps import SettingsStamp
    from ssohelper.stores.usage_files import UsageStore
    from ssohelper.stores.user_file import UserFile
    from ssohelper.wire.browser_pages import BrowserPages, SignInPages
    from ssohelper.wire.local_server import LocalServer


class Stores:
    """The clock, file locations and stores of one command. Tests pass their own clocks."""

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
        """Add a warning that the entry point prints, unless it was added before."""
        if message not in self.warnings:
            self.warnings.append(message)
            if self._warn:
                self._warn(message)

    @cached_property
    def settings(self) -> Settings:
        _ = self.settings_stamp  # records the file's modification time before the file is read
        return self.read_settings()

    def read_settings(self) -> Settings:
        from ssohelper.settings.effective_settings import LIMIT_BYTES, parse_settings
        from ssohelper.stores.user_file import read_user_file

        # The file names commands that we run, so a file that another user may write is refused.
        found = read_user_file(self.locations.settings_file, LIMIT_BYTES, only_trusted=True)
        settings = parse_settings(found.data, self.locations.settings_file, self.environ)
        settings = settings.with_policy(
            self.company_policy, str(self.locations.company_policy_file)
        )
        if folders.find_other_home_owner(str(self.locations.settings_file), self.environ) is None:
            return settings
        # As root, we run no command that another user's settings file names.
        return settings.without_commands()

    def forget_settings(self) -> None:
        self.__dict__.pop("settings", None)

    @cached_property
    def company_policy(self) -> CompanyPolicy:
        """The policy of this machine's administrator. Raises: ConfigInvalid."""
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

        return ConfigStore(
            *self.locations.aws_files,
            state=self.locations.state_folder,
            runtime=self.locations.runtime_folder,
        )

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
        from ssohelper.stores.protections import Protections

        return Protections(self.locations.state_folder, self.locations.token_folder)

    @cached_property
    def settings_stamp(self) -> SettingsStamp:
        from ssohelper.stores.stamps import SettingsStamp

        return SettingsStamp(
            self.locations.runtime_folder,
            self.locations.settings_file,
            self.locations.company_policy_file,
        )

    @cached_property
    def answering_regions(self) -> AnsweringRegions:
        from ssohelper.stores.portals import AnsweringRegions

        return AnsweringRegions(self.locations.runtime_folder)

    @cached_property
    def login_cache(self) -> LoginCache:
        from ssohelper.stores.legacy_tokens import LoginCache

        return LoginCache(self.locations.login_folder)

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
        """The index of names for TAB completion. Records the config's time first."""
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

    # -- new objects, which are not kept -------------------------------------------------------

    def make_user_file(self, path: Path) -> UserFile:
        """Return a `UserFile` for a shell's rc file. A new file gets mode 0644, as is usual."""
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

    def make_sign_in_pages(self, state: Secret) -> SignInPages:
        from ssohelper.wire.browser_pages import SignInPages

        return SignInPages(state)

    def bind_local_server(
        self,
        port_or_socket: int | socket.socket,
        make_handler: Callable[[int], RequestHandler],
        report: Callable[[BaseException], None],
    ) -> LocalServer:
        """Return a server on a port of 127.0.0.1 (0 means any free port), or on a socket."""
        from ssohelper.wire.local_server import LocalServer

        return LocalServer(port_or_socket, make_handler, report)

    def make_endpoint_folder(self) -> PrivateFolder:
        """Create an endpoint's folder; the runtime folder is for a read-only home folder."""
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
