"""Each empty list says what is missing, and which key changes that."""

from ssohelper.app import App
from ssohelper.tui.commands import list_commands
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.views import ViewsScreen
from tests.tui.driving import User, run_scenario
from tests.tui.test_profiles import open_screen
from tests.tui.world import DemoHome


def test_without_a_favourite_the_filter_says_how_to_get_one(world: DemoHome) -> None:
    services = world.app()
    (services.locations.state_folder / "usage.json").unlink()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+b")
        await user.wait_for_text("favourites only: ^b shows all, ^f adds one")

    run_scenario(services, scenario)


def test_dialogs_with_a_search_say_that_they_are_empty(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+v")
        await user.wait_for_screen(ViewsScreen)
        await user.wait_for_text("No view is saved yet: type a name")
        await user.press("escape")
        await user.type("developer")
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        assert "nothing matches" not in user.screen
        await user.type("zzzz")
        await user.wait_for_text("nothing matches")

    run_scenario(world.app(), scenario)


def test_a_home_without_a_session_shows_the_form_from_its_first_line(world: DemoHome) -> None:
    empty = world.home / "empty"
    services = App({"HOME": str(empty), "SSOHELPER_HOME": str(empty / "own")}, clock=world.clock)

    async def scenario(user: User) -> None:
        await user.wait_for_text("No session is set up yet.", "start URL", "https://d-0000000000")
        await user.press("f4")
        await user.wait_for_screen(ProfilesScreen)
        await user.wait_for_text("Set up a session first: F3 shows the ")

    run_scenario(services, scenario, size=(40, 12))


def test_the_palette_of_profiles_begins_with_apply(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        assert list_commands(user.app, screen)[0].action == "profiles.apply"

    run_scenario(world.app(), scenario)
