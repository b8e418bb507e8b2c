"""The command whoami: prints a profile's account and role from saved files, then asks STS."""

import click

from ssohelper.actions import adopting, doctor_profiles, identity, sync_choices
from ssohelper.app import App
from ssohelper.cli import choosing, foreign_use, guarding, output
from ssohelper.cli.foreign_use import print_values
from ssohelper.core import profile_region
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show


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
    role, account = known.profile.shown_role, known.account
    if output.options().json:
        foreign_use.print_identity_json(
            app,
            lambda: identity.confirm_identity(app, known)._asdict(),
            is_served=not problem,
            profile=known.profile.name,
            session=known.profile.session.name,
            account_id=role.account_id,
            account_name=account.name or None,
            role_name=role.name,
            user=known.user,
        )
        return
    shown = f"{account.name} ({role.account_id})" if account.name else role.account_id
    session = known.profile.session.name
    print_values(profile=known.profile.name, session=session, account=shown, role=role.name)
    print_values(**identity.confirm_identity(app, known)._asdict())
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
    yours = "AWS says that this role is yours"
    if problem:
        output.say(f"{yours}; the profile may not give this role: {show(problem, 300)}")
    elif lacks_region:
        output.say(f"{yours}; most calls stop, as the profile has no region")
    else:
        output.say("confirmed by AWS")
