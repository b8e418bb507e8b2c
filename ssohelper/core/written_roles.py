"""Finds managed profiles that lost their role because their keys were edited."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ssohelper.core import process_command
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_file import ConfigFile, ProfileEntry, is_chain
from ssohelper.core.model import Role
from ssohelper.errors import ConfigInvalid

_KEYS_OF_OTHER_SOURCES = ("aws_access_key_id", "login_session", "role_arn")


class WrittenRole(NamedTuple):
    """The role for which ssohelper wrote a profile, its session, and the profile's form."""

    session_name: str
    role: Role
    form: str


def lacks_role(config: ConfigFile, entry: ProfileEntry) -> bool:
    """Return whether a profile is managed and names neither a valid role nor another source."""
    if not entry.managed or is_chain(entry) or _names_another_source(entry):
        return False
    return config.target_or_none(entry) is None


def has_other_source(config: ConfigFile, entry: ProfileEntry) -> bool:
    """Return whether a profile is managed, and gets credentials from another source than ssohelper.

    ssohelper itself writes such profiles only for chains, which have a source profile.
    """
    is_candidate = entry.managed and _names_another_source(entry)
    return is_candidate and config.target_or_none(entry) is None


def _names_another_source(entry: ProfileEntry) -> bool:
    command = entry.keys.get("credential_process", "")
    runs_another_program = process_command.ssohelper_options(
        command
    ) is None and not process_command.find_syntax_error(command)
    return runs_another_program or any(entry.keys.get(key) for key in _KEYS_OF_OTHER_SOURCES)


def find_written_roles(
    config: ConfigFile, writes: Iterable[tuple[bytes | None, bytes | None]]
) -> dict[str, WrittenRole]:
    """Return, by profile name, the roles that edits removed from managed profiles of this config.

    `writes` are the config's contents before and after each write by ssohelper, the latest first.
    No more are read than needed: parsing 12,000 profiles takes 0.3 s. A role that ssohelper itself
    removed is not returned.
    """

    @lru_cache(maxsize=2)  # the config after one write is usually the config before the next write
    def parse(content: bytes | None) -> ConfigFile | None:
        try:
            return ConfigFile.parse(content or b"", config.origin)
        except ConfigInvalid:
            return None

    def find_role(content: bytes | None, name: str) -> WrittenRole | None:
        saved = parse(content)
        entry = saved.profile(name) if saved else None
        target = saved.target_or_none(entry) if saved and entry and entry.managed else None
        if target is None or target.form not in (PROCESS, NATIVE) or target.session_name is None:
            return None
        return WrittenRole(target.session_name, target.role, target.form)

    found: dict[str, WrittenRole] = {}
    left = {
        entry.name
        for entry in config.profiles()
        if entry.managed and config.target_or_none(entry) is None
    }
    for before, after in writes if left else ():
        for name in tuple(left):
            written = find_role(after, name)
            if written is not None:
                found[name] = written
            if written is not None or find_role(before, name) is not None:
                left.discard(name)
        if not left:
            break
    return found
