"""The actions on all ticked roles of the list: write profiles, open consoles, run a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import directory, profile_edit, selection, sync_choices
from ssohelper.core import plan_text
from ssohelper.core.keymap import TICKED_LABELS
from ssohelper.core.model import RoleKey
from ssohelper.core.profile_plan import Plan
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import count_text
from ssohelper.errors import LoginRequired, SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.copying import copy_text
from ssohelper.tui.keys import keys_to_undo
from ssohelper.tui.screens.command_line import run_command
from ssohelper.tui.screens.config_write import confirm_write
from ssohelper.tui.screens.ticked_sign_ins import act_on_each
from ssohelper.tui.widgets.lines import Line, diff_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.widgets.role_list import RoleList


class TickedActions:
    def __init__(
        self,
        app: DialogApp,
        screen: Screen[None],
        roles: RoleList,
        reload: Callable[[], None],
        open_consoles: Callable[[Sequence[RoleRow]], Awaitable[None]],
    ) -> None:
        """`reload` reads the list's rows again. `open_consoles` opens the console of each role."""
        self._app, self._screen, self._roles = app, screen, roles
        self._reload, self._open_consoles = reload, open_consoles

    def acts_on_ticked_roles(self, name: str) -> bool:
        """Return whether the action `accounts.NAME` acts on ticked roles now."""
        return f"accounts.{name}" in TICKED_LABELS and self._roles.tick_count > 0

    def find_targets(self) -> tuple[RoleKey | None, frozenset[RoleKey]]:
        """Return the roles on which actions may run: that under the cursor, and the ticked ones."""
        row = self._roles.row
        return row and row.key, frozenset(each.key for each in self._roles.ticked)

    def run_action(self, name: str) -> None:
        rows = self._roles.ticked
        if name == "copy_profile":
            self._copy_names(rows)
            return
        work = self._run_slow_action(name, rows)
        self._app.started.start(self._screen, f"accounts.{name}", work)

    async def _run_slow_action(self, name: str, rows: Sequence[RoleRow]) -> None:
        slow = {
            "profile": self._add_profiles,
            "console": self._open_consoles,
            "command": self._run_command,
        }
        try:
            await slow[name](rows)
        except SsoHelperError as error:
            self._app.show_error(error)

    def _copy_names(self, rows: Sequence[RoleRow]) -> None:
        """Copy the roles' names on one line, quoted for a shell.

        A line break would run the line.
        """
        services = self._app.services
        names: list[str] = []
        try:
            for row in rows:
                found = selection.find_profiles_of_role(services, row.key, row.profiles)
                names.append(word_as_typed(found[0] if found else row.key.text))
        except SsoHelperError as error:
            self._app.show_error(error)
            return
        text = " ".join(names)
        copy_text(self._app, text, f"{count_text(len(rows), 'ticked role')}: {text}")

    async def _run_command(self, rows: Sequence[RoleRow]) -> None:
        await run_command(self._app, rows, self._reload)

    async def _add_profiles(self, rows: Sequence[RoleRow]) -> None:
        """Add a profile for each role that has none, with one diff, question and write per session.

        The roles stay ticked if one of the questions is declined, or a session is left out.
        """
        rows_of: dict[str, list[RoleRow]] = {}
        for row in rows:
            rows_of.setdefault(row.session_name, []).append(row)
        settled: set[str] = set()

        async def add_those_of_session(row: RoleRow) -> None:
            its_rows = rows_of[row.session_name]
            if row is not its_rows[0]:
                return  # all profiles of a session are added with its first row
            prefix = f'"{row.session_name}": ' if len(rows_of) > 1 else ""
            try:
                if await self._add_profiles_of_session(its_rows, prefix):
                    settled.add(row.session_name)
            except LoginRequired:
                raise
            except SsoHelperError as error:
                self._app.show_error(error)

        firsts = [its_rows[0] for its_rows in rows_of.values()]
        await act_on_each(
            self._app, rows, add_those_of_session, "accounts.profile", lambda row: row in firsts
        )
        if len(settled) == len(rows_of):
            self._roles.clear_ticks()
            self._reload()  # shows the list without ticks, also if nothing was written

    async def _add_profiles_of_session(self, rows: Sequence[RoleRow], prefix: str) -> bool:
        """Add the profiles of one session; return False if the user declined."""
        services, app = self._app.services, self._app

        def make_plan() -> tuple[Plan, list[Line]]:
            session = selection.resolve_session(services, rows[0].session_name)
            listing = directory.fetch_listing(services, session)
            choices = sync_choices.merge_choices(services, session)
            wanted = [row.key.role for row in rows if row.chained is None]
            plan = profile_edit.plan_new_profiles(services, session, listing, choices, wanted)
            return plan, diff_lines(profile_edit.diff_plan(services, plan))

        plan, lines = await background.run(app, make_plan)
        if not plan.changes:
            app.show_done(
                f"{prefix}each of {count_text(len(rows), 'ticked role')} has a profile already"
            )
            return True
        if not await confirm_write(app, f"{prefix}{plan_text.plan_counts_text(plan)}", lines):
            return False
        await background.run(app, lambda: profile_edit.write_profile_plan(services, plan))
        done = plan_text.plan_counts_text(plan, done=True)
        app.show_done(f"{prefix}{done}{keys_to_undo(app.key_of)}")
        self._reload()
        return True
