"""The commands session list, show, add, set-url and rm. They show changes before writing."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from ssohelper.actions import (
    agents,
    clocks,
    default_regions,
    missing_sessions,
    protected_sign_ins,
    session_edit,
    session_move,
)
from ssohelper.actions import setup as onboarding
from ssohelper.actions.login import Move
from ssohelper.actions.missing_sessions import MissingSession
from ssohelper.actions.selection import (
    find_session_not_in_config,
    find_sessions_not_in_config,
    resolve_session,
)
from ssohelper.actions.session_edit import SessionEntry, SessionPlan
from ssohelper.app import App
from ssohelper.cli import choosing, colors, output
from ssohelper.cli.plan_output import confirm_write, print_diff
from ssohelper.cli.sign_in_commands import sign_in_on_terminal
from ssohelper.cli.table import Cell
from ssohelper.core import clock_text, plan_text
from ssohelper.core.instants import to_iso
from ssohelper.core.model import SsoSession
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.text import show

# How many profiles `session show` prints on a terminal.
_MOST_PROFILES = 10
_HEADER = ("session", "start URL", "regions", "user", "state", "profiles")


@click.group("session")
@output.common_options
def session_command_group() -> None:
    """Manage sessions: the portals that you sign in to, with their settings and saved lists.

    \b
    Examples:
      ssohelper session list
      ssohelper session show corp
      ssohelper session add corp https://d-0000000000.awsapps.com/start --region eu-west-1
      ssohelper session set-url corp https://corp.awsapps.com/start
      ssohelper session rm corp
    """


@session_command_group.command("list")
@output.common_options
def list_sessions() -> None:
    """Print your sessions: portal, regions, user, state, profiles.

    \b
    Examples:
      ssohelper session list
      ssohelper session list --json
    """
    app = output.get_app()
    listed = [*app.config.read().sso_sessions(), *find_sessions_not_in_config(app)]
    protected_sign_ins.warn_of_damaged_sign_in_records(app)
    found = [session_edit.load_session_entry(app, one) for one in listed]
    unusable = clocks.list_unusable_sessions(app)
    names = {one.name for one in listed}
    missing = [one for one in missing_sessions.list_missing_sessions(app) if one.name not in names]
    if output.options().json:
        documents = [*map(_session_json, found), *map(_unusable_session_json, unusable)]
        output.print_json([*documents, *map(_missing_session_json, missing)], app.warnings)
    elif not found and not unusable and not missing:
        output.say("there is no sso-session yet; onboard with: ssohelper setup START_URL")
    else:
        rows = [
            *map(_session_row, found),
            *map(_unusable_session_row, unusable),
            *map(_missing_session_row, missing),
        ]
        output.print_rows(_HEADER, rows)
        for one in missing:
            output.say(missing_sessions.describe_missing_session(one))


@session_command_group.command("show")
@click.argument("name", metavar="[SESSION]", required=False)
@output.common_options
def show_session(name: str | None) -> None:
    """Print one session: sign-in, filters, name template, profiles.

    \b
    Examples:
      ssohelper session show corp
    """
    app = output.get_app()
    named = _session_name_of_argument_or_option(name)
    chosen = find_session_not_in_config(app, named) or choosing.choose_session(named)
    entry = session_edit.load_session_entry(app, chosen)
    if output.options().json:
        output.print_json({**_session_json(entry), **_session_details_json(entry)}, app.warnings)
    else:
        shows_all = not sys.stdout.isatty()
        output.print_rows(("WHAT", "VALUE"), _make_detail_rows(app, entry, shows_all=shows_all))


@session_command_group.command("add")
@click.argument("name", metavar="NAME")
@click.argument("start_url", metavar="START_URL")
@click.option("--region", metavar="R", help="The region of your Identity Center.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@output.common_options
def add_session(name: str, start_url: str, region: str | None, dry_run: bool, yes: bool) -> None:
    """Write a session to ~/.aws/config, without a sign-in.

    \b
    Examples:
      ssohelper session add corp https://d-0000000000.awsapps.com/start --region eu-west-1

    `ssohelper setup` does this too, and then signs in and writes the profiles.
    """
    app = output.get_app()
    if not dry_run:
        app.config.check_writable()  # an unwritable config is an error before the portal is asked
    new = onboarding.choose_session(app, start_url, name=name, region=region, ask_region=None)
    plan = session_edit.plan_new_session(app, new)
    if not plan.changes:
        output.say(f'the session "{show(new.name)}" exists already')
    done = f"added; sign in with: ssohelper login {new.name}"
    _carry_out_session_plan(app, plan, "1 session to add", done, dry_run=dry_run, yes=yes)


@session_command_group.command("set-url")
@click.argument("name", metavar="SESSION")
@click.argument("start_url", metavar="START_URL")
@click.option("--region", metavar="R", help="The region of your Identity Center, if it changes.")
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@output.common_options
def set_session_url(
    name: str,
    start_url: str,
    region: str | None,
    device_code: bool,
    no_browser: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Move a session to another address of its portal. Its profiles stay.

    \b
    Examples:
      ssohelper session set-url corp https://corp.awsapps.com/start

    You sign in at the new address. If another user signs in there, or the accounts are others,
    nothing changes. Filters, guards, favourites and last uses stay; the present sign-in ends.
    """
    app = output.get_app()
    agents.refuse_if_allow_list_applies(
        app, "change sessions", f"ssohelper session set-url {name} {start_url}"
    )
    old = resolve_session(app, name)
    new = onboarding.make_session_at_url(
        app, start_url, old.name, region=region, known_region=old.region
    )
    move_session(
        app, old, new, device_code=device_code, no_browser=no_browser, dry_run=dry_run, yes=yes
    )


def move_session(
    app: App,
    old: SsoSession,
    new: SsoSession,
    *,
    device_code: bool,
    no_browser: bool,
    dry_run: bool = False,
    yes: bool = False,
    prepare: Callable[[], object] = lambda: None,
) -> bool:
    """Show the diff, ask, and move the session with a new sign-in. Return whether it was moved.

    `prepare` is called after the answer.
    """
    plan = session_edit.plan_session_move(app, old, new)
    url = show(new.start_url, 200)
    if not plan.changes:
        output.say(f'the session "{show(old.name)}" is at {url} already')

    def sign_in_and_write(app: App, plan: SessionPlan) -> None:
        prepare()
        sign_in_on_terminal(
            app,
            new,
            device_code=device_code,
            no_browser=no_browser,
            force=True,
            move=Move(old, partial(session_move.accept_sign_in, app, plan, known)),
        )
        session_move.move_listing(app, new)

    if plan.changes and not dry_run:
        known = session_move.load_known_user(app, old)
    what = f'move the session "{show(old.name)}" to {url}, and sign in there'
    done = f"moved to {url}; undo the change of the file with: ssohelper profile undo"
    is_done = _carry_out_session_plan(
        app, plan, what, done, dry_run=dry_run, yes=yes, apply=sign_in_and_write
    )
    for other in app.config.read().sessions_of_portal(new.start_url) if is_done else ():
        if other.name != old.name:
            output.say(f'the session "{show(other.name)}" has this address too; to remove it and')
            output.say(f"its profiles: ssohelper session rm {show(other.name)}")
    return is_done


@session_command_group.command("rm")
@click.argument("name", metavar="SESSION")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@output.common_options
def remove_session(name: str, dry_run: bool, yes: bool) -> None:
    """Sign out of a session, remove it and its managed profiles.

    \b
    Examples:
      ssohelper session rm corp --dry-run
      ssohelper session rm corp

    Its settings and filters are removed too. Profiles that you wrote yourself are not removed: as
    long as there are some, the session stays.
    """
    app = output.get_app()
    if _remove_records_of_missing_session(app, name, dry_run=dry_run, yes=yes):
        return
    found = resolve_session(app, name)
    plan = session_edit.plan_session_removal(app, found)
    removed = len(plan.changes) - 1
    also = f" with {profile_count_text(removed)}" if removed else ""
    what = f'sign out of the session "{show(name)}", and remove it{also}'
    done = f"removed{also}; undo the change of the file with: ssohelper profile undo"
    _carry_out_session_plan(app, plan, what, done, dry_run=dry_run, yes=yes)


def _carry_out_session_plan(
    app: App,
    plan: SessionPlan,
    what: str,
    done: str,
    *,
    dry_run: bool,
    yes: bool,
    apply: Callable[[App, SessionPlan], None] = session_edit.apply_session_plan,
) -> bool:
    """Show the plan's diff, ask the user, change the session, and print the result."""
    print_diff(session_edit.diff_session_plan(app, plan), on_stdout=dry_run)
    is_done = False
    if plan.changes and not dry_run:
        is_done = confirm_write(app, what, yes, plan.command)
        if is_done:
            apply(app, plan)
            output.say(f'session "{show(plan.session.name)}" {done}')
    if output.options().json:
        data = {"session": plan.session.name, "changed": is_done}
        output.print_json(data, app.warnings)
    return is_done


def _remove_records_of_missing_session(app: App, name: str, *, dry_run: bool, yes: bool) -> bool:
    """Remove the files and settings of a session that is no longer in the config.

    Returns False if the session is in the config, or if there are no records of it.
    """
    if not session_edit.has_records_of_missing_session(app, name):
        return False
    output.say(f'the session "{show(name)}" is not in the config; a sign-in, settings, filters,')
    output.say("favourites or a list of roles are still kept for it")
    users = session_edit.list_profiles_of_missing_session(app, name)
    if users:
        named = ", ".join(show(one, 60) for one in users)
        output.say(f"profiles that name this session stay, and do not work without it: {named}")
        output.say("remove them with: ssohelper profile rm NAME")
    question = f'sign out of "{show(name)}", and remove all that is kept for it?'
    is_done = not dry_run and output.confirm(question, yes=yes, what="session rm")
    if is_done:
        session_edit.remove_records_of_missing_session(app, name)
    removed = f'all that was kept for the session "{show(name)}" was removed'
    output.say(removed if is_done else output.NOTHING_CHANGED)
    if output.options().json:
        output.print_json({"session": name, "changed": is_done}, app.warnings)
    return True


def _session_name_of_argument_or_option(argument: str | None) -> str | None:
    return output.checked_session_name(argument) or output.options().session


# -- describing a session ------------------------------------------------------------------------


def _session_row(entry: SessionEntry) -> tuple[str | Cell, ...]:
    clock = entry.clock
    regions = " ".join((clock.session.region, *(portal.region for portal in entry.further)))
    state = clock.state.replace("_", " ")
    if not entry.in_config:
        state += f", {clock_text.NOT_IN_CONFIG}"
    return (
        clock.session.name,
        clock.session.start_url,
        regions,
        clock.user or "-",
        colors.state_cell(clock.state.replace("_", " "), state),
        str(len(entry.managed) + len(entry.others)),
    )


def _session_json(entry: SessionEntry) -> dict[str, Any]:
    clock = entry.clock
    return {
        "name": clock.session.name,
        "start_url": clock.session.start_url,
        "region": clock.session.region,
        "further_regions": [portal.region for portal in entry.further],
        "user": clock.user,
        "state": clock.state,
        "reason": None,
        "in_config": entry.in_config,
        "profiles": len(entry.managed) + len(entry.others),
    }


def _unusable_session_row(session: clocks.UnusableSession) -> tuple[str | Cell, ...]:
    url, region = session.start_url or "-", session.region or "-"
    state = colors.state_cell("unusable", f"unusable: {session.reason}")
    return (session.name, url, region, "-", state, "-")


def _unusable_session_json(session: clocks.UnusableSession) -> dict[str, Any]:
    return {
        "name": session.name,
        "start_url": session.start_url,
        "region": session.region,
        "further_regions": [],
        "user": None,
        "state": "unusable",
        "reason": session.reason,
        "in_config": True,
        "profiles": None,
    }


def _missing_session_row(session: MissingSession) -> tuple[str | Cell, ...]:
    known = session.recorded
    url, region = (known.start_url, known.region) if known else ("-", "-")
    state = colors.state_cell("missing", f"missing, {clock_text.NOT_IN_CONFIG}")
    return (session.name, url, region, "-", state, str(len(session.profiles)))


def _missing_session_json(session: MissingSession) -> dict[str, Any]:
    known = session.recorded
    return {
        "name": session.name,
        "start_url": known.start_url if known else None,
        "region": known.region if known else None,
        "further_regions": [],
        "user": None,
        "state": "missing",
        "reason": session.reason,
        "in_config": False,
        "profiles": len(session.profiles),
    }


def _session_details_json(entry: SessionEntry) -> dict[str, Any]:
    ends_at, choices = entry.clock.token_expires_at, entry.choices
    return {
        "token_expires_at": None if ends_at is None else to_iso(ends_at),
        "accounts": list(choices.accounts),
        "roles": list(choices.roles),
        "name_template": choices.template,
        "form": choices.form,
        "default_region": choices.default_region,
        "removed": sorted(f"{role.account_id}/{role.name}" for role in choices.removed),
        "managed_profiles": list(entry.managed),
        "other_profiles": list(entry.others),
        "files": list(entry.files),
    }


def _make_detail_rows(
    app: App, entry: SessionEntry, *, shows_all: bool
) -> list[tuple[str, str | Cell]]:
    """Return the rows of `session show`. Options that the user never chose show their default.

    Without `shows_all`, there are at most ten rows for managed profiles and ten for others, each
    followed by a row that counts the others: an organization may have 1,200 profiles.
    """
    most = None if shows_all else _MOST_PROFILES
    choices, clock = entry.choices, entry.clock
    ends_at, now = clock.token_expires_at, app.clock.now()
    rows = list(zip(_HEADER, _session_row(entry), strict=True))
    rows += [(f"further portal {portal.region}", portal.start_url) for portal in entry.further]
    rows += [
        ("access token", "-" if ends_at is None else clock_text.time_left_text(ends_at, now)),
        ("sign-in", clock_text.sign_in_end_text(clock.outlook, now)),
        ("filters", plan_text.filter_options(choices) or "none"),
        ("name template", choices.template or app.settings.get("name_template")),
        ("form", choices.form or app.settings.get("form")),
        ("default region", default_regions.region_for_new_profiles(app, clock.session, choices)),
        ("removed profiles", str(len(choices.removed))),
    ]
    for label, names in (("profile", entry.managed), ("profile, not ours", entry.others)):
        rows += [(label, name) for name in names[:most]]
        left = len(names) - len(names[:most])
        if left:
            rows.append((label, f"and {left} more profiles; all of them with --json"))
    rows += [("file", path) for path in entry.files]
    return rows
