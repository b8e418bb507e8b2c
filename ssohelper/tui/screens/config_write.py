"""Asks before ~/.aws/config is written, and writes a plan. Call these functions in a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, profile_edit
from ssohelper.core import plan_text
from ssohelper.core.profile_plan import Plan
from ssohelper.tui import background
from ssohelper.tui.widgets.lines import Line, diff_lines, plain_lines

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.dialog_app import DialogApp

NOTHING_CHANGED, NO_CHANGE = "nothing was changed", "nothing to change"


def question_before_write(services: App, what: str) -> str:
    return f"{what} — write {config_writing.shown_config_path(services)}?"


def plan_lines(services: App, plan: Plan) -> list[Line]:
    """Return the diff of the plan, then the profiles that it skips, and a warning if its filters
    match no role.
    """
    lines = diff_lines(config_writing.diff_changes(services, plan.data, plan.changes))
    lines += [line for text in plan_text.skipped_lines(plan) for line in plain_lines(text, "dim")]
    warning = plan_text.filters_warning(plan)
    return lines + (plain_lines(warning, "warn") if warning else [])


async def write_plan(
    app: DialogApp, plan: Plan, command: str, name_in_journal: str | None = None
) -> None:
    """Write the plan of a sync and report it.

    If the plan changes nothing, only save its options.
    """
    services = app.services
    await background.run(
        app, lambda: profile_edit.write_profile_plan(services, plan, name_in_journal)
    )
    done = plan_text.plan_counts_text(plan, done=True) if plan.changes else NO_CHANGE
    app.show_done(done, command)
