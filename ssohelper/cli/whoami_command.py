"""The command whoami: prints a profile's account and role from saved files, then asks STS."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click

from ssohelper.actions import doctor_profiles, foreign_credentials, identity, sync_choices
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.app import App
from ssohelper.cli import choosing, foreign_use, guarding, output
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError


@click.command("whoami", cls=output.Command)
@click.argument("profile", required=False)
@guarding.reason_option
def whoami(app: App, profile: str | None, grant_reason: str | None) -> None:
    """Show which account and role a profile stands for.

    \b
    Examples:
      ssohelper whoami                                  the profile in AWS_PROFILE
      ssohelper whoami payments-prod.ReadOnlyAccess
      ssohelper whoami payments-prod/ReadOnlyAccess     a role without a profile

    Prints what saved files say at once, then asks AWS (STS) to confirm it. For a profile of another
    tool, it prints only what AWS says.
    """
    chosen = choosing.choose_any_profile(profile)
    if isinstance(chosen, ForeignProfile):
        confirm_foreign = partial(_confirm_foreign_identity, app, chosen)
        _print_identity(app, {"profile": chosen.name}, {}, confirm_foreign)
        return
    guarding.grant_role_for_reason(app, chosen, grant_reason)
    problem = _warn_of_problem(app, chosen, is_named=profile is not None)
    lacks_region = ProfileChecker(app).lacks_region(chosen.name)
    if lacks_region:
        app.warn(
            f'the profile "{show(chosen.name)}" has no region, so most calls stop with "You must '
            f'specify a region"; add a line: region = {sync_choices.region_for_role(app, chosen)}'
        )
    with app.vault.raise_refusal_first(chosen.key, Way.WHOAMI):
        known = identity.look_up_identity(app, chosen)
    account, role = known.account, chosen.shown_role
    shown = f"{account.name} ({role.account_id})" if account.name else role.account_id
    fields = {**chosen.json_fields, "account_name": account.name or None, "user": known.user}
    lines = {**chosen.json_fields, "account_id": shown}
    said = "confirmed by AWS"
    if problem or lacks_region:
        said = "AWS says that this role is yours; "
        said += f"the profile may not give this role: {show(problem, 300)}" if problem else ""
        said += "" if problem else "most calls stop, as the profile has no region"
    confirm = partial(identity.confirm_identity, app, known)
    _print_identity(app, fields, lines, lambda: confirm()._asdict(), problem=problem, said=said)


def _confirm_foreign_identity(app: App, found: ForeignProfile) -> dict[str, Any]:
    keys = foreign_use.get_foreign_credentials(app, found)
    who = foreign_credentials.confirm_identity_of(app, found, keys)
    return {"profile": found.name, **who._asdict()}


def _print_identity(
    app: App,
    fields: Mapping[str, str | None],
    lines: Mapping[str, str],
    confirm: Callable[[], dict[str, Any]],
    *,
    problem: str = "",
    said: str = "confirmed by AWS",
) -> None:
    """Print what files say of an identity, then what AWS says: `fields` as JSON, or `lines`.

    With a `problem`, AWS tools may not get this role, so JSON does not call it confirmed.
    """
    if not output.options().json:
        _print_lines(lines)
        _print_lines(confirm())
        output.say(said)
        return
    names = ("profile", "session", "account_id", "account_name", "role_name", "user", "arn")
    data: dict[str, Any] = {**dict.fromkeys(names), **fields, "confirmed": False}
    try:
        data.update(confirm(), confirmed=not problem)
    except SsoHelperError as error:
        app.warn(f"AWS did not confirm this identity: {error.message}")
        output.print_json(data)
        raise
    output.print_json(data)


def _print_lines(values: Mapping[str, str | None]) -> None:
    """Print a line for each value at once: STS, which is asked next, may take seconds."""
    is_terminal = sys.stdout.isatty()
    for name, value in values.items():
        label = name.removesuffix("_id").removesuffix("_name")
        if value is not None:
            output.echo(f"{label:<9}{show(value)}" if is_terminal else f"{label}\t{show(value)}")


def _warn_of_problem(app: App, chosen: Profile, *, is_named: bool) -> str:
    """Warn of what keeps AWS tools in this shell from getting the role; return the problem or ""."""
    shadows = doctor_profiles.find_overriding(app, chosen.name, is_named=is_named)
    for finding in shadows:
        app.warn(f"{finding.message}; {finding.fix}")
    # A session token alone stops no AWS tool.
    of_shell = (one for one in shadows if one.severity == "problem" and not one.profiles)
    stops = [one for one in of_shell if one.id != "token-without-keys"]
    # Only a run would show which credentials it gives.
    stops += [one for one in shadows if one.id == "helper-of-another-installation"]
    problem = stops[0].message if stops else ProfileChecker(app).explain_doubt(chosen.name)
    if problem and not shadows:
        app.warn(
            f'AWS tools may fail to get this role with the profile "{show(chosen.name)}": {problem}'
        )
    return problem
