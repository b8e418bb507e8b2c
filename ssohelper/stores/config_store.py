"""Reads ~/.aws/config, replaces it in one step, and undoes earlier writes.

A write takes the lock, reads the config again, writes, parses and syncs a temporary file, and renames
it. AWS's own tools take no lock, so the config is compared before the rename.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.config_text import ConfigText
from ssohelper.core.deadline import Deadline
from ssohelper.core.other_writes import NO_OTHER_WRITES, OtherWrites
from ssohelper.core.process_command import ssohelper_options
from ssohelper.core.service_hosts import is_region
from ssohelper.core.start_url import is_company_url
from ssohelper.errors import ConfigInvalid, LocalState
from ssohelper.stores import files
from ssohelper.stores.portals import PortalAddresses
from ssohelper.stores.user_file import FileChanged, FileContent, UserFile

if TYPE_CHECKING:
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_edit import Change
    from ssohelper.core.portal_address import PortalAddress
    from ssohelper.core.written_roles import WrittenRole
    from ssohelper.stores.config_versions import ConfigVersions, Version

    # A function that returns the changes to make in the given config.
    _ChangesFor = Callable[[ConfigFile], Sequence[Change]]

_MAX_ATTEMPTS = 3


class ConfigStore:
    def __init__(
        self, config_file: Path, credentials_file: Path, *, state: Path, runtime: Path
    ) -> None:
        self.path = config_file
        self._file = UserFile(config_file)
        self._credentials_path = credentials_file
        self._lock = runtime / "locks" / "config.lock"
        self._state = state
        self._parsed: tuple[FileContent, ConfigFile] | None = None
        self._addresses: dict[str, PortalAddress | None] = {}

    def read(self) -> ConfigFile:
        """Return the config as it is now; empty if missing. Raises: ConfigInvalid, LocalState."""
        found = self._file.read(self._parsed[0].data if self._parsed else b"")
        # Parsed once: a command asks several times.
        if self._parsed is None or self._parsed[0] != found:
            self._parsed = (found, ConfigFile.parse(found.data, str(self.path)))
            self._addresses = {}
        found, config = self._parsed
        # A sign-in may have changed the portals to which companies' own URLs lead.
        sessions = config.sso_sessions() if b"sso_start_url" in found.data else []
        store = PortalAddresses(self._state)
        own = [one.name for one in sessions if is_company_url(one.start_url)]
        addresses = {name: store.load(name) for name in own}
        if addresses != self._addresses:
            config = ConfigFile.parse(found.data, str(self.path), addresses)
            self._parsed, self._addresses = (found, config), addresses
        return config

    def read_credentials_sections(self) -> dict[str, dict[str, str]]:
        """Return the credentials file's sections, without the values of secrets."""
        from ssohelper.core.resolver import hide_secrets

        sections = self._read_credentials_file().sections
        return {name: hide_secrets(section.values()) for name, section in sections.items()}

    def _read_credentials_file(self) -> ConfigText:
        data = UserFile(self._credentials_path).read().data
        return ConfigText(data, str(self._credentials_path))

    def read_credentials_profiles(self) -> list[ProfileEntry]:
        """Return the profiles that only the credentials file has, without their access keys.

        Raises: ConfigInvalid, LocalState.
        """
        text = self._read_credentials_file()
        config, inherited = self.read(), text.defaults.values()
        found = []
        for name, section in text.sections.items():
            keys = {**inherited, **section.values()}
            program, region = keys.get("credential_process", ""), keys.get("region", "")
            kept = {"region": region} if is_region(region) else {}
            has_keys = bool(keys.get("aws_access_key_id"))
            if program and ssohelper_options(program) is None and not has_keys:
                kept["credential_process"] = program
            if config.profile(name) is None and (has_keys or "credential_process" in kept):
                found.append(ProfileEntry(name, kept, False, section.line + 1, name))
        return found

    def list_profiles(self) -> list[ProfileEntry]:
        """Return the profiles of the config, then of the credentials file if it can be read.

        Raises: ConfigInvalid, LocalState.
        """
        found = self.read().profiles()
        with suppress(ConfigInvalid, LocalState):
            found += self.read_credentials_profiles()
        return found

    def find_profile(self, name: str) -> ProfileEntry | None:
        # If the profile is here, as nearly always, the credentials file is not read.
        entry = self.read().profile(name)
        if entry is not None:
            return entry
        return next((one for one in self.list_profiles() if one.name == name), None)

    def write(
        self,
        changes_for: _ChangesFor,
        deadline: Deadline,
        choices: Mapping[str, Choices] | None = None,
        others: OtherWrites = NO_OTHER_WRITES,
        *,
        records_unchanged: bool = False,
    ) -> bool:
        """Make the changes that `changes_for` returns under the lock; return whether it wrote.

        An undo also restores `choices`, by session, and `others`, which the caller writes next.
        With `others` or `records_unchanged`, a version for undo is saved even if the config is
        unchanged. Raises: ConfigInvalid, LocalState.
        """

        def make_content(found: FileContent) -> bytes | None:
            config = ConfigFile.parse(found.data, str(self.path))
            after = config.with_changes(changes_for(config))
            return found.content if after == found.data else after

        records_unchanged = records_unchanged or others != NO_OTHER_WRITES
        return self._replace_file(
            make_content, deadline, choices or {}, others, records_unchanged=records_unchanged
        )

    def record_other_writes(
        self, others: OtherWrites, deadline: Deadline, *, of_last: bool = False
    ) -> None:
        """Save a version for the undo of a command that does not write the config.

        With `of_last`, the command has a version already, and `others` are added to it.
        """
        with files.hold_lock(self._lock, deadline):
            if of_last:
                self._versions.add_to_last(others)
                return
            self._versions.save_before_write(None, None, {}, others)
            self._versions.remove_old()

    def check_writable(self) -> None:
        """Raise LocalState if the config is read-only, so that `write` would fail."""
        self._file.check_replaceable()

    @cached_property
    def _versions(self) -> ConfigVersions:
        # Only writes and undos need this module, whose import takes 4 ms.
        from ssohelper.stores.config_versions import ConfigVersions

        return ConfigVersions(self._state / "config-versions", self.path)

    # -- undo of config writes -------------------------------------------------------------

    def load_versions(self) -> Iterator[Version]:
        """Yield what the last commands wrote, the latest first. Raises: LocalState if damaged."""
        return self._versions.load_all()

    def read_content(self) -> bytes | None:
        """Return the config's bytes, even if AWS tools cannot parse them; None if it is missing."""
        return self._file.read().content

    def find_written_roles(self, config: ConfigFile) -> dict[str, WrittenRole]:
        from ssohelper.core.written_roles import find_written_roles

        with suppress(LocalState):  # a saved config is damaged; `profile undo` reports that
            versions = self._versions.load_all()
            return find_written_roles(config, ((one.before, one.after) for one in versions))
        return {}

    def undo_write(
        self,
        version: Version,
        content_for: Callable[[bytes | None], bytes | None],
        deadline: Deadline,
        finish: Callable[[], None] = lambda: None,
    ) -> bool:
        """Replace the config (remove it if the new content is None); return whether it changed.

        `finish` undoes what else the command wrote. After that, the version is removed.
        """
        return self._replace_file(
            lambda found: content_for(found.content), deadline, {}, to_undo=version, finish=finish
        )

    # -- replacing the config file ---------------------------------------------------------

    def _replace_file(
        self,
        make_content: Callable[[FileContent], bytes | None],
        deadline: Deadline,
        choices: Mapping[str, Choices],
        others: OtherWrites = NO_OTHER_WRITES,
        *,
        to_undo: Version | None = None,
        records_unchanged: bool = False,
        finish: Callable[[], None] = lambda: None,
    ) -> bool:
        """Replace the config (remove it if the new content is None), and save a version for undo.

        Starts over when another program changes the file before the rename.
        """
        with files.hold_lock(self._lock, deadline):
            for _ in range(_MAX_ATTEMPTS):
                found = self._file.read()
                before, after = found.content, make_content(found)
                if to_undo is None and after == before and not records_unchanged:
                    return False
                version = to_undo or self._versions.save_before_write(
                    before, after, choices, others
                )
                try:
                    if after is None and before is not None:
                        self._file.remove()
                    elif after is not None and after != before:
                        self._file.replace(after, found)
                except BaseException as error:
                    if to_undo is None:
                        self._versions.remove_last(version)
                    if isinstance(error, FileChanged):
                        continue
                    raise
                if to_undo is None:
                    self._versions.remove_old()
                else:
                    finish()
                    self._versions.remove_last(to_undo)
                return after != before
        raise LocalState(
            f'"{self.path}" is being changed by another program', hint="try again in a moment"
        )
