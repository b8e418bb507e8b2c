"""The Profiles screen: shows the profiles and the diff of the next sync.

The user can write the diff, remove a profile, or undo the last write.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from ssohelper.actions import profiles, undoing
from ssohelper.core import plan_text
from ssohelper.core.instants import duration_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.commands import Command, commands_of
from ssohelper.tui.keys import action_binding
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.proposal import (
    NOTHING_WRITTEN,
    CurrentProfiles,
    Proposal,
    must_list_again,
    plan_from_saved_list,
    read_current,
)
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Chooser, Line, LineView, diff_lines
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.stores.config_versions import Version
    from ssohelper.tui.base import TuiApp

_CHANGING = frozenset({"apply", "undo", "remove", "prune", "session", "refresh"})


class ProfilesScreen(Screen[None]):
    """Shows the profiles of ~/.aws/config, and below them what a sync would change."""

    HELP_TEXT = (
        "Above, the profiles of ~/.aws/config with their roles. ssohelper manages those with ◆ "
        "and never changes the others. Below, what `ssohelper profile sync` would change now. "
        "Before each write you are asked."
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    ProfilesScreen #profiles { height: 2fr; min-height: 3; padding: 0 1; }
    ProfilesScreen #detail { height: 1; padding: 0 2; color: $text-muted; }
    ProfilesScreen #diff { height: 3fr; min-height: 3; padding: 0 1; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("profiles.apply"),
        action_binding("profiles.undo"),
        action_binding("profiles.remove"),
        action_binding("profiles.refresh"),
        action_binding("profiles.prune"),
        action_binding("profiles.session"),
        action_binding("profiles.help", "app.help", show=False),
        action_binding("profiles.back", "app.go('accounts')", show=False),
        action_binding("profiles.quit", "app.quit", show=False),
    ]
    app: TuiApp[Any]

    def __init__(self) -> None:
        super().__init__()
        self._current: CurrentProfiles | None = None
        self._proposal: Proposal | None = None
        self._session_number = 0
        self._prune = False
        self._name_width = 0

    def compose(self) -> ComposeResult:
        yield TopBar("profiles")
        yield Static("Profiles", id="profiles-title", classes="part--title", markup=False)
        yield Static("", id="error", classes="error", markup=False)
        yield Chooser(self._row, id="profiles")
        yield Static("", id="detail", markup=False)
        yield Static("profile sync", id="diff-title", classes="part--title", markup=False)
        yield LineView(id="diff")
        yield MessageLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#error").display = False
        self.query_one("#profiles").focus()

    def on_screen_resume(self) -> None:
        self.read()

    @property
    def is_planned(self) -> bool:
        """Return whether the screen shows what a sync would change."""
        return self._proposal is not None

    # -- reading and showing the profiles and the diff -----------------------------------------

    @work(exclusive=True, group="read")
    async def read(self) -> None:
        """Read ~/.aws/config and plan the sync, both in the background."""
        services = self.app.services
        try:
            self._show_current(await background.run(self.app, lambda: read_current(services)))
        except SsoHelperError as error:
            self._show_config_error(error)
            return
        await self._propose()

    async def _propose(self) -> None:
        services, session, prune = self.app.services, self.session, self._prune
        if session is None:
            self._show_proposal(None)
            return
        self._set_text("#diff-title", f"profile sync --session {session.name}: reading…")
        try:
            found = await background.run(
                self.app, lambda: plan_from_saved_list(services, session, prune=prune)
            )
        except SsoHelperError as error:
            self._proposal = None
            self._set_text("#diff-title", f"profile sync --session {session.name}: not possible")
            hint = [[(show(error.hint), "dim")]] if error.hint else []
            self.query_one("#diff", LineView).set_lines([[(show(error.message), "bad")], *hint])
            return
        self._show_proposal(found)

    def _show_current(self, found: CurrentProfiles) -> None:
        self._current = found
        names = (show(item.entry.name) for item in found.profiles)
        self._name_width = max(map(cell_len, names), default=0) + 3
        self.query_one("#error").display = False
        for part in ("#profiles", "#detail", "#diff-title", "#diff"):
            self.query_one(part).display = True
        managed = sum(item.entry.managed for item in found.profiles)
        others = len(found.profiles) - managed
        count = f"{plan_text.profile_count(len(found.profiles))} in {found.path}: "
        self._set_text("#profiles-title", f"{count}◆ {managed} managed, {others} yours")
        self.query_one("#profiles", Chooser).set_count(len(found.profiles))
        self._show_detail()
        self.refresh_bindings()

    def _show_config_error(self, error: SsoHelperError) -> None:
        """Show why ~/.aws/config cannot be read, with the line, and disable all changes."""
        self._current, self._proposal = None, None
        hint = f"\n{show(error.hint)}" if error.hint else ""
        note = "Until you correct this, no profile can be changed on this screen."
        self._set_text("#error", f"{error.message}{hint}\n\n{note}", already_shown=True)
        self._set_text("#profiles-title", "Profiles: the config cannot be read")
        self.query_one("#error").display = True
        for part in ("#profiles", "#detail", "#diff-title", "#diff"):
            self.query_one(part).display = False
        self.refresh_bindings()

    def _show_proposal(self, found: Proposal | None) -> None:
        self._proposal = found
        diff = self.query_one("#diff", LineView)
        if found is None:
            self._set_text("#diff-title", "profile sync: there is no session yet")
            diff.set_lines([[("set one up on the Sessions screen, or: ", "dim"),
                             ("ssohelper setup START_URL", "accent")]])  # fmt: skip
        else:
            self._set_text("#diff-title", f"{self._sync_command()}: {self._plan_text(found)}")
            diff.set_lines(found.lines)
        # If a sync would change nothing, the profiles take the whole screen.
        diff.display = found is None or bool(found.lines)
        if not diff.display and diff.has_focus:
            self.query_one("#profiles").focus()
        self.refresh_bindings()

    def _plan_text(self, found: Proposal) -> str:
        if found.plan is None:
            return "no list of roles yet"
        what = (
            plan_text.plan_summary_text(found.plan) if found.plan.changes else "nothing to change"
        )
        age = self.app.services.clock.now() - (found.listed_at or 0)
        return f"{what}  (list of {duration_text(age)} ago)"

    def _set_text(self, where: str, text: str, *, already_shown: bool = False) -> None:
        self.query_one(where, Static).update(
            Content("\n".join(map(show, text.split("\n"))) if already_shown else show(text))
        )

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        item = self._item
        if item is None:
            self._set_text("#detail", "no profile yet")
            return
        place = self._current.path if self._current else ""
        parts = [f"{place}:{item.entry.line}", "managed" if item.entry.managed else "yours"]
        if item.shown is not None:
            role = item.shown.role
            parts += [f"{role.account_id}/{role.name}", f"form {item.shown.form}"]
        if "region" in item.entry.keys:
            parts.append(item.entry.keys["region"])
        self._set_text("#detail", "  ".join(parts))

    def _row(self, number: int, width: int) -> Line:
        assert self._current is not None
        item = self._current.profiles[number]
        sign = "◆" if item.entry.managed else "·"
        columns_left = max(0, width - 4)
        # Only wide screens have columns for account and role, because most profiles' names contain
        # both.
        role_width = 24 if columns_left >= 90 else 0
        rest = (
            [(14, item.shown.role.account_id if item.shown else "")] if columns_left >= 60 else []
        )
        rest += [(role_width, item.shown.role.name if item.shown else "no role")]
        rest += [(14, (item.shown.session_name if item.shown else None) or "")]
        # The column of names is no wider than the longest name, so that the next column is near.
        name_width = min(
            self._name_width, max(0, columns_left - sum(columns for columns, _ in rest))
        )
        return [
            (f"  {sign} ", "accent" if item.entry.managed else "dim"),
            (fitted(item.entry.name, name_width - 1) + " " * (name_width > 0), ""),
            *((fitted(text, columns - 1) + " ", "dim") for columns, text in rest if columns),
        ]

    # -- the actions on profiles ---------------------------------------------------------------

    @property
    def session(self) -> SsoSession | None:
        """Return the session whose sync is shown, or None if there is no session."""
        sessions = self._current.sessions if self._current else ()
        return sessions[self._session_number % len(sessions)] if sessions else None

    @property
    def _item(self) -> profiles.ConfigProfile | None:
        number = self.query_one("#profiles", Chooser).cursor
        found = self._current.profiles if self._current else ()
        return found[number] if 0 <= number < len(found) else None

    def _sync_command(self) -> str:
        session = self.session
        name = f" --session {session.name}" if session else ""
        return f"profile sync{name}" + (" --prune" if self._prune else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: None shows its key dimmed, False hides it."""
        if action in _CHANGING and self._current is None:
            return None
        if action == "apply":
            return True if self.session else None
        if action == "session":
            return bool(self._current and len(self._current.sessions) > 1)
        if action == "remove":
            item = self._item
            return True if item and item.entry.managed else None
        return True

    def palette(self) -> list[Command]:
        """Return this screen's commands for the command palette."""
        lines = {
            "apply": self._sync_command(),
            "undo": "profile undo",
            "refresh": "list --refresh",
            "prune": "profile sync --prune",
        }
        item = self._item
        if item is not None and item.entry.managed:
            lines["remove"] = f"profile rm {shlex.quote(show(item.entry.name))}"
        offered = {name: line for name, line in lines.items() if self.check_action(name, ())}
        return commands_of("profiles", offered, lambda action: getattr(self, f"action_{action}")())

    def action_session(self) -> None:
        """Show the diff of the next session."""
        self._session_number += 1
        self.read()

    def action_prune(self) -> None:
        """Toggle whether profiles without a role are removed."""
        self._prune = not self._prune
        self.read()

    @work(exclusive=True, group="write")
    async def action_refresh(self) -> None:
        """Ask AWS for the session's roles again."""
        session = self.session
        if session is None:
            return
        if await refresh_list(self.app, session) is not None:
            self.app.show_done(
                "refreshed the list of roles", f"ssohelper list --refresh --session {session.name}"
            )
        self.read()

    @work(exclusive=True, group="write")
    async def action_apply(self) -> None:
        """Write the profiles of the diff, after a confirmation."""
        services, session, prune = self.app.services, self.session, self._prune
        if session is None:
            return
        command = f"ssohelper {self._sync_command()}"
        try:
            # Like `profile sync`, this refreshes an old list of roles before it writes, and any
            # list before it removes profiles.
            is_old = await background.run(
                self.app, lambda: must_list_again(services, session, prune=prune)
            )
            if is_old and await refresh_list(self.app, session, from_scratch=prune) is None:
                return
            found = await background.run(
                self.app, lambda: plan_from_saved_list(services, session, prune=prune)
            )
            plan = found.plan
            if plan is None or not plan.changes:
                self.app.show_done("nothing to change", command)
            elif await self._confirm(plan_text.plan_summary_text(plan), found.lines, command):
                await background.run(self.app, lambda: profiles.apply(services, plan))
                self.app.show_done(plan_text.plan_summary_text(plan, done=True), command)
        except SsoHelperError as error:
            self.app.show_error(error)
        self.read()

    @work(exclusive=True, group="write")
    async def action_undo(self) -> None:
        """Reverse the last write of the config, after a confirmation."""
        services, command = self.app.services, "ssohelper profile undo"

        def read() -> tuple[Version, list[Line], list[str]]:
            version = undoing.load_last_write(services)
            lines = diff_lines(undoing.diff_undo(services, version))
            return version, lines, undoing.list_restored_options(services, version)

        try:
            version, lines, options = await background.run(self.app, read)
            shown: list[Line] = [*([(show(line, 500), "")] for line in options), *lines]
            if await self._confirm("undo the last write", shown, command):
                await background.run(self.app, lambda: undoing.undo(services, version))
                done = [f"restored: {services.locations.aws_config_file}"] if lines else []
                self.app.show_done("; ".join((*done, *options)), command)
        except SsoHelperError as error:
            self.app.show_error(error)
        self.read()

    @work(exclusive=True, group="write")
    async def action_remove(self) -> None:
        """Remove the profile under the cursor, after a confirmation."""
        services, item = self.app.services, self._item
        if item is None:
            return
        command = f"ssohelper profile rm {shlex.quote(show(item.entry.name))}"
        try:
            found = await background.run(
                self.app, lambda: profiles.read_managed(services, [item.entry.name])
            )
            lines = await background.run(
                self.app, lambda: diff_lines(profiles.diff_removal(services, found))
            )
            if await self._confirm("1 profile to remove", lines, command):
                await background.run(self.app, lambda: profiles.remove(services, found))
                self.app.show_done("removed 1 profile", command)
        except SsoHelperError as error:
            self.app.show_error(error)
        self.read()

    async def _confirm(self, what: str, lines: list[Line], command: str) -> bool:
        place = (
            self._current.path
            if self._current
            else str(self.app.services.locations.aws_config_file)
        )
        screen = ConfirmScreen(f"{what} — write {place}?", lines=lines, command=command)
        yes = await self.app.push_screen_wait(screen)
        if not yes:
            self.app.show_done(NOTHING_WRITTEN)
        return yes
