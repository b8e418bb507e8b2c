"""Finds profiles whose credentials another tool gives, and makes variables that name them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
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
    asked = name if name is not None else app.environ.get("AWS_PROFILE")
    if not asked or app.config.find_profile(asked) is None:
        return None
    return find_provider_of_profile(ProfileChecker(app).resolver, asked)


def list_usable_foreign_profiles(app: App, entries: Sequence[ProfileEntry]) -> list[ForeignProfile]:
    resolving = ProfileChecker(app).resolver
    found: list[ForeignProfile | None] = []
    for entry in entries:
        with suppress(SsoHelperError):
            found.append(find_provider_of_profile(resolving, entry.name))
    return [one for one in found if one is not None]


def find_foreign_row(app: App, row: RoleRow) -> ForeignProfile:
    """Return the profile of a row that a list showed, as the config has the profile now.

    Raises: UsageProblem if it is gone, or its credentials come from another source by now.
    """
    found = find_foreign_profile(app, row.role_name)
    if found is None or found.what != row.provider:
        raise UsageProblem(
            f'the profile "{row.role_name}" has been edited since it was listed',
            hint="choose again from a new list",
        )
    return found


def build_environment(
    app: App, found: ForeignProfile, keys: ForeignCredentials | None = None
) -> Environment:
    """Return variables with these keys or, without keys, variables that name the profile."""
    region = find_foreign_region(app, found)
    if keys is not None:
        return environment.build_foreign_keys(keys, region)
    kept = environment.CONTAINER if found.credential_source == _CONTAINER else ()
    return environment.name_profile(app, found.name, region, kept)


def find_foreign_region(app: App, found: ForeignProfile) -> str | None:
    config = app.config.read()
    entries = filter(None, map(app.config.find_profile, found.profiles))
    return next(filter(None, map(config.region, entries)), None)


def check_usable(app: App, found: ForeignProfile, *, is_on_terminal: bool) -> None:
    """Raise an error for a profile of another tool that a program's SDK could not use now."""
    what = f'use the profile "{found.name}", whose credentials another tool gives'
    agents.refuse_if_limited(app, what, f"ssohelper use {found.name}")
    if found.mfa_serials and not is_on_terminal:
        what = (
            f'the profile "{found.name}" needs the code of an MFA device, and there is no terminal'
        )
        hint = "run this on a terminal, or use a role of Identity Center"
        raise UsageProblem(f"{what} to ask on", hint=hint)
    url, failure = found.sso_start_url, ""
    hint = f"sign in with: {found.sign_in_command}"
    if found.login_session is not None:
        expires_at = app.storage.legacy_tokens.load_credentials_expiry(found.login_session)
        is_over = expires_at is not None and expires_at <= app.clock.now()
        failure = "is missing or damaged" if expires_at is None else ""
        # without the package awscrt, no SDK renews these credentials
        if is_over and find_spec("awscrt") is None:
            failure = "has expired"
    elif url:
        config = app.config.read()
        entry = config.profile(found.login_profile)
        if entry is not None:
            quoted_values.check_no_quoted_values(config, entry)
        if not app.storage.legacy_tokens.has_valid_token(url, app.clock.now()):
            failure = "is missing or has ended"
            hint += f", or: ssohelper setup {shlex.quote(show(url, 200))}"
    if failure:
        command = "aws sso login" if url else "aws login"
        what = f'the sign-in of "{command}" for the profile "{show(found.login_profile, 80)}"'
        raise LoginRequired(f"{what} {failure}", hint=hint)
