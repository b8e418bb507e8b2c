"""Returns fixed keys of a role, which are not renewed: for `exec`, `env` and `use --keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import credentials, environment, guards

if TYPE_CHECKING:
    from ssohelper.actions.environment import Environment
    from ssohelper.app import App
    from ssohelper.core.model import Profile, RoleCredentials
    from ssohelper.core.policy import Way


def release_fixed_keys(app: App, profile: Profile, way: Way) -> RoleCredentials:
    return credentials.release_credentials(
        app,
        profile.session,
        profile.role,
        way,
        app.clock.deadline(),
        least_share=credentials.NEARLY_WHOLE,
    )


def build_environment(app: App, profile: Profile, keys: RoleCredentials) -> Environment:
    """For a guarded role, AWS_SDK_UA_APP_ID has the grant's reason."""
    found = environment.build_keys_environment(app, profile, keys)
    return guards.with_grant_reason(app, profile.key, found)
