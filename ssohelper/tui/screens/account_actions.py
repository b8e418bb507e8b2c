"""What can be done with the row under the cursor. Each says what it did, and the command for it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import SuspendNotSupported
from textual.screen import Screen

from ssohelper import browser
from ssohelper.actions import (
    console,
    credentials,
    directory,
    environment,
    identity,
    profiles,
    selection,
    usage,
)
from ssohelper.actions.profiles import Said
from ssohelper.core import plan_text, shell_text
from ssohelper.core.model import Profile, RoleCredentials
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import typed
from ssohelper.errors import LocalState, LoginRequired, SsoHelperError
from ssohelper.tui import flow
from ssohelper.tui.commands import Command
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import diff_lines
from ssohelper.tui.widgets.role_list import RoleList

if TYPE_CHECKING:
    from ssohelper.tui.app import HelperApp


class AccountActions(Screen[None]):
    """The actions; the screen that inherits them has the list."""

    app: HelperApp

    @property
    def roles(self) -> RoleList:
        return self.query_one(RoleList)

    def reload(self) -> None:
        """Read again what is shown."""
        raise NotImplementedError

    # -- the row -------------------------------------------------------------------------------

    def _row(self) -> RoleRow | None:
        row = self.roles.row
        if row is None:
            self.app.bell()
        return row

    def _profile(self, row: RoleRow) -> Profile:
        """Return the row as what actions take. Raises what actions.selection raises."""
        return selection.profile_of(self.app.house, row.words, row.session_name)

    def _failed(self, row: RoleRow, error: SsoHelperError) -> None:
        """Say it; where a sign-in is needed, offer one."""
        if isinstance(error, LoginRequired):
            self.app.sign_in(row.session_name, error)
        else:
            self.app.failed(error)

    # -- copying -------------------------------------------------------------------------------

    def action_copy(self, what: str) -> None:
        """Copy through the terminal (OSC 52): never keys."""
        row = self._row()
        if row is None:
            return
        try:
            text, command = self._to_copy(what, row)
        except SsoHelperError as error:
            self.app.failed(error)
            return
        self.app.copy_to_clipboard(text)
        self.app.did(f"copied: {text}", command)

    def _to_copy(self, what: str, row: RoleRow) -> tuple[str, str]:
        words = typed(row.words)
        if what == "link":
            profile = self._profile(row)
            page = console.page_of(self.app.house, profile, None, None)
            return console.link(profile, page), f"ssohelper console --print {words}"
        if what == "account":
            return row.account.id, f"ssohelper list {row.account.id}"
        if not row.profiles:
            raise LocalState(
                "this role has no profile yet",
                hint=f"add one: F9, or ssohelper profile add {words}",
            )
        if what == "export":
            name = shell_text.quoted("bash", row.words)  # control characters are refused
            return f"export AWS_PROFILE={name}", f"ssohelper use {words}"
        return row.profiles[0], f"ssohelper list {typed(row.role_name)}"

    # -- favourites ----------------------------------------------------------------------------

    def action_favourite(self) -> None:
        row = self._row()
        if row is None:
            return
        wanted = not row.usage.favourite

        def done(_changed: bool) -> None:
            verb, words = ("add", "is") if wanted else ("rm", "is no longer")
            self.app.did(
                f"{row.role_name} in {row.account.name or row.account.id} {words} a favourite",
                f"ssohelper favourite {verb} {typed(row.words)}",
            )
            self.reload()

        house = self.app.house
        self.app.in_background(lambda: usage.set_favourite(house, row.key, wanted), done)

    # -- AWS -----------------------------------------------------------------------------------

    @work(group="whoami", exclusive=True)
    async def action_whoami(self) -> None:
        row = self._row()
        if row is None:
            return
        house = self.app.house

        def ask() -> identity.Confirmed:
            return identity.confirmed(house, identity.known(house, self._profile(row)))

        try:
            who = await flow.result(self.app, ask)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        self.app.did(f"{who.user}: {who.arn}", f"ssohelper whoami {typed(row.words)}")

    @work(group="console", exclusive=True)
    async def action_console(self) -> None:
        row = self._row()
        if row is None:
            return
        house = self.app.house

        def start() -> str:
            profile = self._profile(row)
            page = console.page_of(house, profile, None, None)
            opener = browser.find_opener(
                house.environ, house.settings.get("browser", session=row.session_name)
            )
            if opener is None:
                return console.link(profile, page)
            console.open_in_browser(
                house, profile, page, lambda url: browser.start(opener, url, house.environ)
            )
            usage.record(house, profile)
            return ""

        try:
            link = await flow.result(self.app, start)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        command = f"ssohelper console {typed(row.words)}"
        if link:
            self.app.copy_to_clipboard(link)
            self.app.did(f"no browser here: copied {link}", f"{command} --print")
        else:
            self.app.did("opened the console in a browser", command)
            self.reload()

    @work(group="shell", exclusive=True)
    async def action_shell(self) -> None:
        """Start a shell with the role's credentials in our place; we come back when it ends."""
        row = self._row()
        if row is None:
            return
        house = self.app.house

        def ask() -> tuple[Profile, RoleCredentials]:
            profile = self._profile(row)
            found = credentials.release(
                house, profile.session, profile.role, "exec", house.deadline()
            )
            return profile, found

        try:
            profile, keys = await flow.result(self.app, ask)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        shell = house.environ.get("SHELL") or "/bin/sh"
        child = environment.keys_environment(house, profile, keys).of_child(house.environ)
        line = f"ssohelper exec {typed(row.words)} -- {typed(shell)}"
        try:
            with self.app.suspend():
                _run_shell(shell, child, line)
        except (SuspendNotSupported, OSError) as cause:
            self.app.failed(LocalState(f"no shell could be started here: {cause}", hint=line))
            return
        usage.record(house, profile)
        self.app.did(f"back from a shell as {row.role_name}", line)
        self.reload()

    # -- profiles ------------------------------------------------------------------------------

    def action_profile(self) -> None:
        """Add a profile for the role, or remove the one it has, after showing the diff."""
        row = self._row()
        if row is not None:
            self._change_profile(row)

    @work(group="profile", exclusive=True)
    async def _change_profile(self, row: RoleRow) -> None:
        try:
            changed = await (self._removed(row) if row.profiles else self._added(row))
        except SsoHelperError as error:
            self._failed(row, error)
            return
        if changed:
            self.reload()

    async def _added(self, row: RoleRow) -> bool:
        house, app = self.app.house, self.app
        command = f"ssohelper profile add {typed(row.words)}"

        def plan() -> Any:
            profile = self._profile(row)
            listing = directory.listing(house, profile.session)
            choices = profiles.choices_for(house, profile.session, Said())
            made = profiles.plan_add(house, profile.session, listing, choices, profile.role, None)
            return made, diff_lines(profiles.diff(house, made))

        made, lines = await flow.result(app, plan)
        question = f"{plan_text.summary(made)} — write {house.aws_config_file}?"
        if not await app.push_screen_wait(ConfirmScreen(question, lines=lines, command=command)):
            return False
        await flow.result(app, lambda: profiles.apply(house, made))
        app.did(plan_text.summary(made, done=True), command)
        return True

    async def _removed(self, row: RoleRow) -> bool:
        house, app = self.app.house, self.app
        command = f"ssohelper profile rm {' '.join(map(typed, row.profiles))}"

        def plan() -> Any:
            found = profiles.managed_of(house, row.profiles)
            return found, diff_lines(profiles.removal_diff(house, found))

        found, lines = await flow.result(app, plan)
        count = plan_text.profiles(len(found))
        question = f"remove {count} — write {house.aws_config_file}?"
        if not await app.push_screen_wait(ConfirmScreen(question, lines=lines, command=command)):
            return False
        await flow.result(app, lambda: profiles.remove(house, found))
        app.did(f"removed {count}; F4, then u takes it back", command)
        return True

    # -- the palette ---------------------------------------------------------------------------

    def row_commands(self) -> list[Command]:
        """Return the commands for the row under the cursor, by their names on the command line."""
        row = self.roles.row
        if row is None:
            return []
        words = typed(row.words)
        verb = "rm" if row.usage.favourite else "add"
        change = "rm" if row.profiles else "add"
        return [
            Command(f"use {words}", "leave with what to type", self.roles.choose),
            Command(f"favourite {verb} {words}", "shown first", self.action_favourite),
            Command(f"console {words}", "in a browser", self.action_console),
            Command(f"console --print {words}", "copy the link", lambda: self.action_copy("link")),
            Command(f"exec {words} -- $SHELL", "a shell with it", self.action_shell),
            Command(f"whoami {words}", "as AWS says", self.action_whoami),
            Command(f"profile {change} {words}", "with the diff", self.action_profile),
        ]


def _run_shell(shell: str, environ: Mapping[str, str], line: str) -> None:
    """Run the shell to its end. ctrl+c in it is its own: not ours."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)}
    for number in kept:
        # A handler, since what is ignored stays ignored in the child.
        signal.signal(number, lambda *_: None)
    try:
        os.write(2, f"{line}\nexit comes back\n".encode(errors="backslashreplace"))
        subprocess.run([shell], env=dict(environ), check=False)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
