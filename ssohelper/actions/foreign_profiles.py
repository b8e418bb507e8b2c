"""Finds profiles whose credentials another tool gives, and makes variables that name them.

With the variables, a program's SDK gets the credentials itself. This module does not get, cache or
release them; actions.foreign_credentials does, for commands that need keys.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ssohelper.actions import agents, environment
from ssohelper.actions.environment import Environment
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.core import quoted_values
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile, find_provider_of_profile
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ProfileEntry
    from ssohelper.core.role_rows import RoleRow

# Values of the config's key credential_source, which say where the source credentials are.
FROM_ENVIRONMENT = "Environment"
_CONTAINER = "EcsContainer"


def find_foreign_profile(app: App, name: str | None) -> ForeignProfile | None:
    """Return this profile, or that of AWS_PROFILE, if another tool gives its credentials.

    Raises: ConfigInvalid if AWS tools get no credentials by the profile.
    """
    asked = name if name is not None else app.environ.get("AWS_PROFILE")
    if not asked or app.config.find_profile(asked) is None:
        return None
    return find_provider_of_profile(ProfileChecker(app, app.config.read()).resolver, asked)


def list_usable_foreign_profiles(app: App, entries: Sequence[ProfileEntry]) -> list[ForeignProfile]:
    """Return the profiles among `entries` whose credentials another tool gives, if usable."""
    resolving = ProfileChecker(app, app.config.read()).resolver
    found: list[ForeignProfile | None] = []
    for entry in entries:
        with suppress(SsoHelperError):
            found.append(find_provider_of_profile(resolving, entry.name))
    return [one for one in found if one is not None]


def find_foreign_row(app: App, row: RoleRow) -> ForeignProfile:
    """Return the profile of a row that a list showed, as the config has the profile now.

    Raises: UsageProblem if the profile is gone, or now gets its credentials from another source,
    which the user did not choose.
    """
    found = find_foreign_profile(app, row.role_name)
    if found is None or found.what != row.provider:
        raise UsageProblem(
            f'the profile "{row.role_name}" has been edited since it was listed',
            hint="choose again from a new list",
        )
    return found


def build_foreign_profile_environment(app: App, found: ForeignProfile) -> Environment:
    """Return the variables, such as AWS_PROFILE, that name the profile to SDKs; none is secret."""
    kept = environment.CONTAINER if found.credential_source == _CONTAINER else ()
    return environment.build_environment_naming_profile(
        app, found.name, find_foreign_region(app, found), kept
    )


def build_foreign_keys_environment(
    app: App, found: ForeignProfile, keys: ForeignCredentials
) -> Environment:
    """Return variables with the profile's keys, which are not renewed."""
    return environment.build_foreign_environment(keys, find_foreign_region(app, found))


def find_foreign_region(app: App, found: ForeignProfile) -> str | None:
    """Return the region of the profile, else that of the nearest source profile with a region.

    Raises: ConfigInvalid.
    """
    config = app.config.read()
    for name in found.profiles:
        entry = app.config.find_profile(name)
        region = config.region(entry) if entry is not None else None
        if region:
            return region
    return None


def read_config_keys_of_profile(app: App, found: ForeignProfile) -> Mapping[str, str]:
    """Return the profile's options in the config, by key."""
    entry = app.config.find_profile(found.name)
    return entry.keys if entry is not None else {}


def check_foreign_profile_usable(app: App, found: ForeignProfile, *, is_on_terminal: bool) -> None:
    """Raise an error for a profile of another tool that a program's SDK could not use now.

    Raises: Refused if an allow-list applies; LoginRequired if a sign-in is needed; UsageProblem for
    an MFA device without a terminal.
    """
    agents.refuse_if_allow_list_applies(
        app,
        f'use the profile "{found.name}", whose credentials another tool gives',
        f"ssohelper use {found.name}",
    )
    if found.mfa_serials and not is_on_terminal:
        raise UsageProblem(
            f'the profile "{found.name}" needs the code of an MFA device, and there is no terminal '
            "to ask on",
            hint="run this on a terminal, or use a role of Identity Center",
        )
    if found.login_session is not None:
        _check_aws_login(app, found)
    if found.sso_start_url:
        _check_legacy_sign_in(app, found)


def _check_aws_login(app: App, found: ForeignProfile) -> None:
    expires_at = app.login_cache.load_credentials_expiry(found.login_session or "")
    can_renew = find_spec("awscrt") is not None
    if expires_at is None or (expires_at <= app.clock.now() and not can_renew):
        sign_in = f'the sign-in of "aws login" for the profile "{found.login_profile}"'
        raise LoginRequired(
            f"{sign_in} is missing or damaged" if expires_at is None else f"{sign_in} has expired",
            hint=f"sign in with: {found.sign_in_command}",
        )


def _check_legacy_sign_in(app: App, found: ForeignProfile) -> None:
    url = found.sso_start_url
    config = app.config.read()
    entry = config.profile(found.login_profile)
    if entry is not None:
        quoted_values.check_profile_has_no_quoted_values(config, entry)
    if not app.storage.legacy_tokens.has_valid_token(url, app.clock.now()):
        raise LoginRequired(
            f'the sign-in of "aws sso login" for the profile "{show(found.login_profile, 80)}" is '
            "missing or has ended",
            hint=f"sign in with: {found.sign_in_command}, or: ssohelper setup "
            + shlex.quote(show(url, 200)),
        )
