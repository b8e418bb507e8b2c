"""A plan as a person sees it: the diff, the question, what was done, what was left alone."""

from collections.abc import Callable, Iterable
from typing import Any

from ssohelper.actions import profiles
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core import plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.listing import Listing
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import show

# What setup and profile sync say of the options that they share.
ACCOUNT_HELP = "Only accounts of this name or id; !GLOB: not these. Repeatable."
ROLE_HELP = "Only roles of this name; !GLOB: not these. Repeatable."
FORM_HELP = "process: profiles call ssohelper; sso: for hosts that do not have it."


def warn_if_nothing_matches(app: App, listing: Listing, choices: Choices) -> None:
    """Warn that the filters, said now or remembered, leave no role: a typo is remembered too."""
    warning = plan_text.no_match_warning(listing, choices)
    if warning:
        app.warn(warning)


def print_plan(app: App, plan: Plan) -> None:
    """Print the diff, or the plan as JSON; nothing is written and nothing remembered."""
    if output.talk().json:
        output.print_json(_plan_document(plan), app.warnings)
        return
    print_diff(profiles.diff_plan(app, plan), on_stdout=True)
    if not plan.changes:
        output.say("nothing to change")
    _say_rest(plan)


def write_plan(app: App, plan: Plan, *, yes: bool, what: str) -> bool:
    """Show the diff, ask, write; a plan without changes only remembers what was chosen.

    False when the person said no."""
    if not plan.changes:
        profiles.remember(app, plan)
        output.say("nothing to change")
    else:
        print_diff(profiles.diff_plan(app, plan), on_stdout=False)
        if not asked(app, plan_text.summary(plan), yes, what):
            output.say("nothing was written")
            return False
        profiles.apply(app, plan)
        output.say(
            f"{plan_text.summary(plan, done=True)}; take it back with: ssohelper profile undo"
        )
    _say_rest(plan)
    if output.talk().json:
        output.print_json(_plan_document(plan), app.warnings)
    return True


def asked(app: App, summary: str, yes: bool, what: str) -> bool:
    question = f"{summary} — write {show(str(app.aws_config_file))}?"
    return output.confirm(question, yes=yes, what=what)


def count(number: int) -> str:
    return plan_text.profile_count(number)


def _say_rest(plan: Plan) -> None:
    """Say what was left alone, and why."""
    for line in plan_text.skipped_lines(plan):
        output.say(line)


def _plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "add": list(plan.add),
        "change": [change._asdict() for change in plan.change],
        "remove": list(plan.remove),
        "stale": list(plan.stale),
        "skipped": [skipped._asdict() for skipped in plan.skipped],
    }


def print_diff(lines: Iterable[str], on_stdout: bool) -> None:
    """Print a diff: as data when it is what was asked for, else as talk before a question."""
    if output.talk().json:
        return
    tell: Callable[[str], None] = output.echo if on_stdout else output.say
    text = "\n".join(show(line) for line in lines)
    if text:
        tell(text)
