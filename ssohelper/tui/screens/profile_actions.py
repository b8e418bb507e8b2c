"""Writes the config for the Profiles screen: a sync's plan, removals, the undo of a write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, directory, profile_edit, selection, undoing
from ssohelper.actions.flows import plan_write, profile_removal, undo
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.core import plan_text
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.tui import background, profile_rows
from ssohelper.tui.profile_rows import Found, ProfileRow
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.screens.screen_dialogue import run_flow
from ssohelper.tui.widgets.lines import Line, diff_lines, plain_lines

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


async def apply_sync(app: DialogApp, session: SsoSession) -> None:
    """Do `profile sync` with the session's saved options, after a question."""
    services = app.services

    def is_list_old() -> bool:
        # Another program may have removed the session since the screen planned its sync.
        selection.check_session_in_config(services, session)
        saved = directory.load_listing(services, session)
        return saved is None or not directory.is_listing_recent(
            services, session, saved, of_this_sign_in=True
        )

    def write(dialogue: Dialogue) -> None:
        plan = profile_rows.plan_sync(services, session).plan
        if plan is not None:
            warning = plan_text.filters_warning(plan)
            if warning:
                services.warn(warning)
            plan_write.write_plan(services, dialogue, plan, sync_command(session))

    # `profile sync` does the same: before it writes, it refreshes a list of roles that is old.
    is_old = await background.run(app, is_list_old)
    if is_old and await refresh_list(app, session, "profiles.apply") is None:
        return
    await run_flow(app, write)


def sync_command(session: SsoSession) -> str:
    return f"ssohelper profile sync --session {session.name}"


async def remove_profiles(app: DialogApp, rows: Sequence[ProfileRow]) -> bool:
    """Remove the managed profiles of these rows, after a question with the diff.

    Raises: SsoHelperError if a profile points at another role than its row showed.
    """
    services = app.services

    def read_profiles() -> list[ConfigProfile]:
        found = profile_edit.read_managed_profiles(services, [row.name for row in rows])
        if [one.name_and_role for one in found] != [
            row.item.name_and_role for row in rows if row.item
        ]:
            raise config_writing.list_changed_error(services)
        return found

    return await run_flow(
        app,
        lambda dialogue: profile_removal.remove_profiles(services, dialogue, read_profiles()),
    )


async def undo_last_write(app: DialogApp) -> None:
    """Take back what the last command wrote, after a question that shows the diff.

    If a part of it was edited since, shows both instead.
    """
    services = app.services
    try:
        planned = await background.run(app, lambda: undoing.plan_undo(services))
    except undoing.EditedSinceWrite as error:
        if error.diff:
            await app.push_screen_wait(DiffScreen(str(error), diff_lines(error.diff)))
        raise
    await run_flow(app, lambda dialogue: undo.undo_last_command(services, dialogue, planned))


async def show_diff(app: DialogApp, found: Found, plan: Plan, name: str) -> None:
    """Show the diff of the plan, scrolled to the profile `name`."""
    services = app.services
    title = f"{found.path}: {plan_text.plan_counts_text(plan, noun='')}"

    def make_lines() -> list[Line]:
        lines = diff_lines(config_writing.diff_changes(services, plan.data, plan.changes))
        lines += [
            line for text in plan_text.skipped_lines(plan) for line in plain_lines(text, "dim")
        ]
        warning = plan_text.filters_warning(plan)
        return lines + (plain_lines(warning, "warn") if warning else [])

    lines = await background.run(app, make_lines)
    if lines:
        await app.push_screen_wait(DiffScreen(title, lines, f"[profile {name}]"))
    else:
        app.show_done(title)
