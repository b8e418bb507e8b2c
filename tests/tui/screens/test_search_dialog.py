"""The mouse in a dialog with a search: a line is chosen by a double click on it, and by no other."""

from ssohelper.actions import list_view
from ssohelper.core.role_tree import RoleListView, SavedView
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.views import ViewsScreen
from ssohelper.tui.widgets.lines import Chooser
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_views import open_views
from tests.tui.world import DemoHome


def test_a_double_click_chooses_the_line_and_below_the_last_one_none(world: DemoHome) -> None:
    for name, search in (("first", "prod read"), ("second", "dev")):
        saved = SavedView(search, RoleListView(is_flat=True, sort="name"))
        list_view.save_named_view(world.app(), name, saved)

    async def scenario(user: User) -> None:
        await open_views(user)
        await user.wait_for_text("❯ first", "second")
        chooser = user.app.screen.query_one(Chooser)
        await user.pilot.click(Chooser, offset=(5, 1))
        await user.wait_for_text("❯ second")
        assert isinstance(user.app.screen, ViewsScreen)
        if chooser.size.height > 2:
            await user.pilot.double_click(Chooser, offset=(5, 2))
        assert isinstance(user.app.screen, ViewsScreen)
        await user.pilot.double_click(Chooser, offset=(5, 0))
        await user.wait_for_screen(AccountsScreen)
        await user.wait_for_text("○ tree", "  prod read")

    run_scenario(world.app(), scenario)
