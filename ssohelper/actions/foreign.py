"""Profiles whose credentials are not ours: finds them, and names them to a shell or a program.

This module does not get, cache or release these credentials: the SDK of the program gets them
itself. actions.foreign_credentials gets them for the commands that need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ssohelper.actions import agents, environment
from ssohelper.actions.environment import Environment
from ssohelper.core import chains
from ssohelper.core.foreign import Foreign, ForeignCredentials, find_foreign
from ssohelper.errors import LoginRequired, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App

# Values of the config's key credential_source, which say where the source credentials are.
FROM_ENVIRONMENT = "Environment"
_CONTAINER = "EcsContainer"


def find(app: App, name: str | None) -> Foreign | None:
    """Return the profile of this name, or of AWS_PROFILE, if its credentials are not ours.

    Raises: ConfigInvalid for a chain that cannot be used.
    """
    asked = name if name is not None else app.environ.get("AWS_PROFILE")
    config = app.config.read()
    entry = config.profile(asked) if asked else None
    if entry is None or config.target(entry) is not None or chains.find_chain(config, entry):
        return None
    return find_foreign(config, entry, app.config.read_credentials_sections())


def build_environment(app: App, found: Foreign) -> Environment:
    """Return the variables that name the profile to SDKs. They hold no secret."""
    kept = environment.CONTAINER if found.credential_source == _CONTAINER else ()
    return environment.build_named_environment(found.name, find_own_region(app, found), kept)


def build_keys_environment(app: App, found: Foreign, keys: ForeignCredentials) -> Environment:
    """Return variables with the profile's keys, which are not renewed."""
    return environment.build_foreign_environment(keys, find_own_region(app, found))


def find_own_region(app: App, found: Foreign) -> str | None:
    """Return the region of the nearest profile that has one. Raises: ConfigInvalid."""
    config = app.config.read()
    for name in found.profiles:
        entry = config.profile(name)
        region = config.region(entry) if entry is not None else None
        if region:
            return region
    return None


def read_keys(app: App, found: Foreign) -> Mapping[str, str]:
    """Return the profile's options in the config, by key."""
    entry = app.config.read().profile(found.name)
    return entry.keys if entry is not None else {}


def check_use(app: App, found: Foreign, *, is_on_terminal: bool) -> None:
    """Raise an error for a profile that the SDK of a program could not use now.

    Raises: Refused below an allow-list; LoginRequired if `aws login` is needed; UsageProblem for an
    MFA device without a terminal.
    """
    agents.refuse_below_allow_list(
        app, f'use "{found.name}", whose credentials are not ours', f"ssohelper use {found.name}"
    )
    if found.mfa_serials and not is_on_terminal:
        raise UsageProblem(
            f'the profile "{found.name}" needs the code of an MFA device, and there is no terminal '
            "to ask on",
            hint="run this on a terminal, or use a role of Identity Center",
        )
    if found.login_session is not None:
        _check_aws_login(app, found)


def _check_aws_login(app: App, found: Foreign) -> None:
    expires_at = app.login_cache.load_end(found.login_session or "")
    can_renew = find_spec("awscrt") is not None
    if expires_at is None or (expires_at <= app.clock.now() and not can_renew):
        state = "is missing or damaged" if expires_at is None else "has expired"
        raise LoginRequired(
            f'the sign-in of "aws login" for the profile "{found.login_profile}" {state}',
            hint=f"sign in with: aws login --profile {found.login_profile}",
        )
