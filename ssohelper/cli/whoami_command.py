"""The command whoami: prints a profile's account and role from saved files, then asks STS."""

import sys
from typing import Any

import click

from ssohelper.actions import adopting, doctor_profiles, identity, sync_choices
from ssohelper.actions.identity import ConfirmedIdentity, KnownIdentity
from ssohelper.app import App
from ssohelper.cli import choosing, foreign_use, guarding, output
from ssohelper.cli.foreign_use import print_name_and_value
from ssohelper.core import profile_region
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError


@click.command("whoami")
@click.argument("profile", required=False)
@guarding.reason_option
@output.common_options
def whoami(profile: str | None, grant_reason: str | None) -> None:
    """Show which account and role a profile stands for.

    \b
    Examples:
      ssohelper whoami                                  the profile in AWS_PROFILE
      ssohelper whoami payments-prod.ReadOnlyAccess
      ssohelper whoami payments-prod/ReadOnlyAccess     a role without a profile

    Prints what saved files say at once, then asks AWS (STS) to confirm it. For a profile of another
    tool, it prints only what AWS says.
    """
    app = output.get_app()
    chosen = choosing.choose_any_profile(profile)
    if isinstance(chosen, ForeignProfile):
        foreign_use.print_foreign_identity(app, chosen)
        return
    guarding.grant_role_for_reason(app, chosen, grant_reason)
    problem = _warn_of_problem(app, chosen, is_named=profile is not None)
    lacks_region = _warn_of_missing_region(app, chosen)
    with app.vault.raise_refusal_first(chosen.key, Way.WHOAMI):
        known = identity.look_up_identity(app, chosen)
    if output.options().json:
        _print_identity_json(known, is_served=not problem)
        return
    _print_known_identity(known)
    confirmed = identity.confirm_identity(app, known)
    print_name_and_value("user", confirmed.user)
    print_name_and_value("arn", confirmed.arn)
    _say_what_aws_confirmed(problem, lacks_region=lacks_region)


def _warn_of_problem(app: App, chosen: Profile, *, is_named: bool) -> str:
    """Warn of what keeps AWS tools in this shell from getting the role; return the problem or ""."""
    shadows = doctor_profiles.find_overriding(app, chosen.name, is_named=is_named)
    for finding in shadows:
        app.warn(f"{finding.message}; {finding.fix}")
    # A session token alone stops no AWS tool.
    stops = [one for one in shadows if one.severity == "problem" and one.id != "token-without-keys"]
    problem = next((one.message for one in stops if not one.profiles), "")
    problem = problem or adopting.find_profile_problem(app, chosen.name)
    if problem and not shadows:
        app.warn(
            f'AWS tools may fail to get this role with the profile "{show(chosen.name)}": {problem}'
        )
    return problem


def _warn_of_missing_region(app: App, chosen: Profile) -> bool:
    """Warn if the profile has no region; return whether that is so."""
    entry = app.config.read().profile(chosen.name)
    lacks_region = entry is not None and profile_region.lacks_region(entry.keys, app.environ)
    if lacks_region:
        region = sync_choices.region_for_role(app, chosen)
        app.warn(
            f'the profile "{show(chosen.name)}" has no region, so most calls stop with "You must '
            f'specify a region"; add a line: region = {region}'
        )
    return lacks_region


def _say_what_aws_confirmed(problem: str, *, lacks_region: bool) -> None:
    if problem:
        output.say(
            f"AWS says that this role is yours; the profile may not give this role: {show(problem, 300)}"
        )
    elif lacks_region:
        output.say(
            "AWS says that this role is yours; most calls stop, as the profile has no region"
        )
    else:
        output.say("confirmed by AWS")


def _print_known_identity(known: KnownIdentity) -> None:
    role = known.profile.shown_role
    name = f"{known.account.name} ({role.account_id})" if known.account.name else role.account_id
    print_name_and_value("profile", known.profile.name)
    print_name_and_value("session", known.profile.session.name)
    print_name_and_value("account", name)
    print_name_and_value("role", role.name)
    # These lines must appear before STS is asked, since its answer may take seconds.
    sys.stdout.flush()


def _print_identity_json(known: KnownIdentity, *, is_served: bool) -> None:
    """Print the identity; `is_served` says that AWS tools get this role."""
    app = output.get_app()
    try:
        confirmed = identity.confirm_identity(app, known)
    except SsoHelperError as error:
        app.warn(f"AWS did not confirm this identity: {error.message}")
        output.print_json(_identity_json(known, None, is_served=is_served), app.warnings)
        raise
    output.print_json(_identity_json(known, confirmed, is_served=is_served), app.warnings)


def _identity_json(
    known: KnownIdentity, confirmed: ConfirmedIdentity | None, *, is_served: bool
) -> dict[str, Any]:
    return {
        "profile": known.profile.name,
        "session": known.profile.session.name,
        "account_id": known.profile.shown_role.account_id,
        "account_name": known.account.name or None,
        "role_name": known.profile.shown_role.name,
        "user": confirmed.user if confirmed else known.user,
        "arn": confirmed.arn if confirmed else None,
        "confirmed": confirmed is not None and is_served,
    }
