"""The actions on all ticked roles of the list of roles: write profiles, open consoles, run a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import directory, profiles, selection
from ssohelper.core import plan_text
from ssohelper.core.profile_plan import Plan
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import word_as_typed
from ssohelper.errors import LoginRequired, SsoHelperError, UsageProblem
from ssohelper.tui import background
from ssohelper.tui.commands import quoted_label
from ssohelper.tui.screens.command_line import run_command
from ssohelper.tui.screens.config_write import confirm_write
from ssohelper.tui.widgets.lines import Line, diff_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.app import FullScreenApp
    from ssohelper.tui.widgets.role_list import RoleList

# The actions that act on the ticked roles, if there are any, and not on the row under the cursor.
ACTIONS = frozenset({"profile", "console", "copy_profile", "command"})


class TickedActions:
    """Runs actions on all ticked roles, by their names in `core.keymap`."""

    def __init__(
        self,
        app: FullScreenApp,
        screen: Screen[None],
        roles: RoleList,
        reload: Callable[[], None],
        open_consoles: Callable[[Sequence[RoleRow]], Awaitable[None]],
    ) -> None:
        """`reload` reads the list's rows again. `open_consoles` opens the console of each role."""
        self._app, self._screen, self._roles = app, screen, roles
        self._reload, self._open_consoles = reload, open_consoles

    def applies(self, name: str) -> bool:
        """Return whether the action `accounts.NAME` acts on ticked roles now."""
        return name in ACTIONS and self._roles.tick_count > 0

    def run(self, name: str) -> None:
        """Run the action `accounts.NAME` on the ticked roles."""
        rows = self._roles.ticked
        if name == "copy_profile":
            self._copy_names(rows)
            return
        self._screen.run_worker(self._run_slow(name, rows), group=name, exclusive=True)

    async def _run_slow(self, name: str, rows: Sequence[RoleRow]) -> None:
        """Run the action. The sign-ins that it needs are offered, then it goes on."""
        slow = {
            "profile": self._add_profiles_signed_in,
            "console": self._open_consoles,
            "command": self._run_command,
        }
        try:
            await slow[name](rows)
        except SsoHelperError as error:
            self._app.show_error(error)

    def _copy_names(self, rows: Sequence[RoleRow]) -> None:
        """Copy the roles' names, quoted for a shell, on one line: a pasted line runs nothing."""
        services = self._app.services
        names: list[str] = []
        try:
            for row in rows:
                found = selection.find_profiles_of_role(services, row.key, row.profiles)
                names.append(word_as_typed(found[0] if found else row.key.text))
        except SsoHelperError as error:
            self._app.show_error(error)
            return
        self._app.copy_to_clipboard(" ".join(names))
        self._app.show_done(f"copied {_count(rows)}: {' '.join(names)}")

    async def _run_command(self, rows: Sequence[RoleRow]) -> None:
        await run_command(self._app, rows, self._reload)

    async def _add_profiles_signed_in(self, rows: Sequence[RoleRow]) -> None:
        """Add the profiles. If their session lacks a sign-in, offer that, and then add them."""
        try:
            await self._add_profiles(rows)
        except LoginRequired as error:
            if await self._app.offer_sign_in(
                rows[0].session_name, error, quoted_label("accounts.profile")
            ):
                await self._add_profiles(rows)

    async def _add_profiles(self, rows: Sequence[RoleRow]) -> None:
        """Add a profile for each of the roles that has none: one diff, one question, one write."""
        services, app = self._app.services, self._app

        def make_plan() -> tuple[Plan, list[Line]]:
            session = selection.resolve_session(services, _only_session(rows))
            listing = directory.fetch_listing(services, session)
            choices = profiles.merge_choices(services, session)
            wanted = [row.key.role for row in rows if row.chained is None]
            plan = profiles.plan_add_roles(services, session, listing, choices, wanted)
            return plan, diff_lines(profiles.diff_plan(services, plan))

        plan, lines = await background.run(app, make_plan)
        if not plan.changes:
            app.show_done(f"each of {_count(rows)} has a profile already")
            return
        if not await confirm_write(app, plan_text.plan_summary_text(plan), lines):
            return
        await background.run(app, lambda: profiles.apply(services, plan))
        app.show_done(f"{plan_text.plan_summary_text(plan, done=True)}; to undo: F4, then F8")
        self._roles.clear_ticks()
        self._reload()


def _only_session(rows: Sequence[RoleRow]) -> str:
    """Return the session of all these roles. Raises: UsageProblem if there are several."""
    names = sorted({row.session_name for row in rows})
    if len(names) > 1:
        raise UsageProblem(
            f"the ticked roles are of several sessions: {', '.join(names)}",
            hint="profiles are written for one session at a time: tick the roles of one",
        )
    return names[0]


def _count(rows: Sequence[RoleRow]) -> str:
    return "1 ticked role" if len(rows) == 1 else f"{len(rows)} ticked roles"
