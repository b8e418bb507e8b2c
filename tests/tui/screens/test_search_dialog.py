"""The mouse in a dialog with a search: a line is chosen by a double click on it, and by no other."""

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.widgets.lines import Chooser
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome


def test_a_double_click_chooses_the_line_and_below_the_last_one_none(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"database prod", "f6")
        await user.wait_for_screen(ConsoleChooser)
        await user.type("lambda us-east-1")
        await user.wait_for_text("1/")
        await user.pilot.click(Chooser, offset=(5, 0))
        assert isinstance(user.app.screen, ConsoleChooser)
        if user.app.screen.query_one(Chooser).size.height > 1:
            await user.pilot.double_click(Chooser, offset=(5, 1))
        assert isinstance(user.app.screen, ConsoleChooser)
        await user.pilot.double_click(Chooser, offset=(5, 0))
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)
