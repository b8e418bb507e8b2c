"""The full-screen program: its screens, and the keys that switch between them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.screen import Screen

from ssohelper.app import App
from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.system import terminal
from ssohelper.system.terminal_input import Background
from ssohelper.tui import themes
from ssohelper.tui.dialog_app import DialogApp, MainScreen
from ssohelper.tui.keys import APP_ACTIONS, action_binding, key_name_in_text
from ssohelper.tui.one_time_timers import call_after

if sys.platform != "win32":
    from ssohelper.tui.terminal_driver import FullScreenDriver
if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.command import Provider
    from textual.driver import Driver

    from ssohelper.core.role_rows import RoleRow


def _make_accounts_screen() -> MainScreen:
    from ssohelper.tui.screens.accounts import AccountsScreen

    return AccountsScreen()


def _make_sessions_screen() -> MainScreen:
    from ssohelper.tui.screens.sessions import SessionsScreen

    return SessionsScreen()


def _make_profiles_screen() -> MainScreen:
    from ssohelper.tui.screens.profiles import ProfilesScreen

    return ProfilesScreen()


SCREENS: dict[str, Callable[[], MainScreen]] = {
    "accounts": _make_accounts_screen,
    "sessions": _make_sessions_screen,
    "profiles": _make_profiles_screen,
}
# What would delay the first paint is done this long after it.
PAINTED_SECONDS = 0.03
_PALETTE = "palette"


def _load_palette() -> type[Provider]:
    from ssohelper.tui.commands import Commands

    return Commands


class FullScreenApp(DialogApp):
    """The full-screen program.

    Its result is the command line that uses the role that the user chose, or None; `chosen` is the
    row of this role, or None for the role that this shell used before.
    """

    TITLE = "ssohelper"
    ENABLE_COMMAND_PALETTE = True
    DEFAULT_MODE = "accounts"
    COMMANDS = {_load_palette}  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(action_binding(name, action, priority=True) for name, action in APP_ACTIONS.items()),
        # On a screen without a search, letters and digits act without the menu.
        *(
            Binding(ACTIONS[name].letter, action, id=name, show=False)
            for name, action in APP_ACTIONS.items()
            if " " in ACTIONS[name].keys
        ),
        Binding("ctrl+c,super+c", "copy_selection", show=False, priority=True),
        # The same binding as in Textual's own App.
        Binding("ctrl+c", "help_quit", show=False, system=True),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", show=False, priority=True, id="app.suspend"
        ),
    ]

    def __init__(self, services: App, background: Background | None = None) -> None:
        self._has_theme = self._is_ready = False
        self._asks_to_leave = False
        super().__init__(services, background)
        self._has_theme = True
        # The settings are applied before the program runs, for two reasons: to change the theme
        # later would compute all styles twice, and settings that cannot be read must end the
        # program with exit code 3, as in every command.
        themes.apply_theme(self, services, is_light=self.background.is_light)

    def get_driver_class(self) -> type[Driver]:
        if sys.platform != "win32":
            return FullScreenDriver
        return super().get_driver_class()

    def get_css_variables(self) -> dict[str, str]:
        # Textual's constructor asks for the colours of its own default theme. `apply_theme`
        # replaces them, so they are not computed, which takes 2 ms.
        return super().get_css_variables() if self._has_theme else {}

    def get_default_screen(self) -> Screen[Any]:
        # There are no MODES before `on_ready`, because Textual would then compute all styles once
        # more, which takes 3 ms.
        return SCREENS[self.DEFAULT_MODE]()

    def on_ready(self) -> None:
        for name, make in SCREENS.items():
            self.add_mode(name, make)
        self._is_ready = True
        self.call_later(self.handle_waiting_input)
        call_after(self, PAINTED_SECONDS, self._finish_start)
        if themes.has_settings(self.services) and self.services.settings.ignored:
            self.show_warning(self.services.settings.ignored)
        # After ctrl+z and `fg`, Textual would draw only what changes, and leave the rest empty.
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))

    @property
    def is_opening(self) -> bool:
        return not self._is_ready or super().is_opening

    async def _finish_start(self) -> None:
        from ssohelper import logs
        from ssohelper.actions import roles
        from ssohelper.tui.file_watch import FileWatch

        services = self.services
        logs.start_logging(0, services.environ)  # else warnings are written over the screen
        await self.do_late_work()
        watch = FileWatch(self)
        watch.check()
        self.set_interval(1.0, watch.check)
        # From now on the garbage collector ignores the rows: scanning 20,000 would delay a key.
        gc.freeze()
        gc.enable()
        if not self.config_sessions:  # a screen that shows roles has read them already
            self.run_in_background(
                lambda: roles.read_roles(services),
                lambda known: self.set_listing_times(known.sessions, known.listed_at),
                lambda _error: None,
            )

    def action_help(self) -> None:
        from ssohelper.tui.screens.help import HelpScreen

        if hasattr(self.screen, "HELP_TEXT"):
            self.push_screen(HelpScreen(self.screen, self.key_of))
        elif type(self.screen) is HelpScreen:
            self.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "menu" or isinstance(self.screen, MainScreen)

    def action_menu(self) -> None:
        from ssohelper.tui.screens.menu import ActionMenu

        self.push_screen(ActionMenu(self.screen), self._run_chosen_action)

    async def _run_chosen_action(self, chosen: ActiveBinding | None) -> None:
        if chosen is not None:
            await self.run_action(chosen.binding.action, chosen.node)

    def action_command_palette(self) -> None:
        from ssohelper.tui.commands import Palette

        if not any(screen.name == _PALETTE for screen in self.screen_stack):
            self.push_screen(Palette(name=_PALETTE))

    def _close_palette(self) -> None:
        if self.screen.name == _PALETTE:
            self.pop_screen()

    def action_messages(self) -> None:
        from ssohelper.tui.screens.history import HistoryScreen

        if type(self.screen) is HistoryScreen:
            self.pop_screen()
        else:
            self._close_palette()
            self.push_screen(HistoryScreen())

    def action_sign_in_soonest(self) -> None:
        """Sign in to the session that the top bar names."""
        from ssohelper.tui.screens.sign_in import open_sign_in

        clock = self.clocks and self.clocks.find_sign_in_to_show(self.services.clock.now())
        if clock is None or self.screen.is_modal:
            self.bell()
        else:
            open_sign_in(self, clock.session)

    def action_suspend_process(self) -> None:
        if terminal.can_suspend_program():
            super().action_suspend_process()
        else:
            self.show_warning(terminal.CANNOT_SUSPEND)

    def action_copy_selection(self) -> None:
        from ssohelper.tui.copying import copy_selected_text

        if not copy_selected_text(self):
            raise SkipAction

    def action_help_quit(self) -> None:
        """End the program at ctrl+c. Textual itself would only show a hint."""
        self.leave()

    async def action_quit(self) -> None:
        self.leave()

    def leave(self, command: str | None = None, chosen: RoleRow | None = None) -> None:
        """End the program with the result `command`.

        If this would stop sign-ins or runs, ask first.
        """
        question = "" if self._asks_to_leave else self.leaving_question()
        if question:
            self.run_worker(self._ask_to_leave(question, command, chosen))
            return
        super().leave(command, chosen)

    async def _ask_to_leave(
        self, question: str, command: str | None, chosen: RoleRow | None
    ) -> None:
        from ssohelper.tui.screens.confirm import ConfirmScreen

        self._asks_to_leave = True
        if await self.push_screen_wait(ConfirmScreen(question)):
            self.leave(command, chosen)
        self._asks_to_leave = False


def main(
    use: Callable[[RoleRow | None], int] | None = None,
    background: Background | None = None,
    *,
    has_previous_role: bool = False,
) -> int:
    """Run the full-screen program and return its exit code.

    `use` is called with the role that the user chose, None for the one that this shell used before.
    Without `use`, the command line to type is printed.

    This does not use click, whose import would delay the first paint by 20 ms.
    """
    try:
        program = _run_until_user_leaves(background, has_previous_role)
    except SsoHelperError as error:
        _print_to_stderr(f"ssohelper: error: {show(error.message)}")
        if error.hint:
            _print_to_stderr(f"ssohelper: hint: {show(error.hint)}")
        return error.exit_code
    except KeyboardInterrupt:
        _print_to_stderr("ssohelper: interrupted")
        return 130
    except Exception as error:
        from ssohelper.system import crash_report

        return crash_report.report_crash(error, error.__traceback__)
    if program.return_value and use is not None:
        return use(program.chosen)
    if program.return_value:
        _print_to_stderr(f"to use the role in this shell: {show(program.return_value)}")
        key = key_name_in_text("accounts.use", program.key_of)
        _print_to_stderr(
            f"ssohelper: hint: to let {key} switch this shell itself, run: ssohelper install"
        )
    return 0


def _run_until_user_leaves(background: Background | None, has_previous_role: bool) -> FullScreenApp:
    """Run the program. Raises: ConfigInvalid if the settings cannot be read."""
    running: list[FullScreenApp] = []

    def warn(message: str) -> None:
        for program in running:
            if program.is_running:
                program.call_in_ui_thread(program.show_warning, message)
            else:
                _print_to_stderr(f"ssohelper: warning: {show(message)}")

    program = FullScreenApp(App(warn=warn), background)
    program.has_previous_role = has_previous_role
    running.append(program)
    try:
        program.run()
    finally:
        for end in tuple(program.end_work):
            with suppress(
                SsoHelperError
            ):  # an order that is not saved: the next list has its default
                end()
    _undo_unfinished_set_up(program)
    program.propagate_failure()
    return program


def _undo_unfinished_set_up(program: FullScreenApp) -> None:
    give_back = program.give_back_sign_in
    if give_back is None:
        return
    # After a signal the terminal may be closed: a message cannot be written to it then.
    with suppress(OSError):
        try:
            if give_back():
                _print_to_stderr("ssohelper: the set-up was not finished: signed out again")
        except SsoHelperError as error:
            _print_to_stderr(f"ssohelper: warning: {show(error.message)}")


def _print_to_stderr(line: str) -> None:
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    os.write(2, f"{line}\n".encode(encoding, "backslashreplace"))
