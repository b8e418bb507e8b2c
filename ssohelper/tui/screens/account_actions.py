"""What can be done with the row under the cursor. Each says what it did, and the command for it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from ssohelper.actions import (
    console,
    credentials,
    directory,
    environment,
    favourites,
    identity,
    profiles,
    selection,
)
from ssohelper.core import plan_text, shell_text
from ssohelper.core.instants import duration_text
from ssohelper.core.model import Profile, RoleCredentials
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import typed
from ssohelper.core.text import show
from ssohelper.errors import LocalState, LoginRequired, SsoHelperError
from ssohelper.fastpath import own_process
from ssohelper.system import browser
from ssohelper.tui import background
from ssohelper.tui.commands import Command
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.proposal import NOTHING_WRITTEN, place_of
from ssohelper.tui.widgets.lines import diff_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.app import HelperApp
    from ssohelper.tui.widgets.role_list import RoleList

_NOTICED_SECONDS = 1.0


class RowActions:
    """The actions for one screen with a list; `copy('…')` aside named as the key map names them."""

    def __init__(
        self, app: HelperApp, screen: Screen[None], roles: RoleList, reload: Callable[[], None]
    ) -> None:
        """`reload` reads the rows again, behind."""
        self.app = app
        self._screen = screen
        self.roles = roles
        self._reload = reload

    def run(self, name: str) -> None:
        """Do what the key map calls `accounts.NAME` with the row under the cursor."""
        row = self._row()
        if row is None:
            return
        if name.startswith("copy_"):
            self._copy(name.removeprefix("copy_"), row)
        elif name == "favourite":
            self._favourite(row)
        else:
            slow = {
                "whoami": self._whoami,
                "console": self._console,
                "shell": self._shell,
                "profile": self._profile_changed,
            }
            # One of a kind at a time: the later one gives the earlier one up.
            self._screen.run_worker(slow[name](row), group=name, exclusive=True)

    # -- the row -------------------------------------------------------------------------------

    def _row(self) -> RoleRow | None:
        row = self.roles.row
        if row is None:
            self.app.bell()
        return row

    def _profile(self, row: RoleRow) -> Profile:
        """Return the row's role as actions take it. Raises: as selection.profile_of_key."""
        return selection.profile_of_key(self.app.house, row.key, row.profiles)

    def _failed(self, row: RoleRow, error: SsoHelperError) -> None:
        """Say it; where a sign-in is needed, offer one."""
        if isinstance(error, LoginRequired):
            self.app.sign_in(row.session_name, error)
        else:
            self.app.failed(error)

    @contextmanager
    def _said_to_wait(self, what: str) -> Iterator[None]:
        """Say that AWS is asked, where its answer takes longer than one notices."""
        timer = self._screen.set_timer(
            _NOTICED_SECONDS, lambda: self.app.did(f"{what}: waiting for AWS")
        )
        try:
            yield
        finally:
            timer.stop()

    # -- copying -------------------------------------------------------------------------------

    def _copy(self, what: str, row: RoleRow) -> None:
        """Copy through the terminal (OSC 52): never keys."""
        try:
            text, command = self._to_copy(what, row)
        except SsoHelperError as error:
            self.app.failed(error)
            return
        self.app.copy_to_clipboard(text)
        # A link is five lines of the corner and tells nothing that the row does not.
        self.app.did("copied the console's link" if what == "link" else f"copied: {text}", command)

    def _to_copy(self, what: str, row: RoleRow) -> tuple[str, str]:
        """Return the text to copy, and the command line that prints or does the same."""
        if what == "link":
            profile = self._profile(row)
            page = console.page_of(self.app.house, profile, None, None)
            return console.link(profile, page), f"ssohelper console --print {typed(profile.name)}"
        if what == "account":
            return row.account.id, f"ssohelper list {row.account.id}"
        names = selection.profiles_pointing_at(self.app.house, row.key, row.profiles)
        if not names:
            raise LocalState(
                "this role has no profile yet",
                hint=f"add one: F9, or ssohelper profile add {typed(row.key.text)}",
            )
        if what == "export":
            name = shell_text.quoted("bash", names[0])  # control characters are refused
            return f"export AWS_PROFILE={name}", f"ssohelper use {typed(names[0])}"
        return names[0], f"ssohelper list {typed(row.role_name)}"

    # -- favourites ----------------------------------------------------------------------------

    def _favourite(self, row: RoleRow) -> None:
        wanted = not row.usage.favourite

        def done(_changed: bool) -> None:
            verb, words = ("add", "is") if wanted else ("rm", "is no longer")
            self.app.did(
                f"{row.role_name} in {row.account.name or row.account.id} {words} a favourite",
                f"ssohelper favourite {verb} {typed(row.profile_argument)}",
            )
            self._reload()

        house = self.app.house
        self.app.in_background(lambda: favourites.set_favourite(house, row.key, wanted), done)

    # -- AWS -----------------------------------------------------------------------------------

    async def _whoami(self, row: RoleRow) -> None:
        house = self.app.house

        def ask() -> tuple[Profile, identity.Confirmed]:
            profile = self._profile(row)
            return profile, identity.confirmed(house, identity.known(house, profile))

        try:
            with self._said_to_wait("whoami"):
                profile, who = await background.run(self.app, ask)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        self.app.did(f"{who.user}: {who.arn}", f"ssohelper whoami {typed(profile.name)}")

    async def _console(self, row: RoleRow) -> None:
        house = self.app.house

        def start() -> tuple[Profile, str]:
            profile = self._profile(row)
            page = console.page_of(house, profile, None, None)
            opener = browser.find_opener(
                house.environ, house.settings.get("browser", session=row.session_name)
            )
            if opener is None:
                return profile, console.link(profile, page)
            console.open_in_browser(
                house, profile, page, lambda url: browser.start(opener, url, house.environ)
            )
            favourites.record(house, profile)
            return profile, ""

        try:
            profile, link = await background.run(self.app, start)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        command = f"ssohelper console {typed(profile.name)}"
        if link:
            self.app.copy_to_clipboard(link)
            self.app.did("no browser here: copied the console's link", f"{command} --print")
        else:
            self.app.did("opened the console in a browser", command)
            self._reload()

    async def _shell(self, row: RoleRow) -> None:
        """Start a shell with the role's credentials in our place; we come back when it ends."""
        house = self.app.house

        def ask() -> tuple[Profile, RoleCredentials]:
            profile = self._profile(row)
            found = credentials.release(
                house,
                profile.session,
                profile.role,
                house.deadline(),
                least_share=credentials.NEARLY_WHOLE,
            )
            return profile, found

        try:
            with self._said_to_wait("exec"):
                profile, keys = await background.run(self.app, ask)
        except SsoHelperError as error:
            self._failed(row, error)
            return
        shell = house.environ.get("SHELL") or "/bin/sh"
        child = environment.keys_environment(house, profile, keys).of_child(house.environ)
        line = f"ssohelper exec {typed(profile.name)} -- {typed(shell)}"
        left = duration_text(keys.expires_at - house.aws_now())
        who = f"{row.role_name} in {row.account.name or row.account.id}: these keys end in {left}"
        try:
            with self.app.suspend():
                _run_shell(shell, child, f"{line}\n{show(who)}; exit comes back\n")
        except (SuspendNotSupported, OSError) as cause:
            self.app.failed(LocalState(f"no shell could be started here: {cause}", hint=line))
            return
        favourites.record(house, profile)
        self.app.did(f"back from a shell as {row.role_name}", line)
        self._reload()

    # -- profiles ------------------------------------------------------------------------------

    async def _profile_changed(self, row: RoleRow) -> None:
        """Add a profile for the role, or remove the one it has, after showing the diff."""
        try:
            changed = await (self._removed(row) if row.profiles else self._added(row))
        except SsoHelperError as error:
            self._failed(row, error)
            self._reload()
            return
        if changed:
            self._reload()

    async def _added(self, row: RoleRow) -> bool:
        house, app = self.app.house, self.app
        command = f"ssohelper profile add {typed(row.key.text)}"

        def plan() -> Any:
            profile = self._profile(row)
            listing = directory.listing(house, profile.session)
            choices = profiles.merge_choices(house, profile.session)
            made = profiles.plan_add(house, profile.session, listing, choices, profile.role, None)
            return made, diff_lines(profiles.diff_plan(house, made))

        made, lines = await background.run(app, plan)
        question = f"{plan_text.summary(made)} — write {place_of(house)}?"
        if not await app.push_screen_wait(ConfirmScreen(question, lines=lines, command=command)):
            app.did(NOTHING_WRITTEN)
            return False
        await background.run(app, lambda: profiles.apply(house, made))
        app.did(plan_text.summary(made, done=True), command)
        return True

    async def _removed(self, row: RoleRow) -> bool:
        house, app = self.app.house, self.app
        command = f"ssohelper profile rm {' '.join(map(typed, row.profiles))}"

        def plan() -> Any:
            found = self._profiles_to_remove(row)
            return found, diff_lines(profiles.diff_removal(house, found))

        found, lines = await background.run(app, plan)
        count = plan_text.profile_count(len(found))
        question = f"{count} to remove — write {place_of(house)}?"
        if not await app.push_screen_wait(ConfirmScreen(question, lines=lines, command=command)):
            app.did(NOTHING_WRITTEN)
            return False
        await background.run(app, lambda: profiles.remove(house, found))
        app.did(f"removed {count}; F4, then u takes it back", command)
        return True

    def _profiles_to_remove(self, row: RoleRow) -> list[profiles.ConfigProfile]:
        """Return the row's profiles. Raises: LocalState when one points elsewhere by now."""
        house = self.app.house
        if selection.profiles_pointing_at(house, row.key, row.profiles) != [*row.profiles]:
            raise LocalState(
                f'"{house.aws_config_file}" has changed since this list was read',
                hint="nothing was written; check the list, then press the key again",
            )
        return profiles.read_managed(house, row.profiles)

    # -- the palette ---------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        """Return the commands for the row under the cursor, by their names on the command line."""
        row = self.roles.row
        if row is None:
            return []
        words = typed(row.profile_argument)
        verb = "rm" if row.usage.favourite else "add"
        change = "rm" if row.profiles else "add"
        return [
            Command(f"use {words}", "leave with what to type", self.roles.choose),
            Command(f"favourite {verb} {words}", "shown first", partial(self.run, "favourite")),
            Command(f"console {words}", "in a browser", partial(self.run, "console")),
            Command(f"console --print {words}", "copy the link", partial(self.run, "copy_link")),
            Command(f"exec {words} -- $SHELL", "a shell with it", partial(self.run, "shell")),
            Command(f"whoami {words}", "as AWS says", partial(self.run, "whoami")),
            Command(f"profile {change} {words}", "with the diff", partial(self.run, "profile")),
        ]


def _run_shell(shell: str, environ: Mapping[str, str], said: str) -> None:
    """Run the shell to its end, after these words. ctrl+c in it is its own: not ours."""
    names = [name for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    kept = {number: signal.getsignal(number) for number in (getattr(signal, n) for n in names)}
    for number in kept:
        # A handler, since what is ignored stays ignored in the child.
        signal.signal(number, lambda *_: None)
    try:
        os.write(2, said.encode(errors="backslashreplace"))
        with own_process.original_core_limit():
            process = subprocess.Popen([shell], env=dict(environ))
        process.wait()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
