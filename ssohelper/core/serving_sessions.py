"""Finds the sessions whose sign-in serves a profile. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core.config_file import target_belongs_to_session

if TYPE_CHECKING:
    from ssohelper.core.config_file import ConfigFile, TargetRole
    from ssohelper.core.model import SsoSession


def find_sessions_of_target(config: ConfigFile, target: TargetRole) -> list[SsoSession]:
    """Return the session that serves a profile of this role; [] if the config has none.

    A legacy profile names a portal only: it is served by one session of the portal. For a profile
    of another tool that names a portal, all its sessions are returned, as that tool signs in itself.
    """
    same = [one for one in config.sso_sessions() if target_belongs_to_session(target, one)]
    if same and target.form == "legacy":
        from ssohelper.core import adoption  # few have such profiles: not before the first paint

        return [adoption.find_session_for_legacy_profiles(config, same[0])]
    return same
