"""Finds managed profiles that name no role any more, and the role for which ssohelper wrote them.

An edit removed the profile's `credential_process` or another key, made it unreadable, or replaced
it by another source of credentials. This module touches no disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
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


class Write(NamedTuple):
    """The config before and after a write of ssohelper; None where there was no file."""

    before: bytes | None
    after: bytes | None


def lacks_role(config: ConfigFile, entry: ProfileEntry) -> bool:
    """Return whether a profile is managed and names neither a valid role nor another source."""
    if not entry.managed or is_chain(entry) or _names_another_source(entry):
        return False
    return config.target_or_none(entry) is None


def is_managed_with_other_source(config: ConfigFile, entry: ProfileEntry) -> bool:
    """Return whether a profile is managed, and gets credentials from another source than ssohelper.

    ssohelper writes such a profile only if it assumes a role through a source profile.
    """
    is_candidate = entry.managed and _names_another_source(entry)
    return is_candidate and config.target_or_none(entry) is None


def _names_another_source(entry: ProfileEntry) -> bool:
    command = entry.keys.get("credential_process", "")
    runs_another_program = process_command.ssohelper_options(
        command
    ) is None and not process_command.find_syntax_error(command)
    return runs_another_program or any(entry.keys.get(key) for key in _KEYS_OF_OTHER_SOURCES)


def list_profiles_without_role(config: ConfigFile) -> list[ProfileEntry]:
    """Return the managed profiles to which `lacks_role` applies."""
    return [entry for entry in config.profiles() if lacks_role(config, entry)]


def list_profiles_with_other_source(config: ConfigFile) -> list[ProfileEntry]:
    """Return the managed profiles to which `is_managed_with_other_source` applies."""
    return [entry for entry in config.profiles() if is_managed_with_other_source(config, entry)]


def find_lost_role(
    config: ConfigFile, entry: ProfileEntry, written_roles: Mapping[str, WrittenRole]
) -> WrittenRole | None:
    """Return the role that ssohelper once wrote into this profile, if the profile has lost it."""
    found = written_roles.get(entry.name)
    return found if found is not None and lacks_role(config, entry) else None


def find_profiles_edited_to_other_source(
    config: ConfigFile, written_roles: Mapping[str, WrittenRole]
) -> dict[Role, str]:
    """Return, by role, the profile that ssohelper wrote for it and that has another source now."""
    entries = {name: config.profile(name) for name in written_roles}
    return {
        written_roles[name].role: name
        for name, entry in entries.items()
        if entry is not None and is_managed_with_other_source(config, entry)
    }


def find_written_roles(
    names: Collection[str], contents: Iterable[bytes | None], origin: str
) -> dict[str, WrittenRole]:
    """Return, by profile name, the role that the profile had in the latest of these configs.

    `contents` are configs as ssohelper wrote them, the latest first. They are read only as far as
    needed.
    """
    found: dict[str, WrittenRole] = {}
    for config in map(make_config_parser(origin), contents):
        for name in names:
            written = find_written_role(config, name)
            if written is not None:
                found.setdefault(name, written)
        if len(found) == len(names):
            break
    return found


def find_roles_before_edit(
    names: Collection[str], writes: Iterable[Write], origin: str
) -> dict[str, WrittenRole]:
    """Return, by profile name, the role that ssohelper wrote and no ssohelper command has changed.

    `writes` are the last writes of the config, the latest first. A write that left an unreadable
    config does not show what it changed, so earlier writes do not count.
    """
    parse_config = make_config_parser(origin)
    found: dict[str, WrittenRole] = {}
    left = set(names)
    for write in writes:
        before, after = parse_config(write.before), parse_config(write.after)
        if after is None:
            break
        for name in tuple(left):
            written = find_written_role(after, name)
            if written is not None:
                found[name] = written
            if written is not None or find_written_role(before, name) is not None:
                left.discard(name)
    return found


def make_config_parser(origin: str) -> Callable[[bytes | None], ConfigFile | None]:
    """Return a function that parses saved configs; which returns None for an invalid config."""

    # Two parsed configs are kept: the config after a write is mostly the config before the next
    # one.
    @lru_cache(maxsize=2)
    def parse_config(content: bytes | None) -> ConfigFile | None:
        try:
            return ConfigFile.parse(content or b"", origin)
        except ConfigInvalid:
            return None

    return parse_config


def find_written_role(config: ConfigFile | None, name: str) -> WrittenRole | None:
    """Return the role for which, by this saved config, ssohelper wrote the profile; or None."""
    found = find_role_of_managed_profile(config, name)
    return found if found is not None and found.form in (PROCESS, NATIVE) else None


def find_role_of_managed_profile(config: ConfigFile | None, name: str) -> WrittenRole | None:
    """Return the role at which a managed profile points, in whatever form; None if there is none.

    The present config may have a form that ssohelper does not write, since users edit it.
    """
    entry = config.profile(name) if config is not None else None
    if config is None or entry is None or not entry.managed:
        return None
    target = config.target_or_none(entry)
    if target is None or target.session_name is None:
        return None
    return WrittenRole(target.session_name, target.role, target.form)
