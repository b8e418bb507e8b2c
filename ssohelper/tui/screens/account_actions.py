"""The actions on the row under the cursor of the list of roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import (
    adopting,
    config_writing,
    console,
    directory,
    environment,
    favourites,
    foreign_credentials,
    foreign_profiles,
    identity,
    profile_edit,
    selection,
    sync_choices,
    tokens,
)
from ssohelper.actions.flows import plan_write, profile_removal
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.core import guard_rules, shell_text
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.keymap import TICKED_LABELS, WantedAction
from ssohelper.core.model import PageChoice, Profile, Role
from ssohelper.core.profile_plan import Plan
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import arguments_as_typed, word_as_typed
from ssohelper.core.text import count_text
from ssohelper.errors import LocalState, LoginRequired, RoleNotAssigned, SsoHelperError
from ssohelper.system import browser
from ssohelper.tui import background
from ssohelper.tui.copying import copy_text
from ssohelper.tui.screens.command_line import run_command
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.role_shell import (
    check_credentials,
    run_foreign_shell,
    run_shell,
)
from ssohelper.tui.screens.screen_dialogue import run_flow
from ssohelper.tui.screens.sign_in_offer import (
    act_on_each,
    ensure_grant,
    find_ungranted_rows,
    offer_sign_in,
    question_number_text,
    sign_in_first,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_profiles import ConfigProfile
    from ssohelper.core.model import SsoSession
    from ssohelper.tui.dialog_app import DialogApp
    from ssohelper.tui.widgets.role_list import RoleList

_USE = "accounts.use"
_PROVIDED_BY_OTHERS = ("whoami", "console", "shell")
# Why an action is not possible with a profile of another tool: the end of the message about it.
_REFUSED = {
    "favourite": "only roles can be favourites",
    "profile": "only profiles of ssohelper are added and removed here",
    "command": "run the command in a shell with this profile",
    "copy_account": "this profile names no account of Identity Center",
    "copy_link": "this profile has no link at a portal",
}


class RowActions:
    """Runs actions on the row under the cursor or the ticked rows, by their names in `core.keymap`."""

    def __init__(self, app: DialogApp, roles: RoleList, reload: Callable[[], None]) -> None:
        self.app = app
        self.roles = roles
        self._reload = reload

    def acts_on_ticked_roles(self, name: str) -> bool:
        """Return whether the action `accounts.NAME` acts on ticked roles now."""
        return f"accounts.{name}" in TICKED_LABELS and self.roles.tick_count > 0

    def applies(self, name: str) -> bool:
        """Return whether the action `accounts.NAME` is possible with the row or the ticked roles."""
        row = self.roles.row
        refused = row is not None and row.provider and name in _REFUSED
        return self.acts_on_ticked_roles(name) or (row is not None and not refused)

    def is_guarded(self, row: RoleRow) -> bool:
        """Return whether to mark the row as guarded; with invalid settings, no row is."""
        try:
            rules = self.app.services.vault.policy.rules
        except SsoHelperError:
            return False
        return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)

    def run_action(self, name: str) -> None:
        row = self.roles.row
        if self.acts_on_ticked_roles(name):
            self._run_on_ticked(name, self.roles.ticked)
        elif row is None:
            self.app.warn_no_role_chosen()
        elif row.provider and (name in _REFUSED or name in _PROVIDED_BY_OTHERS):
            self._run_on_foreign_profile(name, row)
        elif name in ("copy", "copy_account", "copy_export"):
            self._copy_name(name.removeprefix("copy_"), row)
        elif name == "favourite":
            self._toggle_favourite(row)
        else:
            self._start(name, partial(self._run_after_grant, name, row, signed_in=False))

    def _start(
        self, name: str, work: Callable[[], Awaitable[None]], waits_for: str = "AWS"
    ) -> None:
        self.app.busy.start(f"accounts.{name}", work, waits_for)

    async def _run_after_grant(self, name: str, row: RoleRow, *, signed_in: bool) -> None:
        """Run the action. If it needs a sign-in, offer one, and then run the action once more."""
        slow: dict[str, Callable[[RoleRow], Awaitable[None]]] = {
            "whoami": self._ask_identity,
            "console": self._open_console,
            "copy_link": lambda row: self._open_console_page(row, None),
            "shell": self._open_shell,
            "profile": self._toggle_profile,
            "command": lambda row: run_command(self.app, [row], self._reload),
        }
        try:
            if name in ("profile", "command") or await self._ensure_grant(row):
                await slow[name](row)
        except LoginRequired as error:
            wanted = WantedAction(f"accounts.{name}", row.label)
            if signed_in:
                raise
            if await offer_sign_in(self.app, row.session_name, error, wanted):
                await self._run_after_grant(name, row, signed_in=True)
        finally:
            if name == "profile":
                self._reload()

    async def _ensure_grant(self, row: RoleRow, guarded: Sequence[RoleRow] = ()) -> bool:
        place = question_number_text(row, guarded)
        return await ensure_grant(self.app, row.key, self._reload, place)

    # -- using a role: the program ends, and the shell runs `ssohelper use` --------------------

    def use_role(self, row: RoleRow, *, guarded: bool) -> None:
        """Leave the program and use the row's role. Ask first for a missing grant or sign-in."""
        app = self.app
        try:
            app.services.config.read()  # `ssohelper use` needs a readable config too
        except SsoHelperError as error:
            app.show_error(error)
            return
        wanted = WantedAction(_USE, row.label)
        if row.session_name in app.sign_ins:
            why = LoginRequired(f'the sign-in to "{row.session_name}" is still running')
            again = partial(self.use_role, row, guarded=guarded)
            sign_in_first(app, row.session_name, why, wanted, again)
            return
        session = next((one for one in app.config_sessions if one.name == row.session_name), None)
        missing = find_missing_sign_in(app.services, session) if session is not None else None
        # If a sign-in is missing, the role is looked up after it: the list may change with it.
        if missing is None and self._show_role_gone(row, session):
            return

        async def ask_and_use() -> None:
            if guarded and not await self._ensure_grant(row):
                return
            if missing is not None and (
                not await offer_sign_in(app, row.session_name, missing, wanted)
                or self._show_role_gone(row, session)
            ):
                return
            app.leave(find_use_command(app.services, row), row)

        if guarded or missing is not None:
            self._start("use", ask_and_use)
        else:
            app.leave(find_use_command(app.services, row), row)

    def _show_role_gone(self, row: RoleRow, session: SsoSession | None) -> bool:
        """If `ssohelper use` would fail, because the role is gone, show why. Return whether it is."""
        if session is None or row.chained is not None:
            return False
        services = self.app.services
        try:
            names = selection.find_profiles_of_role(services, row.key, row.profiles)
            why = adopting.find_role_refusal(services, session, row.key.role, names)
        except SsoHelperError as error:
            self.app.show_error(error)
            return True
        if why is not None:
            hint = f"{self.app.key_of('accounts.refresh')} refreshes the list"
            self.app.show_error(RoleNotAssigned(why.message, hint=hint))
        return why is not None

    def _resolve_profile(self, row: RoleRow) -> Profile:
        return selection.resolve_chosen_role(self.app.services, row.key, row.profiles)

    # -- copying to the clipboard --------------------------------------------------------------

    def _copy_name(self, what: str, row: RoleRow) -> None:
        """Copy a name to the clipboard through the terminal (OSC 52), never credentials."""
        try:
            text, command = self._find_text_to_copy(what, row)
        except SsoHelperError as error:
            self.app.show_error(error)
            return
        copy_text(self.app, text, text, command)

    def _find_text_to_copy(self, what: str, row: RoleRow) -> tuple[str, str]:
        """Return the text to copy, and the command line that prints it or has its effect."""
        if what == "account":
            return row.account.id, f"ssohelper list {row.account.id}"
        names = selection.find_profiles_of_role(self.app.services, row.key, row.profiles)
        if not names:
            raise LocalState(
                "this role has no profile yet",
                hint=f"press {self.app.key_of('accounts.profile')} to add one, or run: "
                f"ssohelper profile add {word_as_typed(row.key.text)}",
            )
        if what == "export":
            # `quoted_word` refuses a name with control characters.
            name = shell_text.quoted_word("bash", names[0])
            return f"export AWS_PROFILE={name}", f"ssohelper use {arguments_as_typed(names[0])}"
        return names[0], f"ssohelper profile show {arguments_as_typed(names[0])}"

    # -- marking a role as a favourite ---------------------------------------------------------

    def _toggle_favourite(self, row: RoleRow) -> None:
        wanted = not row.usage.favourite

        def report_change(_changed: bool) -> None:
            verb, text = ("add", "is") if wanted else ("rm", "is no longer")
            self.app.show_done(
                f"{row.role_name} in {row.account.name or row.account.id} {text} a favourite",
                f"ssohelper favourite {verb} {word_as_typed(row.profile_argument)}",
            )
            self._reload()

        services = self.app.services
        self.app.run_in_background(
            lambda: favourites.set_favourite(services, row.key, wanted), report_change
        )

    # -- actions that ask AWS ------------------------------------------------------------------

    async def _ask_identity(self, row: RoleRow) -> None:
        services = self.app.services

        def confirm_identity() -> tuple[Profile, identity.ConfirmedIdentity]:
            profile = self._resolve_profile(row)
            return profile, identity.confirm_identity(
                services, identity.look_up_identity(services, profile)
            )

        profile, who = await background.run(self.app, confirm_identity)
        self.app.show_done(
            f"{who.user}: {who.arn}", f"ssohelper whoami {arguments_as_typed(profile.name)}"
        )

    async def _open_console(self, row: RoleRow) -> None:
        choice = await self._choose_console_page([row])
        if choice is not None:
            await self._open_console_page(row, choice)

    async def _open_consoles(self, rows: Sequence[RoleRow]) -> None:
        choice = await self._choose_console_page(rows)
        if choice is None:
            return
        guarded = await find_ungranted_rows(self.app, rows)

        async def open_page_as_role(row: RoleRow) -> None:
            if await self._ensure_grant(row, guarded):
                await self._open_console_page(row, choice)

        await act_on_each(self.app, rows, open_page_as_role, "accounts.console")

    async def _choose_console_page(self, rows: Sequence[RoleRow]) -> PageChoice | None:
        services, row = self.app.services, rows[0]

        def read_last_pages() -> tuple[list[PageChoice], str]:
            profile = self._resolve_profile(row)
            region = environment.choose_region_for_requests(services, profile)
            return services.usage.load_console_pages(row.key), region

        last, region = await background.run(self.app, read_last_pages)
        title = f"Console of {row.role_name} in {row.account.name or row.account.id}"
        if len(rows) > 1:
            title = f"Console of {len(rows)} ticked roles"
        return await self.app.push_screen_wait(ConsoleChooser(title, last, region))

    async def _open_console_page(self, row: RoleRow, choice: PageChoice | None) -> None:
        """Open the page in a browser, or copy its link if none can be started.

        Without a `choice`, copy the link to the console's home page.
        """
        services = self.app.services
        service, region = choice or (None, None)
        is_cancelled = self.app.busy.make_cancel_check()

        def open_page_or_link() -> tuple[Profile, str]:
            profile = self._resolve_profile(row)
            page = console.choose_console_page(services, profile, service, region)
            command = services.settings.get("browser", session=row.session_name)
            opener = browser.find_opener(services.environ, command) if choice else None
            if choice is not None and not is_cancelled():
                services.usage.save_console_page(row.key, choice)
            if opener is None:
                return profile, console.make_portal_link(services, profile, page)
            console.open_console_in_browser(services, profile, page, opener, is_cancelled)
            favourites.record_use_of_role(services, profile)
            return profile, ""

        profile, link = await background.run(self.app, open_page_or_link)
        options = "--print " if link else ""
        # The command has options after the name, so `--` cannot come before a name such as "-x".
        name = profile.key.text if profile.name.startswith("-") else profile.name
        page_options = f" --service {service} --region {region}" if choice else ""
        command = f"ssohelper console {options}{word_as_typed(name)}{page_options}"
        if link:
            # The message does not show the link itself, which would take five lines.
            why = "no browser here: " if choice else ""
            copy_text(self.app, link, "the console's link", command, why)
        else:
            self.app.show_done("opened the console in a browser", command)
            self._reload()

    async def _open_shell(self, row: RoleRow) -> None:
        services = self.app.services

        def resolve_and_check() -> Profile:
            profile = self._resolve_profile(row)
            check_credentials(services, profile)
            return profile

        profile = await background.run(self.app, resolve_and_check)
        await run_shell(self.app, profile)
        self._reload()

    # -- adding and removing the role's profiles -----------------------------------------------

    async def _toggle_profile(self, row: RoleRow) -> None:
        await (self._remove_profiles(row) if row.profiles else self._add_profile(row))

    async def _add_profile(self, row: RoleRow) -> bool:
        services = self.app.services

        def add_profile(dialogue: Dialogue) -> bool:
            profile = self._resolve_profile(row)
            plan = self._plan_new_profiles(profile.session, [profile.role])
            command = f"ssohelper profile add {word_as_typed(row.key.text)}"
            return plan_write.write_plan(services, dialogue, plan, command) is not None

        return await run_flow(self.app, add_profile)

    def _plan_new_profiles(self, session: SsoSession, wanted: Sequence[Role]) -> Plan:
        services = self.app.services
        listing = directory.fetch_listing(services, session)
        choices = sync_choices.merge_choices(services, session)
        return profile_edit.plan_new_profiles(services, session, listing, choices, wanted)

    async def _remove_profiles(self, row: RoleRow) -> bool:
        services = self.app.services
        return await run_flow(
            self.app,
            lambda dialogue: profile_removal.remove_profiles(
                services, dialogue, self._read_profiles_to_remove(row)
            ),
        )

    def _read_profiles_to_remove(self, row: RoleRow) -> list[ConfigProfile]:
        """Return the profiles of the row's role, as they are in ~/.aws/config now.

        Raises: LocalState if one of them points at another role by now, ConfigInvalid if the row's
        session was replaced.
        """
        services = self.app.services
        for session in self.app.config_sessions:  # the sessions as they were read with the list
            if session.name == row.session_name:
                selection.check_session_in_config(services, session)
        if selection.find_profiles_of_role(services, row.key, row.profiles) != [*row.profiles]:
            raise config_writing.list_changed_error(services)
        return profile_edit.read_managed_profiles(services, row.profiles)

    # -- the actions on all ticked roles -------------------------------------------------------

    def _run_on_ticked(self, name: str, rows: Sequence[RoleRow]) -> None:
        if name == "copy":
            self._copy_names(rows)
        elif name == "profile":
            self._start(name, partial(self._add_profiles, rows))
        elif name == "console":
            self._start(name, partial(self._open_consoles, rows))
        else:
            self._start(name, partial(run_command, self.app, rows, self._reload))

    def _copy_names(self, rows: Sequence[RoleRow]) -> None:
        """Copy the roles' names on one line, quoted for a shell.

        A line break would run the line.
        """
        services = self.app.services
        names: list[str] = []
        try:
            for row in rows:
                found = selection.find_profiles_of_role(services, row.key, row.profiles)
                names.append(word_as_typed(found[0] if found else row.key.text))
        except SsoHelperError as error:
            self.app.show_error(error)
            return
        text = " ".join(names)
        copy_text(self.app, text, f"{count_text(len(rows), 'ticked role')}: {text}")

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
                self.app.show_error(error)

        await act_on_each(self.app, rows, add_those_of_session, "accounts.profile")
        if len(settled) == len(rows_of):
            self.roles.clear_ticks()
            self._reload()  # shows the list without ticks, also if nothing was written

    async def _add_profiles_of_session(self, rows: Sequence[RoleRow], prefix: str) -> bool:
        """Add the profiles of one session; return False if the user declined."""
        services = self.app.services

        def add_profiles(dialogue: Dialogue) -> bool:
            session = selection.resolve_session(services, rows[0].session_name)
            wanted = [row.key.role for row in rows if row.chained is None]
            plan = self._plan_new_profiles(session, wanted)
            if not plan.changes:
                count = count_text(len(rows), "ticked role")
                dialogue.say(f"{prefix}each of {count} has a profile already")
                return True
            return plan_write.write_plan(services, dialogue, plan, "", prefix=prefix) is not None

        is_settled = await run_flow(self.app, add_profiles)
        self._reload()
        return is_settled

    # -- the actions on profiles whose credentials do not come from ssohelper ------------------

    def _run_on_foreign_profile(self, name: str, row: RoleRow) -> None:
        if name in _REFUSED:
            what = f'the credentials of "{row.role_name}" come from {row.provider}'
            self.app.show_done(f"{what}: {_REFUSED[name]}")
            return
        slow = {
            "whoami": self._ask_foreign_identity,
            "console": self._open_foreign_console,
            "shell": self._open_foreign_shell,
        }
        self._start(name, partial(slow[name], row), waits_for=row.provider)

    def _obtain_foreign(self, row: RoleRow) -> tuple[ForeignProfile, ForeignCredentials]:
        """Return the profile and its credentials. Its provider runs without a terminal."""
        services = self.app.services
        found = foreign_profiles.find_foreign_row(services, row)
        foreign_profiles.check_usable(services, found, is_on_terminal=False)
        deadline = services.clock.deadline()
        keys = foreign_credentials.obtain_credentials(
            services, found, {}, deadline, is_on_terminal=False
        )
        return found, keys

    async def _ask_foreign_identity(self, row: RoleRow) -> None:
        services = self.app.services

        def ask_identity() -> foreign_credentials.Identity:
            return foreign_credentials.confirm_identity_of(services, *self._obtain_foreign(row))

        who = await background.run(self.app, ask_identity)
        command = f"ssohelper whoami {arguments_as_typed(row.role_name)}"
        self.app.show_done(f"{who.user}: {who.arn}", command)

    async def _open_foreign_console(self, row: RoleRow) -> None:
        services, app = self.app.services, self.app

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

        is_cancelled = app.busy.make_cancel_check()

        def open_console_in_browser() -> None:
            found, keys = self._obtain_foreign(row)
            page = foreign_credentials.choose_console_page(services, found, *choice)
            foreign_credentials.open_console_in_browser(
                services,
                found,
                keys,
                page,
                opener,
                is_cancelled,
            )

        await background.run(app, open_console_in_browser)
        options = f"--service {choice.service} --region {choice.region}"
        command = f"ssohelper console {word_as_typed(row.role_name)} {options}"
        app.show_done("opened the console in a browser", command)

    async def _open_foreign_shell(self, row: RoleRow) -> None:
        services = self.app.services

        def find_usable_profile() -> ForeignProfile:
            found = foreign_profiles.find_foreign_row(services, row)
            foreign_profiles.check_usable(services, found, is_on_terminal=True)
            return found

        found = await background.run(self.app, find_usable_profile)
        await run_foreign_shell(self.app, found)


def find_missing_sign_in(services: App, session: SsoSession) -> LoginRequired | None:
    """Return why the session needs a sign-in first, or None. AWS is not asked: that delays Enter."""
    return tokens.reason_to_sign_in(services, session, tokens.load_token_or_none(services, session))


def find_use_command(services: App, row: RoleRow) -> str:
    """Return the command line (`ssohelper use …`) that switches a shell to this row's role.

    It names a profile only if that still points at the role.
    """
    try:
        names = selection.find_profiles_of_role(services, row.key, row.profiles)
    except SsoHelperError:
        names = []
    return f"ssohelper use {arguments_as_typed(names[0] if names else row.key.text)}"
