"""The commands profile sync, list, show, add, rm and undo. They show changes before writing."""

from typing import Any

import click

from ssohelper.actions import (
    adopting,
    chain_profiles,
    config_writing,
    profile_edit,
    sync_choices,
)
from ssohelper.actions.flows import profile_removal, setup_plan
from ssohelper.actions.flows.plan_write import agree_to_write
from ssohelper.actions.flows.setup_plan import Wish
from ssohelper.actions.selection import resolve_session
from ssohelper.app import App
from ssohelper.cli import choosing, colors, output
from ssohelper.cli.listing_progress import fetch_listing
from ssohelper.cli.plan_output import (
    form_option,
    print_or_write_plan,
    sync_options,
)
from ssohelper.cli.table import Cell
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.cli.undo_command import undo_last_command
from ssohelper.core import clock_text
from ssohelper.core.choices import Choices
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

_HEADER = ("PROFILE", "SESSION", "ACCOUNT ID", "ROLE", "FORM", "MANAGED")
_ROLE_KEYS = ("session", "account_id", "role_name", "form")
_SECRET_WORDS = ("secret", "token", "password")


@click.group("profile", cls=output.Group)
def profile_command_group() -> None:
    """Manage the profiles in ~/.aws/config, and undo changes.

    \b
    Examples:
      ssohelper profile sync                          write a profile for each role
      ssohelper profile sync --account 'pay*' --role ReadOnlyAccess
      ssohelper profile add payments-prod/Admin --name prod
      ssohelper profile undo
    """


@profile_command_group.command("sync")
@sync_options
@click.option("--rename", is_flag=True, help="Rename existing profiles by the template too.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove managed profiles whose role is gone, or left out by filters given now.",
)
@click.option("--refresh", is_flag=True, help="Ask AWS even if the saved list is recent.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def sync_profiles(
    app: App,
    given: Choices,
    is_portable: bool | None,
    rename: bool,
    prune: bool,
    refresh: bool,
    adopt: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> None:
    """Write a profile for each role, or for the roles that match filters.

    \b
    Examples:
      ssohelper profile sync                    repeats your last filters, names and form
      ssohelper profile sync --dry-run          shows the diff, changes nothing
      ssohelper profile sync --role 'Read*' --account '!*sandbox*' --yes
      ssohelper profile sync --form sso         profiles that work without ssohelper
      ssohelper profile sync --prune            also removes managed profiles whose role is gone,
      ssohelper profile sync --role 'Read*' --prune    or left out by filters given now
      ssohelper profile sync --adopt '*'        also takes over profiles of other tools

    Shows the diff and asks first. Profiles that you or other tools wrote change only with --adopt,
    and the name of an existing profile changes only with --rename. The filters are remembered for
    the next sync; to remove them: --account '*' --role '*'.
    """
    session = choosing.choose_session(output.options().session)
    choosing.warn_about_config(app)
    sync_choices.merge_choices(app, session, given)  # raises an error before AWS is asked
    adopting.check_adopt_globs(app, adopt)
    listing = fetch_listing(app, session, refresh=refresh, of_this_sign_in=True, from_scratch=prune)
    wish = Wish(session, listing, "", given, adopt, is_portable, True, rename, prune)
    found = setup_plan.propose(app, wish)
    for line in setup_plan.profile_lines(app, session, found):
        output.say(line)
    print_or_write_plan(app, found.plan, dry_run=dry_run, yes=yes, what="profile sync")
    age = app.clock.now() - listing.listed_at
    if age >= 60 and not found.plan.changes and not output.options().json:
        output.say(
            f"the roles were listed {clock_text.ago_text(age)}; "
            "to list them anew: ssohelper profile sync --refresh"
        )


@profile_command_group.command("list")
def list_profiles(app: App) -> None:
    """Print the profiles in ~/.aws/config, each with its role.

    \b
    Examples:
      ssohelper profile list
      ssohelper profile list --session corp --json
    """
    choosing.warn_about_config(app)
    wanted = output.options().session
    found = [_profile_json(item) for item in profile_edit.read_profiles(app)]
    found = [item for item in found if wanted in (None, item["session"])]
    if wanted and not found:
        resolve_session(app, wanted)  # UsageProblem for an unknown session
    nothing = "there are no profiles yet; write them with: ssohelper profile sync"
    output.print_found(found, dict, _HEADER, _profile_row, nothing)


@profile_command_group.command("show")
@click.argument("name", metavar="PROFILE")
def show_profile(app: App, name: str) -> None:
    """Print a profile: its role, its line and its keys, without secrets.

    \b
    Examples:
      ssohelper profile show payments-prod.ReadOnlyAccess
    """
    choosing.warn_about_config(app, name)
    found = {item.entry.name: item for item in profile_edit.read_profiles(app)}
    if name not in found:
        raise output.unknown_name_error("profile", name, found, "ssohelper profile list")
    entry, shown = found[name].entry, _profile_json(found[name])
    keys = {
        key: "(not shown)" if any(word in key for word in _SECRET_WORDS) else value.strip()
        for key, value in entry.keys.items()
    }
    place = f"{app.locations.aws_config_file}:{entry.line}"
    if output.print_if_json({**shown, "keys": keys, "place": place}):
        return
    rows = [(key.lower(), text) for key, text in zip(_HEADER, _profile_row(shown), strict=True)]
    rows += [("place", place), *((f"key {key}", value) for key, value in keys.items())]
    output.print_rows(("WHAT", "VALUE"), rows)


@profile_command_group.command("add")
@click.argument("role", metavar="[SESSION:]ACCOUNT/ROLE|NAME")
@click.option("--name", metavar="NAME", help="The profile's name. Default: from the template.")
@click.option(
    *("--assume", "role_arn"),
    metavar="ROLE_ARN",
    help="The role that the profile assumes with --via's role.",
)
@click.option(
    "--via", metavar="PROFILE", help="The profile with whose credentials the role is assumed."
)
@click.option(
    "--external-id", metavar="ID", help="The external id that the role's trust policy demands."
)
@click.option(
    "--role-session-name", metavar="NAME", help="The role session's name, which CloudTrail shows."
)
@click.option(
    *("--duration", "duration_seconds"),
    metavar="SECONDS",
    help="How many seconds the role is assumed for: 900 to 3600.",
)
@form_option
@click.option("--region", metavar="R", help="The profile's region.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def add_profile(
    app: App,
    role: str,
    name: str | None,
    via: str | None,
    form: str | None,
    region: str | None,
    dry_run: bool,
    yes: bool,
    **chain_keys: str | None,
) -> None:
    """Add a profile for one role, also one that you have removed.

    \b
    Examples:
      ssohelper profile add payments-prod/ReadOnlyAccess
      ssohelper profile add corp:001234567890/Admin --name prod-admin --region eu-west-1
      ssohelper profile add deploy --assume arn:aws:iam::001234567890:role/Deploy \\
          --via payments-prod.ReadOnlyAccess

    With --assume and --via, the profile NAME assumes an IAM role with the credentials of another
    profile. The role's credentials last for one hour, and are renewed as those of other roles are.
    """
    if not dry_run:
        app.config.check_writable()  # an unwritable config is an error before AWS is asked
    given = {key: value for key, value in chain_keys.items() if value is not None}
    if given or via is not None:
        if "role_arn" not in given or not via or name is not None:
            raise UsageProblem(
                "a chained profile takes NAME, --assume and --via",
                hint="for example: ssohelper profile add NAME --assume ROLE_ARN --via PROFILE",
            )
        chain = chain_profiles.plan_chain_profile(
            app, role, choosing.choose_profile(via), given, form=form, region=region
        )
        changes = [chain.section]
        diff = config_writing.diff_changes(app, chain.data, changes)
        for notice in chain.notices:
            output.say(f'"{show(chain.name)}": {notice}')
        if dry_run:
            output.print_diff(diff, on_stdout=True)
        else:
            dialogue, command = TerminalDialogue("profile add", yes=yes), "ssohelper profile add"
            if not agree_to_write(app, dialogue, "1 profile to add", diff, command):
                return
            config_writing.write_changes(app, "profile add", chain.data, changes)
            output.say("1 profile added; undo with: ssohelper undo")
        empty = dict.fromkeys(("change", "remove", "stale", "skipped"), ())
        output.print_if_json({"add": [chain.name], **empty})
        return
    wanted = choosing.choose_profile(role)
    session = wanted.session
    choices = sync_choices.merge_choices(app, session, Choices(form=form))
    listing = fetch_listing(app, session)
    plan = profile_edit.plan_new_profiles(
        app, session, listing, choices, [wanted.role], name=name, region=region
    )
    print_or_write_plan(app, plan, dry_run=dry_run, yes=yes, what="profile add")


@profile_command_group.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="PROFILE...")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def remove_profiles(app: App, names: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Remove managed profiles. `profile sync` will not add them again, `profile add` will.

    \b
    Examples:
      ssohelper profile rm payments-prod.ReadOnlyAccess
      ssohelper profile rm 'payments-*.Read*' --dry-run     patterns, in quotes
    """
    found = profile_edit.read_managed_profiles(app, names)
    removed = [item.entry.name for item in found]
    if dry_run:
        output.print_diff(profile_edit.diff_profile_removal(app, found), on_stdout=True)
        profile_removal.warn_of_lost_sources(app, found)
    elif not profile_removal.remove_profiles(app, TerminalDialogue("profile rm", yes=yes), found):
        removed = []
    output.print_if_json({"remove": removed})


profile_command_group.add_command(undo_last_command)


# -- describing a profile ------------------------------------------------------------------------


def _profile_row(shown: dict[str, Any]) -> tuple[str | Cell, ...]:
    managed = "yes" if shown["managed"] else Cell("no", colors.DIM)
    return (*(shown[key] or "" for key in ("name", *_ROLE_KEYS)), managed)


def _profile_json(item: ConfigProfile) -> dict[str, Any]:
    target = item.shown_target
    role = (
        dict.fromkeys(_ROLE_KEYS, None)
        if target is None
        else {
            "session": target.session_name,
            "account_id": target.role.account_id,
            "role_name": target.role.name,
            "form": target.form,
        }
    )
    return {
        "name": item.entry.name,
        **role,
        **({"role_arn": item.chain.steps[-1].role_arn} if item.chain else {}),
        "region": item.entry.keys.get("region"),
        "managed": item.entry.managed,
    }
