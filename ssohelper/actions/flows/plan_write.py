"""Writes a plan of changes to profiles, after a question with its diff or its summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, profile_edit
from ssohelper.actions.flows.dialogue import Dialogue, PlanShown, agree
from ssohelper.core import plan_text
from ssohelper.core.profile_plan import Plan

if TYPE_CHECKING:
    from ssohelper.app import App

_SUMMARY_COLUMNS = 76


def write_plan(
    app: App,
    dialogue: Dialogue,
    plan: Plan,
    command: str,
    journal_name: str | None = None,
    *,
    prefix: str = "",
    choose_parts: Callable[[Plan], Plan | None] | None = None,
) -> Plan | None:
    """Return the written plan, or None if the user says no.

    A plan without changes only saves the sync options. `choose_parts` lets the user choose accounts
    and roles for another plan.
    """
    while plan.changes:
        app.config.check_writable()
        shown = _show_plan(app, plan, command, prefix)
        can_choose = choose_parts is not None and len(shown.summary) > 1
        answer = dialogue.show_plan(shown._replace(can_choose=can_choose))
        if answer == "y":
            break
        if answer == "n" or choose_parts is None:
            dialogue.say("nothing was changed")
            return None
        other = choose_parts(plan)
        if other is not None and not other.changes:
            dialogue.say(plan_text.NOTHING_CHOSEN)
        elif other is not None:
            plan = other
    profile_edit.write_profile_plan(app, plan, journal_name)
    for line in plan_text.lines_after_sync(plan):
        dialogue.say(line)
    done = f"{plan_text.plan_counts_text(plan, done=True)}; undo with: ssohelper undo"
    dialogue.say(f"{prefix}{done}" if plan.changes else "nothing to change", command)
    return plan


def agree_to_write(
    app: App, dialogue: Dialogue, what: str, diff: Iterable[str], command: str
) -> bool:
    """Raises: LocalState, before the question, if the config cannot be written."""
    app.config.check_writable()
    question = f"{what} — write {config_writing.shown_config_path(app)}?"
    return agree(dialogue, PlanShown([question], [*diff], command))


def _show_plan(app: App, plan: Plan, command: str, prefix: str) -> PlanShown:
    path = config_writing.shown_config_path(app)
    question = f"{prefix}{plan_text.plan_counts_text(plan)} — write {path}?"
    swapped = plan_text.swapped_names_lines(plan)
    diff = [*config_writing.diff_changes(app, plan.data, plan.changes), *swapped]
    summary = [*plan_text.summary_lines(plan, _SUMMARY_COLUMNS), *swapped]
    return PlanShown([*(summary if plan_text.is_big_plan(plan) else ()), question], diff, command)
