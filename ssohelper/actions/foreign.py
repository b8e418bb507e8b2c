"""Profiles whose credentials are not ours: finds them, and names them to a shell or a program.

Nothing of them is read, cached or released here: the SDK of the program gets them by itself.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ssohelper.actions import agents, environment
from ssohelper.actions.environment import Environment
from ssohelper.core import chains
from ssohelper.core.foreign import Foreign, find_foreign
from ssohelper.errors import LoginRequired, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App


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
    config = app.config.read()
    entry = config.profile(found.name)
    region = config.region(entry) if entry is not None else None
    return environment.build_named_environment(found.name, region)


def check_use(app: App, found: Foreign, *, is_on_terminal: bool) -> None:
    """Refuse a profile that the SDK of a program could not use now.

    Raises: Refused below an allow-list; LoginRequired if `aws login` is needed; UsageProblem for an
    MFA device without a terminal.
    """
    agents.refuse_below_allow_list(
        app, f'use "{found.name}", whose credentials are not ours', f"ssohelper use {found.name}"
    )
    if found.has_mfa and not is_on_terminal:
        raise UsageProblem(
            f'the profile "{found.name}" needs the code of an MFA device, and there is no terminal '
            "to ask on",
            hint="run this on a terminal, or use a role of Identity Center",
        )
    if found.login_session is not None:
        _check_login(app, found)


def _check_login(app: App, found: Foreign) -> None:
    expires_at = app.login_cache.load_end(found.login_session or "")
    can_renew = find_spec("awscrt") is not None
    if expires_at is None or (expires_at <= app.clock.now() and not can_renew):
        state = "is missing or damaged" if expires_at is None else "has expired"
        raise LoginRequired(
            f'the sign-in of "aws login" for the profile "{found.name}" {state}',
            hint=f"sign in with: aws login --profile {found.name}",
        )
