"""Keys from the settings, help, palette, themes; and quitting while nothing answers."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from textual.app import App as TextualApp
from textual.command import CommandPalette

from ssohelper.core.keymap import ACTIONS, keys_of
from ssohelper.errors import ConfigInvalid
from ssohelper.tui import themes
from ssohelper.tui.app import HelperApp
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import Person, drive
from tests.tui.world import Afternoon, until

ROOT = Path(__file__).resolve().parents[2]


def settle(world: Afternoon, text: str) -> None:
    world.app().settings_file.parent.mkdir(parents=True, exist_ok=True)
    world.app().settings_file.write_text(text)


class TestKeys:
    def test_a_key_of_the_settings_takes_the_place_of_the_usual_one(self, world: Afternoon) -> None:
        settle(world, 'keys.sessions.sign_out = "x"\n')

        async def scenario(person: Person) -> None:
            await person.press("f3")
            await person.sees("signed in", "x Sign out")
            await person.press("o")
            assert isinstance(person.app.screen, SessionsScreen)
            await person.press("x")
            await person.meets(ConfirmScreen)

        drive(world.app(), scenario)

    def test_an_unknown_action_ends_it_before_it_begins(self, world: Afternoon) -> None:
        settle(world, 'keys.sessions.sign_uot = "x"\n')
        with pytest.raises(ConfigInvalid, match=r'line 1: no action named "sessions\.sign_uot"'):
            HelperApp(world.app())

    def test_help_names_keys_what_they_do_and_the_actions_name(self, world: Afternoon) -> None:
        settle(world, 'keys.sessions.forget = "ctrl+e"\n')

        async def scenario(person: Person) -> None:
            await person.press("f3")
            await person.sees("signed in")
            await person.press("question_mark")
            await person.meets(HelpScreen)
            await person.sees("three clocks", "^e", "forget role credentials", "sessions.forget")
            await person.press("escape", "f4")
            await person.meets(ProfilesScreen)
            await person.press("f1")
            await person.sees("profiles.undo")
            await person.press("f1")
            await person.meets(ProfilesScreen)
            await until(lambda: getattr(person.app.screen, "is_planned", False))
            await person.press("a")
            await person.meets(ConfirmScreen)
            await person.press("f1")
            await person.sees("nothing changes before you say yes", "confirm.yes")

        drive(world.app(), scenario)

    def test_the_docs_name_every_action_with_its_key(self) -> None:
        page = (ROOT / "docs" / "how-to" / "tui.md").read_text()
        missing = [name for name in ACTIONS if f"`{name}`" not in page]
        assert missing == []

    def test_every_action_is_bound_with_the_tables_keys(self, world: Afternoon) -> None:
        bound: dict[str, set[str]] = {}

        async def scenario(person: Person) -> None:
            await person.press("f3")
            await person.sees("signed in")
            await person.press("f4", "f2")
            await until(lambda: person.app.screen.query("RolePane"))
            session = world.app().config.read().sso_session("lab")
            assert session is not None
            for screen in (ConfirmScreen("?"), SignInScreen(session)):
                person.app.push_screen(screen)
                await until(lambda: person.app.screen.query("#no, #cancel"))
                await person.pilot.pause()
                note(person)
                person.app.pop_screen()
            for key in ("f2", "f3", "f4"):
                await person.press(key)
                note(person)

        def note(person: Person) -> None:
            for found in [*person.app.screen.walk_children(), person.app.screen, person.app]:
                for key, binding in found._bindings:
                    bound.setdefault(binding.id or "", set()).add(binding.key)
                    del key

        drive(world.app(), scenario)
        for name, action in ACTIONS.items():
            assert bound.get(name) == set(keys_of(action.keys)), name


class TestPalette:
    def test_actions_have_the_names_of_commands(self, world: Afternoon) -> None:
        async def scenario(person: Person) -> None:
            await person.press("f3")
            await person.sees("signed in")
            await person.press("ctrl+p")
            await person.meets(CommandPalette)
            await person.sees("login corp", "logout corp", "cache clear --session corp")
            await person.press(*"logout")
            await person.sees("sign out, here and at AWS")
            await until(lambda: "login corp" not in person.screen)
            await person.press("enter")
            await person.meets(ConfirmScreen)

        drive(world.app(), scenario)

    def test_a_theme_chosen_there_is_kept(self, world: Afternoon) -> None:
        async def scenario(person: Person) -> None:
            await person.press("f3")
            await person.sees("signed in")
            await person.press("ctrl+p", *"theme light")
            await person.sees("config set theme light")
            await person.press("enter")
            await person.hears("$ ssohelper config set theme light")
            assert person.app.theme == themes.LIGHT.name

        drive(world.app(), scenario)
        assert world.app().settings.get("theme") == "light"


class TestLooks:
    @pytest.mark.parametrize("name", ["dark", "light", "ansi"])
    def test_each_theme_is_a_setting(self, world: Afternoon, name: str) -> None:
        settle(world, f'theme = "{name}"\n')

        async def scenario(person: Person) -> None:
            assert person.app.theme == themes.NAMES[name]
            await person.press("f3")
            await person.sees("● corp", "○ lab")

        drive(world.app(), scenario)

    def test_textual_theme_is_a_default(
        self, world: Afternoon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEXTUAL_THEME", "nord")
        app: TextualApp[Any] = TextualApp()
        app.theme = "nord"
        themes.dress(app, world.app())
        assert app.theme == "nord"
        settle(world, 'theme = "light"\n')
        themes.dress(app, world.app())
        assert app.theme == themes.LIGHT.name

    def test_no_color_is_honoured_and_every_state_has_a_sign(
        self, world: Afternoon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")

        async def scenario(person: Person) -> None:
            assert person.app.no_color
            await person.press("f3")
            await person.sees("❯ ● corp", "○ lab", "━", "╌")
            await person.press("f4")
            await person.sees("◆ payments", "· audit", "-credential", "+credential")

        drive(world.app(), scenario)


class TestNothingAnswers:
    def test_quitting_does_not_wait_for_what_runs(self, world: Afternoon) -> None:
        """Who is asked never answers, for 60 s and more; keys go on and the end is there at once."""
        for operation in ("RegisterClient", "StartDeviceAuthorization", "ListAccounts", "Logout"):
            world.emulator.faults.script(operation, never=True, times=50)
        ended: list[float] = []

        async def go() -> None:
            app = HelperApp(world.app())
            async with app.run_test(size=(100, 30)) as pilot:
                person = Person(app, pilot)
                await person.press("f4")
                await until(lambda: getattr(app.screen, "is_planned", False))
                await person.press("r")
                await person.sees("Listing the accounts")
                await person.press("escape", "f3")
                await person.sees("signed in")
                await person.press("o")
                await person.meets(ConfirmScreen)
                await person.press("y")
                await person.sees("signing out")
                await person.press("down", "s")
                await person.meets(SignInScreen)
                await person.press("escape")
                await person.sees("You are signed out.")
                began = time.monotonic()
                await person.press("ctrl+q")
            ended.append(time.monotonic() - began)

        began = time.monotonic()
        asyncio.run(go())
        # One connection that is not answered would take longer than all of this.
        assert time.monotonic() - began < 30
        assert ended[0] < 5
