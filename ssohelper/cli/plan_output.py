"""Makes and shows a plan of changes to profiles: the diff, the question, the result, skipped roles."""

import functools
from collections.abc import Callable
from typing import Any

import click

from ssohelper.actions import config_writing, profile_edit
from ssohelper.actions.flows import plan_write
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import filter_rows, plan_text
from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.profile_plan import Plan

_DEFAULT_REGION_HELP = "The region of new profiles, and of those with the old default region."
_ADOPT_HELP = "Take over profiles of other tools, under the names they have. Repeatable."
_PORTABLE_HELP = "Run ssohelper by its name, for a config that machines share, or by its path."
_FORM_HELP = "process: profiles run ssohelper; sso: they also work on hosts without it."

form_option = click.option("--form", type=click.Choice(FORMS), help=_FORM_HELP)


def sync_options(function: Callable[..., object]) -> Callable[..., object]:
    """Add the options of setup and profile sync; the function gets most of them as `given`."""

    @output.account_option
    @output.role_option
    @form_option
    @click.option("--portable/--no-portable", "is_portable", default=None, help=_PORTABLE_HELP)
    @click.option("--name-template", metavar="T", help="Names: default {account_name}.{role_name}")
    @click.option("--default-region", metavar="R", help=_DEFAULT_REGION_HELP)
    @click.option("--adopt", multiple=True, metavar="GLOB", help=_ADOPT_HELP)
    @functools.wraps(function)
    def run_with_choices(*args: object, **options: Any) -> object:
        names = ("accounts", "roles", "name_template", "form", "default_region")
        given = Choices(*map(options.pop, names))
        return function(*args, given=given, **options)

    return run_with_choices


def print_or_write_plan(app: App, plan: Plan, *, dry_run: bool, yes: bool, what: str) -> None:
    if not dry_run:
        write_plan(app, plan, yes=yes, what=what)
        return
    if output.print_if_json(plan_json(plan)):
        return
    diff = config_writing.diff_changes(app, plan.data, plan.changes)
    output.print_diff(diff, on_stdout=True)
    for line in plan_text.swapped_names_lines(plan):
        output.say(line)
    if not plan.changes:
        output.say("nothing to change")
    for line in plan_text.lines_after_sync(plan, is_dry_run=True):
        output.say(line)


def write_plan(app: App, plan: Plan, *, yes: bool, what: str) -> bool:
    """Show the plan, ask, and write ~/.aws/config; return False if the user says no.

    `what` names the command.
    """
    can_choose = output.can_draw_picker() and not (yes or plan.request.only_roles)
    written = plan_write.write_plan(
        app,
        TerminalDialogue(what, yes=yes),
        plan,
        f"ssohelper {what}",
        what,
        choose_parts=functools.partial(_ask_for_filters, app) if can_choose else None,
    )
    if written is not None:
        output.print_if_json(plan_json(written))
    return written is not None


def _ask_for_filters(app: App, plan: Plan) -> Plan | None:
    from ssohelper.cli import pickers

    rows = filter_rows.filter_rows_of_listing(plan.request.listing)
    picked = pickers.pick_filters(app, rows)
    if picked is None:
        return None
    other = profile_edit.plan_with_role_filters(app, plan, picked)
    if warning := plan_text.filters_warning(other):
        app.warn(warning)
    return other


def plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "add": list(plan.add),
        "change": [change._asdict() for change in plan.change],
        "remove": list(plan.remove),
        "stale": list(plan.stale),
        "skipped": [skipped._asdict() for skipped in plan.skipped],
    }
