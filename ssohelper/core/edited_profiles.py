"""Finds managed profiles whose role was edited by hand, so that their names say other roles.

A name alone proves nothing: the user may have chosen it, and accounts are renamed. So a profile
counts only if ssohelper wrote it for the role of its name, and no command of ssohelper undid that.
This module touches no disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.listing import Listing
from ssohelper.core.model import Account, Role
from ssohelper.core.name_clashes import possible_profile_names_of_role
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.written_roles import (
    Write,
    WrittenRole,
    find_role_of_managed_profile,
    find_written_role,
    make_config_parser,
)


class MisnamedProfile(NamedTuple):
    """A managed profile that points at `role`, and the listed roles that would give it its name."""

    name: str
    role: Role
    roles_of_name: frozenset[Role]


def find_misnamed_profiles(
    config: ConfigFile, names: Collection[str], session_name: str, listing: Listing, template: str
) -> list[MisnamedProfile]:
    """Return the profiles in `names` that have the name of another role of this session.

    The names of a role are all names that the template gives it, also with the prefixes and
    suffixes that tell clashing names apart.
    """
    accounts = {listed.account.id: listed.account for listed in listing.accounts}

    def possible_names_of_role(role: Role) -> set[str]:
        account = accounts.get(role.account_id, Account(role.account_id, "", ""))
        return {
            name.lower()
            for name in possible_profile_names_of_role(
                template, session_name, UnnamedRole(account, role)
            )
        }

    left = [
        (name, role)
        for name in names
        if (role := _find_role_now(config, name, session_name)) is not None
        and name.lower() not in possible_names_of_role(role)
    ]
    if not left:
        return []
    owners = defaultdict[str, set[Role]](set)
    for listed in listing.roles():
        for text in possible_names_of_role(listed):
            owners[text].add(listed)
    return [
        MisnamedProfile(name, role, frozenset(owners[name.lower()]))
        for name, role in left
        if name.lower() in owners
    ]


def find_role_as_written(
    config: ConfigFile, misnamed: MisnamedProfile, session_name: str, writes: Iterable[Write]
) -> Role | None:
    """Return the role for which ssohelper wrote the profile under this name, if it was edited since.

    `writes` are the last writes of the config, the latest first. Return None if these writes do not
    show that the profile was for a role of its name, or if the user only exchanged names of
    profiles.
    """
    parse_config = make_config_parser(config.origin)
    for write in writes:
        before, after = parse_config(write.before), parse_config(write.after)
        if after is None:
            return None
        old = _role_in_session(find_written_role(before, misnamed.name), session_name)
        written = _role_in_session(find_written_role(after, misnamed.name), session_name)
        if written in misnamed.roles_of_name:
            is_exchanged = any(
                _find_role_now(config, name, session_name) != misnamed.role
                for name in _names_of_profiles_of_role(after, misnamed.role, session_name)
            )
            return None if is_exchanged else written
        if written != old or written is None:
            return None  # a command of ssohelper gave this name to another role
    return None


def _find_role_now(config: ConfigFile, name: str, session_name: str) -> Role | None:
    return _role_in_session(find_role_of_managed_profile(config, name), session_name)


def _role_in_session(found: WrittenRole | None, session_name: str) -> Role | None:
    return found.role if found is not None and found.session_name == session_name else None


def _names_of_profiles_of_role(config: ConfigFile, role: Role, session_name: str) -> Iterator[str]:
    for entry in config.profiles():
        if _role_in_session(find_written_role(config, entry.name), session_name) == role:
            yield entry.name
