"""Finds managed profiles that name no role any more, and the role for which ssohelper wrote them.

An edit removed the profile's `credential_process` or another key, or made it unreadable. This
module touches no disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from ssohelper.core import chains, process_command
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.model import Role
from ssohelper.errors import ConfigInvalid

_OTHER_SOURCES = ("aws_access_key_id", "login_session", "role_arn")


class WrittenRole(NamedTuple):
    """The role for which ssohelper wrote a profile, its session, and the profile's form."""

    session_name: str
    role: Role
    form: str


def lacks_role(config: ConfigFile, entry: ProfileEntry) -> bool:
    """Return whether a profile is managed, names no role that can be read, and no other source."""
    if not entry.managed or chains.is_chain(entry):
        return False
    command = entry.keys.get("credential_process", "")
    runs_another_program = process_command.own_command_options(
        command
    ) is None and not process_command.find_syntax_error(command)
    if runs_another_program or any(entry.keys.get(key) for key in _OTHER_SOURCES):
        return False
    return config.target_or_none(entry) is None


def list_profiles_without_role(config: ConfigFile) -> list[ProfileEntry]:
    """Return the managed profiles to which `lacks_role` applies."""
    return [entry for entry in config.profiles() if lacks_role(config, entry)]


def find_written_roles(
    names: Collection[str], contents: Iterable[bytes | None], origin: str
) -> dict[str, WrittenRole]:
    """Return, by profile name, the role that the profile had in the latest of these configs.

    `contents` are configs as ssohelper wrote them, the latest first. They are read only as far as
    needed.
    """
    found: dict[str, WrittenRole] = {}
    for content in contents:
        try:
            config = ConfigFile.parse(content or b"", origin)
        except ConfigInvalid:
            continue
        for name in names:
            written = _find_managed_role(config, name)
            if written is not None:
                found.setdefault(name, written)
        if len(found) == len(names):
            break
    return found


def _find_managed_role(config: ConfigFile, name: str) -> WrittenRole | None:
    entry = config.profile(name)
    target = config.target_or_none(entry) if entry is not None and entry.managed else None
    if target is None or target.session_name is None or target.form not in (PROCESS, NATIVE):
        return None
    return WrittenRole(target.session_name, target.role, target.form)
