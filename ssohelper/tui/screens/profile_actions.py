"""Writes the config for the Profiles screen: a sync's plan, removals, the undo of a write."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, profile_edit, selection, undoing
from ssohelper.core import plan_text
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import shortened_name_list, show
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.tui import background, foreground
from ssohelper.tui.profile_rows import ProfileRow
from ssohelper.tui.screens.config_write import confirm_write, write_plan
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.proposal import (
    Wish,
    must_refresh_list,
    plan_from_saved_list,
    plan_lines,
    plan_lines_by_kind,
    sync_command_line,
)
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.widgets.lines import Line, diff_lines, text_lines

if TYPE_CHECKING:
    from ssohelper.core.choices import Choices
    from ssohelper.tui.dialog_app import DialogApp

# A command line that removes more profiles than this has `PROFILE...` in place of their names.
_MOST_NAMES_IN_COMMAND = 4


async def apply_sync(app: DialogApp, wish: Wish) -> bool:
    """Do `profile sync` with the user's options, after a question. Return whether it was done."""
    services, session = app.services, wish.session
    # Another program may have removed the session since the screen planned its sync.
    await background.run(app, lambda: selection.check_session_in_config(services, session))
    found = await background.run(app, lambda: plan_from_saved_list(services, wish))
    if found.problems:
        raise UsageProblem(f"an option is not valid: {next(iter(found.problems.values()))}")
    # `profile sync` does the same: before it writes, it refreshes a list of roles that is old, and
    # before it removes profiles, it refreshes the list however new it is.
    is_old = await background.run(
        app, lambda: must_refresh_list(services, session, prune=wish.options.prune)
    )
    if is_old:
        if (
            await refresh_list(app, session, "profiles.apply", from_scratch=wish.options.prune)
            is None
        ):
            return False
        found = await background.run(app, lambda: plan_from_saved_list(services, wish))
    plan, command = found.plan, f"ssohelper {sync_command_line(wish, found.given, found.others)}"
    if plan is None:
        return False
    if plan.changes and not await _confirm_plan(app, plan, command):
        return False
    await write_plan(app, plan, command)
    return True


async def _confirm_plan(app: DialogApp, plan: Plan, command: str) -> bool:
    """Ask whether to write the plan, with its diff; for a big plan, the profiles by kind of change."""
    services = app.services
    diff = await background.run(app, lambda: plan_lines(services, plan))
    kinds = plan_lines_by_kind(plan)
    first = text_lines(plan_text.swapped_names_lines(plan), "warn")
    diff, kinds = [*first, *diff], [*first, *kinds]
    shown, other = (kinds, diff) if plan_text.is_big_plan(plan) else (diff, kinds)
    return await confirm_write(
        app, plan_text.plan_counts_text(plan, noun=""), shown, command, other
    )


async def remove_profiles(app: DialogApp, rows: Sequence[ProfileRow]) -> bool:
    """Remove the managed profiles of these rows, after a question with the diff.

    Raises: SsoHelperError if a profile points at another role than its row showed.
    """
    services, names = app.services, [row.name for row in rows]
    command = f"ssohelper profile rm {profile_names_as_arguments(names)}"
    found = await background.run(app, lambda: profile_edit.read_managed_profiles(services, names))
    shown = [row.item.name_and_role for row in rows if row.item]
    if [one.name_and_role for one in found] != shown:
        raise config_writing.list_changed_error(services)
    lines = await background.run(
        app, lambda: diff_lines(profile_edit.diff_profile_removal(services, found))
    )
    what = f"{plan_text.profile_count_text(len(found))} to remove: {shortened_name_list(names, _MOST_NAMES_IN_COMMAND)}"
    if not await confirm_write(app, what, lines, command):
        return False
    await background.run(app, lambda: profile_edit.remove_profiles(services, found))
    app.show_done(f"removed {plan_text.profile_count_text(len(found))}", command)
    return True


def profile_names_as_arguments(names: Sequence[str]) -> str:
    """Return the names as arguments of a command line, or `PROFILE...` for many."""
    return (
        " ".join(map(word_as_typed, names))
        if len(names) <= _MOST_NAMES_IN_COMMAND
        else "PROFILE..."
    )


async def refresh_roles(app: DialogApp, session: SsoSession) -> None:
    if await refresh_list(app, session, "profiles.refresh") is not None:
        command = f"ssohelper list --refresh --session {session.name}"
        app.show_done("refreshed the list of roles", command)


async def undo_last_write(app: DialogApp) -> None:
    """Reverse the last write of the config, after a question that shows the diff.

    If a section of the write was edited since, shows both instead.
    """
    services, command = app.services, "ssohelper profile undo"

    def plan() -> tuple[undoing.Undo, list[Line], list[tuple[str, Choices]]]:
        undo = undoing.plan_undo(services)
        lines = diff_lines(undoing.diff_undo(services, undo))
        return undo, lines, undoing.find_restored_choices(services, undo.version)

    try:
        undo, lines, choices = await background.run(app, plan)
    except undoing.EditedSinceWrite as error:
        if error.diff:
            await app.push_screen_wait(DiffScreen(str(error), diff_lines(error.diff)))
        raise
    options = [plan_text.restored_options_line(*one, "will be") for one in choices]
    shown: list[Line] = [*([(show(line, 500), "strong")] for line in options), *lines]
    if await confirm_write(app, f"undo the last write: {_diff_counts_text(lines)}", shown, command):
        await background.run(app, lambda: undoing.undo_config_write(services, undo))
        done = [f"restored: {services.locations.aws_config_file}"] if lines else []
        done += [plan_text.restored_options_line(*one, "were") for one in choices]
        app.show_done("; ".join(done), command)


def _diff_counts_text(lines: Sequence[Line]) -> str:
    if not lines:
        return "options only, no line of the config"
    styles = [line[0][1] for line in lines]
    return f"+{styles.count('good')} and -{styles.count('bad')} lines"


async def show_diff(app: DialogApp, path: str, plan: Plan, name: str | None) -> None:
    """Show the diff of the plan, scrolled to the profile `name`."""
    services = app.services
    title = f"{path}: {plan_text.plan_counts_text(plan, noun='')}"
    lines = await background.run(app, lambda: plan_lines(services, plan))
    if lines:
        dialog = DiffScreen(title, lines, f"[profile {name}]" if name else "")
        await app.push_screen_wait(dialog)
    else:
        app.show_done(title)


def edit_config(app: DialogApp, line: int | None) -> None:
    """Open the editor at this line of the config.

    None stands for the line that makes the config unreadable, or line 1.
    """
    path = str(app.services.locations.aws_config_file)
    if line is None:
        try:
            with suppress(LocalState):  # the editor says more about a file that cannot be read
                app.services.config.read()
        except ConfigInvalid as error:
            line = error.line
    foreground.run_editor(app, path, line or 1)
