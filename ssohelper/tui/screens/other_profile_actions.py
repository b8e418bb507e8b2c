"""The actions on listed profiles whose credentials do not come from ssohelper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ssohelper.actions import foreign_credentials, foreign_profiles
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import arguments_as_typed, word_as_typed
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.system import browser
from ssohelper.tui import background
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.role_shell import run_foreign_shell

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

# Why an action is not possible with a profile of another tool: the end of the message about it.
_REFUSED = {
    "favourite": "only roles can be favourites",
    "profile": "only profiles of ssohelper are added and removed here",
    "command": "run the command in a shell with this profile",
    "copy_account": "this profile names no account of Identity Center",
    "copy_link": "this profile has no link at a portal",
}


class OtherProfileActions:
    def __init__(self, app: DialogApp, screen: Screen[None]) -> None:
        self._app, self._screen = app, screen
        self._slow: dict[str, Callable[[RoleRow], Awaitable[None]]] = {
            "whoami": self._ask_identity,
            "console": self._open_console,
            "shell": self._open_shell,
        }

    def handles_action(self, name: str) -> bool:
        """Return whether `accounts.NAME` acts differently on another tool's profile than on a role."""
        return name in _REFUSED or name in self._slow

    def run_action(self, name: str, row: RoleRow) -> None:
        if name in _REFUSED:
            what = f'the credentials of "{row.role_name}" come from {row.provider}'
            self._app.show_done(f"{what}: {_REFUSED[name]}")
        else:
            self._app.started.start(
                self._screen,
                f"accounts.{name}",
                self._run_action_in_worker(name, row),
                waits_for=row.provider,
            )

    async def _run_action_in_worker(self, name: str, row: RoleRow) -> None:
        try:
            await self._slow[name](row)
        except SsoHelperError as error:
            self._app.show_error(error)

    def _obtain_profile_and_credentials(
        self, row: RoleRow
    ) -> tuple[ForeignProfile, ForeignCredentials]:
        """Return the profile and its credentials. Its provider runs without a terminal."""
        services = self._app.services
        found = foreign_profiles.find_foreign_row(services, row)
        foreign_profiles.check_usable(services, found, is_on_terminal=False)
        deadline = services.clock.deadline()
        keys = foreign_credentials.obtain_credentials(
            services, found, {}, deadline, is_on_terminal=False
        )
        return found, keys

    async def _ask_identity(self, row: RoleRow) -> None:
        services = self._app.services

        def ask_identity() -> foreign_credentials.Identity:
            return foreign_credentials.confirm_identity_of(
                services, *self._obtain_profile_and_credentials(row)
            )

        self._announce_wait(row)
        who = await background.run(self._app, ask_identity)
        command = f"ssohelper whoami {arguments_as_typed(row.role_name)}"
        self._app.show_done(f"{who.user}: {who.arn}", command)

    async def _open_console(self, row: RoleRow) -> None:
        services, app = self._app.services, self._app

        def find_region_and_browser() -> tuple[str, browser.Opener | None]:
            found = foreign_profiles.find_foreign_row(services, row)
            region = foreign_credentials.choose_sts_region(services, found)
            return region, browser.find_opener(services.environ)

        region, opener = await background.run(app, find_region_and_browser)
        if opener is None:
            raise LocalState(
                f'no browser can be started here, and there is no link for "{row.role_name}"',
                hint="set BROWSER, or use a role of Identity Center",
            )
        choice = await app.push_screen_wait(
            ConsoleChooser(f"Console of {row.role_name}", [], region)
        )
        if choice is None:
            return

        self._app.started.release_keys()
        is_cancelled = app.started.make_cancel_check()

        def open_console_in_browser() -> None:
            found, keys = self._obtain_profile_and_credentials(row)
            page = foreign_credentials.choose_console_page(services, found, *choice)
            foreign_credentials.open_console_in_browser(
                services,
                found,
                keys,
                page,
                lambda url: (
                    not is_cancelled()
                    and browser.start_opener(opener, url, services.environ) is not None
                ),
                is_cancelled,
            )

        self._announce_wait(row)
        await background.run(app, open_console_in_browser)
        options = f"--service {choice.service} --region {choice.region}"
        command = f"ssohelper console {word_as_typed(row.role_name)} {options}"
        app.show_done("opened the console in a browser", command)

    async def _open_shell(self, row: RoleRow) -> None:
        services = self._app.services

        def find_usable_profile() -> ForeignProfile:
            found = foreign_profiles.find_foreign_row(services, row)
            foreign_profiles.check_usable(services, found, is_on_terminal=True)
            return found

        found = await background.run(self._app, find_usable_profile)
        await run_foreign_shell(self._app, found)

    def _announce_wait(self, row: RoleRow) -> None:
        self._app.show_done(f'waiting for the credentials of "{row.role_name}" from {row.provider}')


def other_profile_command_lines(name: str) -> dict[str, str]:
    """Return the command line of each action that is possible with such a profile."""
    return {
        "use": f"use {name}",
        "console": f"console {name}",
        "shell": f"exec {name} -- $SHELL",
        "whoami": f"whoami {name}",
    }
