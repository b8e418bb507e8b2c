"""The commands session list, show, set-url and rm. They show changes before writing."""

import re
import shlex
from functools import partial
from typing import Any

import click

from ssohelper.actions import (
    agents,
    clocks,
    config_writing,
    missing_sessions,
    protected_sign_ins,
    session_edit,
    session_move,
    sync_choices,
)
from ssohelper.actions import setup as onboarding
from ssohelper.actions.flows import session_change
from ssohelper.actions.flows.plan_write import agree_to_write
from ssohelper.actions.login import LoginOptions, Move
from ssohelper.actions.missing_sessions import MissingSession
from ssohelper.actions.selection import (
    find_unlisted_session,
    find_unlisted_sessions,
    resolve_session,
)
from ssohelper.actions.session_edit import SessionEntry, SessionPlan
from ssohelper.app import App
from ssohelper.cli import choosing, colors, output
from ssohelper.cli.sign_in_commands import sign_in_on_terminal
from ssohelper.cli.table import Cell
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import clock_text, plan_text
from ssohelper.core.instants import to_iso
from ssohelper.core.text import SOME_NAMES, shortened_name_list, show
from ssohelper.errors import BadAnswer

_UNKNOWN = {
    "further_regions": (),
    "user": None,
    "reason": None,
    "in_config": True,
    "profiles": None,
}
_HEADER = ("session", "start URL", "regions", "user", "state", "profiles")


@click.group("session", cls=output.Group)
def session_command_group() -> None:
    """Manage sessions: the portals that you sign in to, with their settings and saved lists.

    \b
    Examples:
      ssohelper session list
      ssohelper session show corp
      ssohelper session set-url corp https://corp.awsapps.com/start
      ssohelper session rm corp
    """


@session_command_group.command("list")
def list_sessions(app: App) -> None:
    """Print your sessions: portal, regions, user, state, profiles.

    \b
    Examples:
      ssohelper session list
      ssohelper session list --json
    """
    listed = [*app.config.read().sso_sessions(), *find_unlisted_sessions(app)]
    protected_sign_ins.warn_of_damaged_records(app)
    names = {one.name for one in listed}
    missing = [one for one in missing_sessions.list_missing_sessions(app) if one.name not in names]
    found = [
        *(_session_json(session_edit.load_session_entry(app, one)) for one in listed),
        *(
            _document(one.name, one.start_url, one.region, "unusable", reason=one.reason)
            for one in clocks.list_unusable_sessions(app)
        ),
        *map(_missing_json, missing),
    ]
    nothing = "there is no sso-session yet; onboard with: ssohelper setup START_URL"
    output.print_found(found, dict, _HEADER, _row, nothing)
    for one in () if output.options().json else missing:
        output.say(missing_sessions.describe_missing_session(one))


@session_command_group.command("show")
@click.argument("name", metavar="[SESSION]", required=False)
def show_session(app: App, name: str | None) -> None:
    """Print one session: sign-in, filters, name template, profiles.

    \b
    Examples:
      ssohelper session show corp
    """
    named = output.checked_session_name(name) or output.options().session
    chosen = find_unlisted_session(app, named) or choosing.choose_session(named)
    entry = session_edit.load_session_entry(app, chosen)
    if not output.print_if_json({**_session_json(entry), **_session_details_json(entry)}):
        output.print_rows(("WHAT", "VALUE"), _make_detail_rows(app, entry))


@session_command_group.command("set-url")
@click.argument("name", metavar="SESSION")
@click.argument("start_url", metavar="START_URL")
@click.option("--region", metavar="R", help="The region of your Identity Center, if it changes.")
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def set_session_url(
    app: App,
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
    agents.refuse_if_limited(
        app, "change sessions", f"ssohelper session set-url {name} {start_url}"
    )
    old = resolve_session(app, name)
    new = onboarding.make_session_at_url(
        app, start_url, old.name, region=region, known_region=old.region
    )
    plan = session_edit.plan_session_move(app, old, new)
    url = show(new.start_url, 200)
    if dry_run:
        _print_diff(app, plan)

    is_done = False
    if not plan.changes:
        output.say(f'the session "{show(old.name)}" is at {url} already')
    elif not dry_run:
        known = session_move.load_known_user(app, old)
        what = f'move the session "{show(old.name)}" to {url}, and sign in there'
        diff = config_writing.diff_changes(app, plan.data, plan.changes)
        dialogue = TerminalDialogue(plan.command, yes=yes)
        is_done = agree_to_write(app, dialogue, what, diff, f"ssohelper {plan.command}")
    if is_done:
        move = Move(old, partial(session_move.accept_sign_in, app, plan, known))
        try:
            options = LoginOptions(device_code, force=True, move=move)
            sign_in_on_terminal(app, new, options, no_browser=no_browser)
        except BadAnswer as error:
            own = f"ssohelper session set-url {old.name} {shlex.quote(new.start_url)}"
            error.hint = re.sub("ssohelper setup .* --session [^ ]+", own, error.hint or "")
            raise
        session_move.move_listing(app, new)
        output.say(f'session "{show(old.name)}" moved to {url}{session_change.UNDO}')
        for other in app.config.read().sessions_of_portal(new.start_url):
            if other.name != old.name:
                output.say(f'the session "{show(other.name)}" has this address too; to remove it')
                output.say(f"and its profiles: ssohelper session rm {show(other.name)}")
    output.print_if_json({"session": old.name, "changed": is_done})


@session_command_group.command("rm")
@click.argument("name", metavar="SESSION")
@click.option("--dry-run", is_flag=True, help="Print the diff, change nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def remove_session(app: App, name: str, dry_run: bool, yes: bool) -> None:
    """Sign out of a session, remove it and its managed profiles.

    \b
    Examples:
      ssohelper session rm corp --dry-run
      ssohelper session rm corp

    Its settings and filters are removed too. Profiles that you wrote yourself are not removed: as
    long as there are some, the session stays.
    """
    dialogue = TerminalDialogue("session rm", yes=yes)
    session = session_edit.find_leftover_session(app, name) or resolve_session(app, name)
    if dry_run:
        _print_diff(app, session_edit.plan_session_removal(app, session))
    is_removed = not dry_run and session_change.remove_session(app, dialogue, session)
    output.print_if_json({"session": session.name, "changed": is_removed})


def _print_diff(app: App, plan: SessionPlan) -> None:
    diff = config_writing.diff_changes(app, plan.data, plan.changes)
    output.print_diff(diff, on_stdout=True)


# -- describing a session ------------------------------------------------------------------------


def _document(
    name: str, start_url: str | None, region: str | None, state: str, **more: Any
) -> dict[str, Any]:
    given = {"name": name, "start_url": start_url, "region": region, "state": state}
    return {**given, **_UNKNOWN, **more}


def _session_json(entry: SessionEntry) -> dict[str, Any]:
    clock, count = entry.clock, len(entry.managed) + len(entry.others)
    further = [portal.region for portal in entry.further]
    more: dict[str, Any] = {"further_regions": further, "user": clock.user}
    more |= {"in_config": entry.in_config, "profiles": count}
    return _document(*clock.session[:3], clock.state, **more)


def _missing_json(one: MissingSession) -> dict[str, Any]:
    url, region = (one.recorded.start_url, one.recorded.region) if one.recorded else (None, None)
    more = {"reason": one.reason, "in_config": False, "profiles": len(one.profiles)}
    return _document(one.name, url, region, "missing", **more)


def _row(found: dict[str, Any]) -> tuple[str | Cell, ...]:
    state = text = found["state"].replace("_", " ")
    if not found["in_config"]:
        text += f", {clock_text.NOT_IN_CONFIG}"
    elif found["reason"]:
        text += f": {found['reason']}"
    return (
        found["name"],
        found["start_url"] or "-",
        " ".join((found["region"] or "-", *found["further_regions"])),
        found["user"] or "-",
        colors.state_cell(state, text),
        "-" if found["profiles"] is None else str(found["profiles"]),
    )


def _session_details_json(entry: SessionEntry) -> dict[str, Any]:
    ends_at, choices = entry.clock.token_expires_at, entry.choices
    return {
        "token_expires_at": None if ends_at is None else to_iso(ends_at),
        **sync_choices.choices_json(choices),
        "removed": sorted(f"{role.account_id}/{role.name}" for role in choices.removed),
        "managed_profiles": list(entry.managed),
        "other_profiles": list(entry.others),
        "files": list(entry.files),
    }


def _make_detail_rows(app: App, entry: SessionEntry) -> list[tuple[str, str | Cell]]:
    """Return the rows of `session show`. Options that the user never chose show their default."""
    choices, clock = entry.choices, entry.clock
    ends_at, now = clock.token_expires_at, app.clock.now()
    rows = list(zip(_HEADER, _row(_session_json(entry)), strict=True))
    rows += [(f"further portal {portal.region}", portal.start_url) for portal in entry.further]
    rows += [
        ("access token", "-" if ends_at is None else clock_text.time_left_text(ends_at, now)),
        ("sign-in", clock_text.sign_in_end_text(clock.outlook, now)),
        ("filters", plan_text.filter_options(choices) or "none"),
        ("name template", choices.template or app.settings.get("name_template")),
        ("form", choices.form or app.settings.get("form")),
        ("default region", sync_choices.region_for_new_profiles(app, clock.session, choices)),
        ("removed profiles", str(len(choices.removed))),
    ]
    # An organization may have 1,200 profiles: --json has all of them.
    for label, names in (("managed profiles", entry.managed), ("other profiles", entry.others)):
        rows.append((label, shortened_name_list(names, SOME_NAMES) or "none"))
    rows += [("file", path) for path in entry.files]
    return rows
