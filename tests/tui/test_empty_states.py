"""Each empty list says what is missing, and which key changes that."""

import pytest

from ssohelper.app import App
from ssohelper.tui.commands import list_commands
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.profiles import ProfilesScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.world import DemoHome, until


def test_without_a_favourite_the_filter_says_how_to_get_one(world: DemoHome) -> None:
    services = world.app()
    (services.locations.state_folder / "usage.json").unlink()

    async def scenario(user: User) -> None:
        await user.wait_for_text("● tree", "/2")
        await user.press("ctrl+b")
        await user.wait_for_text("favourites only: space b shows all, space f adds one")

    run_scenario(services, scenario)


def test_dialogs_with_a_search_say_that_they_are_empty(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("developer")
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        assert "nothing matches" not in user.screen
        await user.type("zzzz")
        await user.wait_for_text("nothing matches · esc clears the search")
        await user.press("ctrl+u")
        await until(lambda: "nothing matches" not in user.screen)

    run_scenario(world.app(), scenario)


def test_a_home_without_a_session_shows_the_form_from_its_first_line(world: DemoHome) -> None:
    empty = world.home / "empty"
    services = App({"HOME": str(empty), "SSOHELPER_HOME": str(empty / "own")}, clock=world.clock)

    async def scenario(user: User) -> None:
        await user.wait_for_text("No session is set up yet.", "start URL", "https://d-0000000000")
        await user.press("f4")
        await user.wait_for_screen(ProfilesScreen)
        await user.wait_for_text("Set up a session first: space 2 shows")

    run_scenario(services, scenario, size=(40, 12))


@pytest.mark.parametrize(
    ("key", "text", "first", "last"),
    long_after(
        1,
        [
            ("f2", "role keys", "accounts.use", "accounts.leave"),
            ("f3", "signed in", "sessions.sign_in", "sessions.remove"),
            ("f4", "17 to add, 1", "profiles.apply", "profiles.undo"),
        ],
    ),
)
def test_the_palette_begins_with_the_main_action_and_ends_with_removals(
    world: DemoHome, key: str, text: str, first: str, last: str
) -> None:
    async def scenario(user: User) -> None:
        await user.press(key)
        await user.wait_for_text(text)
        found = [one.action for one in list_commands(user.app, user.app.screen)]
        own = [action for action in found if action and not action.startswith("app.")]
        assert (found[0], own[-1]) == (first, last)

    run_scenario(world.app(), scenario)


def test_an_action_on_profiles_says_that_nothing_matches(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.type("mars-1")
        await user.wait_for_text("nothing matches · esc clears the search")
        for key in (["tab"], ["right", "X"]):
            await user.press(*key)
            await until(lambda: user.messages.endswith("no profile is selected"))
            user.app.messages.all.clear()

    run_scenario(world.app(), scenario, size=(100, 30))


def test_sessions_say_that_none_can_be_used(world: DemoHome) -> None:
    world.config_file.write_text("[sso-session broken]\nsso_region = us-east-1\n")

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("✗ broken")
        for key in "nxX":
            await user.press(key)
            await until(lambda: "this session cannot be used" in user.messages)
            user.app.messages.all.clear()

    run_scenario(world.app(), scenario)
