"""Makes and shows a plan of changes to profiles: the diff, the question, the result, skipped roles."""

import shutil
from collections.abc import Iterable, Sequence
from typing import Any

from ssohelper.actions import adopting, config_writing, profile_edit, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core import filter_rows, plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import show
from ssohelper.system import programs

# Help texts of the options that setup and profile sync share.
ACCOUNT_HELP = "Only accounts whose name or id matches; !GLOB leaves them out. Repeatable."
ROLE_HELP = "Only roles whose name matches; !GLOB leaves them out. Repeatable."
DEFAULT_REGION_HELP = "The region of new profiles, and of those with the old default region."
# The command whose plan an empty answer accepts: it only adds, and `undo` takes it back.
_ENTER_IS_YES = "setup"
PRUNE_HELP = "Remove managed profiles whose role is gone, or left out by filters given now."
ADOPT_HELP = "Take over profiles of other tools, under the names they have. Repeatable."
PORTABLE_HELP = "Run ssohelper by its name, for a config that machines share, or by its path."
FORM_HELP = "process: profiles run ssohelper; sso: they also work on hosts without it."


def choose_profiles_to_adopt(
    app: App,
    session: SsoSession,
    listing: Listing,
    globs: tuple[str, ...],
    *,
    yes: bool,
    offers: bool,
) -> tuple[Sequence[ProfileOfOtherTool], frozenset[str]]:
    """Print which profiles other tools wrote; return these, and the names of those to adopt.

    `globs` are the values of --adopt. With `offers` and no globs, the user is asked whether to adopt
    the profiles that do not work without ssohelper.
    Raises: UsageProblem for patterns that match only a part of a block that aws-sso-cli rewrites.
    """
    found = adopting.list_other_profiles(app, session, listing)
    for line in setup_text.other_profile_lines(found):
        output.say(line)
    needing, chosen = adopting.choose_needing(found), frozenset[str]()
    if globs:
        chosen = adopting.choose_by_globs(found, globs)
    elif needing and offers and not yes and output.can_ask_user():
        question = setup_text.adopt_profiles_question(needing)
        if output.confirm(question, yes=False, what="setup", default=True):
            chosen = needing
        else:
            output.say(setup_text.ADOPT_LATER)
    elif needing:
        output.say("to adopt these profiles under their names: ssohelper profile sync --adopt '*'")
    return found, chosen


def warn_if_nothing_matches(app: App, plan: Plan) -> None:
    """The filters may be mistyped, or were saved when other roles existed."""
    warning = plan_text.filters_warning(plan)
    if warning:
        app.warn(warning)


def print_or_write_plan(app: App, plan: Plan, *, dry_run: bool, yes: bool, what: str) -> None:
    if not dry_run:
        write_plan(app, plan, yes=yes, what=what)
        return
    if output.options().json:
        output.print_json(_plan_json(plan), app.warnings)
        return
    _print_plan_diff(app, plan, on_stdout=True)
    if not plan.changes:
        output.say("nothing to change")
    for line in plan_text.lines_after_sync(plan, is_dry_run=True):
        output.say(line)


def _print_plan_diff(app: App, plan: Plan, *, on_stdout: bool) -> None:
    print_diff(config_writing.diff_changes(app, plan.data, plan.changes), on_stdout)
    for line in plan_text.swapped_names_lines(plan):
        output.say(line)


def write_plan(app: App, plan: Plan, *, yes: bool, what: str) -> bool:
    """Show the plan's diff, ask, and write ~/.aws/config; return False if the user says no.

    A plan without changes only saves the sync options. `what` names the command.
    """
    agreed = _show_plan_and_ask(app, plan, yes=yes, what=what)
    if agreed is None:
        return False
    profile_edit.write_profile_plan(app, agreed, what)
    done = f"{plan_text.plan_counts_text(agreed, done=True)}; undo with: ssohelper undo"
    output.say(done if agreed.changes else "nothing to change")
    for line in plan_text.lines_after_sync(agreed):
        output.say(line)
    if output.options().json:
        output.print_json(_plan_json(agreed), app.warnings)
    return True


def _show_plan_and_ask(app: App, plan: Plan, *, yes: bool, what: str) -> Plan | None:
    """Show the plan's diff, or a summary of a big plan, and ask whether to write the plan.

    Returns the plan to write, which is a new one if the user chose other accounts or roles, or None
    if the user says no.
    """
    if not plan.changes:
        return plan
    summary = plan_text.plan_counts_text(plan)
    if yes or output.options().json or not (plan_text.is_big_plan(plan) and output.can_ask_user()):
        _print_plan_diff(app, plan, on_stdout=False)
        return plan if confirm_write(app, summary, yes, what) else None
    summary_lines = plan_text.summary_lines(plan, shutil.get_terminal_size().columns - 1)
    for line in (*summary_lines, *plan_text.swapped_names_lines(plan)):
        output.say(line)
    can_choose = output.can_draw_picker() and not plan.request.only_roles
    keys, answers = "d shows the diff", "Y/n/d" if what == _ENTER_IS_YES else "y/N/d"
    if can_choose:
        keys, answers = f"{keys}, c chooses accounts and roles", f"{answers}/c"
    app.config.check_writable()
    question = f"{_write_question(app, summary)} ({keys}) [{answers}]"
    while True:
        answer = output.ask(question, default="", show_default=False).strip().lower()
        if can_choose and answer in ("c", "choose"):
            other = _ask_for_filters(app, plan)
            if other is not None and not other.changes:
                output.say(plan_text.NOTHING_CHOSEN)
            elif other is not None:
                return _show_plan_and_ask(app, other, yes=yes, what=what)
        elif answer in ("d", "diff"):
            text = "\n".join(map(show, config_writing.diff_changes(app, plan.data, plan.changes)))
            if not (output.can_draw_picker() and programs.show_in_pager(text, app.environ)):
                output.say(text)
        elif answer in ("y", "yes") or (what == _ENTER_IS_YES and not answer):
            return plan
        else:
            output.say(output.NOTHING_CHANGED)
            return None


def _ask_for_filters(app: App, plan: Plan) -> Plan | None:
    from ssohelper.cli import pickers

    rows = filter_rows.filter_rows_of_listing(plan.request.listing)
    picked = pickers.pick_filters(app, rows)
    if picked is None:
        return None
    other = profile_edit.plan_with_role_filters(app, plan, picked)
    warn_if_nothing_matches(app, other)
    return other


def _write_question(app: App, summary: str) -> str:
    return f"{summary} — write {show(str(app.locations.aws_config_file))}?"


def confirm_write(app: App, summary: str, yes: bool, what: str) -> bool:
    """Ask whether to write ~/.aws/config. Raises: LocalState, before that, if it is unwritable."""
    app.config.check_writable()
    return confirm_change(_write_question(app, summary), yes=yes, what=what)


def confirm_change(question: str, *, yes: bool, what: str) -> bool:
    is_agreed = output.confirm(question, yes=yes, what=what, default=what == _ENTER_IS_YES)
    if not is_agreed:
        output.say(output.NOTHING_CHANGED)
    return is_agreed


def say_restored_options(
    options: Iterable[tuple[str, Choices]], verb: plan_text.RestoredVerb
) -> None:
    """Print which filters and options an undo restores."""
    for session_name, choices in options:
        output.say(show(plan_text.restored_options_line(session_name, choices, verb), 500))


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "add": list(plan.add),
        "change": [change._asdict() for change in plan.change],
        "remove": list(plan.remove),
        "stale": list(plan.stale),
        "skipped": [skipped._asdict() for skipped in plan.skipped],
    }


def print_diff(lines: Iterable[str], on_stdout: bool) -> None:
    """Print a diff, unless with --json: on stdout if it is the result, on stderr before a question."""
    if output.options().json:
        return
    # Tabs are printed as they are: they are harmless, and a config may contain them.
    text = "\n".join("\t".join(map(show, line.split("\t"))) for line in lines)
    if text:
        (output.echo if on_stdout else output.say)(text)
