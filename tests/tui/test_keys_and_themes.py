"""Keys of the settings, help, palette, themes; quitting while AWS does not answer."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from textual.app import App as TextualApp
from textual.binding import Binding
from textual.command import CommandPalette

from ssohelper.actions.role_runs import RoleRun, RunGroup
from ssohelper.core.keymap import ALL_ACTIONS
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui import themes
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.command_line import RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.history import HistoryScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.long_rows import long_after
from tests.tui.cells import PALETTES, take_frame
from tests.tui.driving import User, run_scenario
from tests.tui.test_cleared_search import FilterScreen
from tests.tui.world import DemoHome, until

ROOT = Path(__file__).resolve().parents[2]


def settle(world: DemoHome, text: str) -> None:
    world.app().locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
    world.app().locations.settings_file.write_text(text)


class TestKeys:
    def test_keys_of_an_earlier_version_are_ignored_with_a_notice(self, world: DemoHome) -> None:
        settle(world, 'keys.sessions.sign_out = "x"\nkeys.no.action = 3\n')

        async def scenario(user: User) -> None:
            await user.wait_for_message('line 1: "keys.*" is ignored')
            await user.press("f3")
            await user.wait_for_text("signed in", "x Sign out")
            await user.press("x")
            await user.wait_for_screen(ConfirmScreen)

        run_scenario(world.app(), scenario)

    def test_help_shows_keys_descriptions_and_names_of_actions(self, world: DemoHome) -> None:
        async def scenario(user: User) -> None:
            await user.press("f3")
            await user.wait_for_text("signed in")
            await user.press("question_mark")
            await user.wait_for_screen(HelpScreen)
            await user.wait_for_text("three clocks", "x  ", "sign out, here and at AWS")
            await user.press("escape", "f4")
            await user.wait_for_screen(ProfilesScreen)
            # The help lists the actions that are possible: without a plan there is nothing to undo.
            await until(lambda: getattr(user.app.screen, "is_planned", False))
            await user.press("f1")
            await user.wait_for_text("ask, then undo the last config write")
            await user.press("f1")
            await user.wait_for_screen(ProfilesScreen)
            await until(lambda: getattr(user.app.screen, "is_planned", False))
            await user.press("space", "A")
            await user.wait_for_screen(ConfirmScreen)
            await user.until_keys_act()
            await user.press("f1")
            await user.wait_for_text("nothing changes before you answer yes", "go ahead")

        run_scenario(world.app(), scenario)

    def test_every_action_has_the_keys_of_the_table(self, world: DemoHome) -> None:
        bound: dict[str, set[str]] = {}

        async def scenario(user: User) -> None:
            await user.press("f3")
            await user.wait_for_text("signed in")
            await user.press("f4", "f2")
            await until(lambda: user.app.screen.query("RolePane"))
            session = world.app().config.read().sso_session("lab")
            assert session is not None
            dialogs = (ConfirmScreen("?"), SignInScreen(session))
            searches = (ConsoleChooser("?", (), "eu-west-1"), FilterScreen([]))
            row = RoleRow("lab", Account("000060000001", "lab", None), "ReadOnlyAccess")
            runs = RunGroup([RoleRun(world.app(), row, ["true"])])
            ids = "#no, #cancel, #messages, #dialog-keys, #answer, #lines, #runs, FilterList"
            for screen in (
                *dialogs,
                *searches,
                AskScreen("", "", ""),
                HistoryScreen(),
                DiffScreen("", []),
                RunScreen(runs, ["true"]),
            ):
                user.app.push_screen(screen)
                await until(lambda: user.app.screen.query(ids))
                await user.pilot.pause()
                note(user)
                user.app.pop_screen()
            for key in ("f2", "f3", "f4"):
                await user.press(key)
                note(user)

        def note(user: User) -> None:
            for found in [*user.app.screen.walk_children(), user.app.screen, user.app]:
                for kind in type(found).__mro__:
                    for binding in Binding.make_bindings(vars(kind).get("BINDINGS", ())):
                        bound.setdefault(binding.id or "", set()).add(binding.key)

        run_scenario(world.app(), scenario)
        for name, action in ALL_ACTIONS.items():
            keys = {
                key for each in Binding.make_bindings([(action.keys, "")]) for key in [each.key]
            }
            assert bound.get(name, set()) - {action.letter} == keys - {action.letter}, name


class TestPalette:
    def test_actions_have_the_names_of_commands(self, world: DemoHome) -> None:
        async def scenario(user: User) -> None:
            await user.press("f3")
            await user.wait_for_text("signed in")
            await user.press("colon")
            await user.wait_for_screen(CommandPalette)
            await user.wait_for_text("login corp", "login corp --force")
            await user.press(*"logout")
            await user.wait_for_text("sign out, here and at AWS")
            await until(lambda: "status" not in user.screen)
            assert user.screen.index("logout corp") < user.screen.find("login corp") % 10**6
            await user.press("enter")
            await user.wait_for_screen(ConfirmScreen)

        run_scenario(world.app(), scenario)

    def test_a_theme_of_the_palette_is_saved(self, world: DemoHome) -> None:
        async def scenario(user: User) -> None:
            await user.press("f3")
            await user.wait_for_text("signed in")
            await user.press("colon", *"theme light")
            await user.wait_for_text("config set theme light")
            await user.press("enter")
            await user.wait_for_message("$ ssohelper config set theme light")
            assert user.app.theme == themes.textual_theme_name(user.app, "light")

        run_scenario(world.app(), scenario)
        assert world.app().settings.get("theme") == "light"


class TestThemes:
    @pytest.mark.parametrize("name", long_after(2, ["light", "ansi", "dark"]))
    def test_the_setting_sets_the_theme(self, world: DemoHome, name: str) -> None:
        settle(world, f'theme = "{name}"\n')

        async def scenario(user: User) -> None:
            assert user.app.theme == themes.textual_theme_name(user.app, name)
            await user.press("f3")
            await user.wait_for_text("● corp", "○ lab")

        run_scenario(world.app(), scenario)

    def test_textual_theme_counts_without_a_setting(self, world, monkeypatch):
        monkeypatch.setenv("TEXTUAL_THEME", "nord")
        app: TextualApp[Any] = TextualApp()
        app.theme = "nord"
        themes.apply_theme(app, world.app())
        assert app.theme == "nord"
        settle(world, 'theme = "light"\n')
        themes.apply_theme(app, world.app())
        assert app.theme == themes.textual_theme_name(app, "light")

    def test_with_no_color_every_state_has_a_sign(self, world, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")

        async def scenario(user: User) -> None:
            assert user.app.no_color
            await user.press("f3")
            await user.wait_for_text("❯ ● corp", "○ lab", "━", "╌")
            await user.press("f4")
            await user.wait_for_text("◆ payments", "· audit", "+ data-lake", "~ orders")

        run_scenario(world.app(), scenario)

    @pytest.mark.parametrize("theme", ["", 'theme = "dark"\n'])
    def test_with_no_color_only_the_terminals_own_colours_are_drawn(
        self, world: DemoHome, monkeypatch: pytest.MonkeyPatch, theme: str
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        if theme:
            settle(world, theme)
        palette = next(one for one in PALETTES if one.no_color)
        text, background = palette.default_text, palette.default_background

        async def scenario(user: User) -> None:
            await user.wait_for_text("role keys")
            frame = take_frame(user.app, "accounts", palette)
            runs = [run for line in frame.lines for run in line]
            bright = [run for run in runs if not run.is_dim]
            colors = {run.color for run in bright} | {run.background for run in runs}
            assert colors == {text, background}
            chosen = [run.text for run in runs if run.background == text]
            assert "Developer" in "".join(chosen)

        run_scenario(world.app(), scenario)


class TestAwsDoesNotAnswer:
    def test_quitting_does_not_wait_for_running_requests(self, world: DemoHome) -> None:
        """AWS does not answer for at least 60 s; keys still act, and quitting is immediate."""
        for operation in ("RegisterClient", "StartDeviceAuthorization", "ListAccounts", "Logout"):
            world.emulator.faults.script(operation, never=True, times=50)
        ended: list[float] = []

        async def go() -> None:
            app = FullScreenApp(world.app())
            async with app.run_test(size=(100, 30)) as pilot:
                user = User(app, pilot)
                await user.wait_for_text("role keys")
                await user.press("f5", "f3")
                await user.wait_for_text("signed in")
                await user.press("x")
                await user.wait_for_screen(ConfirmScreen)
                await user.press("y")
                await until(lambda: bool(world.emulator.counters["Logout"]))
                await user.press("down", "n")
                await user.wait_for_screen(SignInScreen)
                await user.press("escape")
                await user.wait_for_text("You are signed out.")
                began = time.monotonic()
                await user.press("ctrl+q")
            ended.append(time.monotonic() - began)

        began = time.monotonic()
        asyncio.run(go())
        # A single unanswered request would take longer than all of this.
        assert time.monotonic() - began < 30
        assert ended[0] < 5
