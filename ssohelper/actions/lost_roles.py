"""Finds the former roles of profiles that name no role any more, and reports unlisted roles."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ssohelper.core import written_roles
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.written_roles import Write, WrittenRole
from ssohelper.errors import LocalState, RoleNotAssigned

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import Role, SsoSession


def find_roles_for_which_profiles_were_written(
    app: App, config: ConfigFile, names: Collection[str] | None = None
) -> dict[str, WrittenRole]:
    """Return, by profile name, the former roles of profiles that now name no role.

    The role is the one for which ssohelper wrote the profile.

    `names` are such profiles if the caller knows them. If it is None, all such profiles are found,
    and also profiles that were edited to get credentials from another source. The saved configs are
    read only if there is such a profile: at 12,000 profiles, reading one takes 0.3 s.
    """
    edited = list[str]()
    if names is None:
        names = [entry.name for entry in written_roles.list_profiles_without_role(config)]
        edited = [one.name for one in written_roles.list_profiles_with_other_source(config)]
    if not names and not edited:
        return {}
    try:
        versions = list(app.config.load_versions())
    except LocalState:
        return {}  # a saved config is damaged, which `profile undo` reports
    contents = [version.after for version in versions]
    writes = [Write(version.before, version.after) for version in versions]
    found = written_roles.find_written_roles(names, contents, config.origin) if names else {}
    return found | written_roles.find_roles_before_edit(edited, writes, config.origin)


def make_role_not_listed_error(
    session: SsoSession, listing: Listing, role: Role
) -> RoleNotAssigned:
    """Return the error for a role that is not listed; the hint names a similar listed role."""
    names = [other.name for other in listing.roles() if other.account_id == role.account_id]
    return RoleNotAssigned(
        f'no role "{role.name}" in account {role.account_id} for session "{session.name}"',
        hint=did_you_mean(role.name, names)
        + f"see: ssohelper list --refresh --session {session.name}",
    )
