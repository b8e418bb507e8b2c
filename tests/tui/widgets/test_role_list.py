"""The list of roles: whole names at each width, and clicks and keys where nothing is for them."""

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.widgets.role_list import RoleList
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome


def test_a_name_that_is_whole_in_80_columns_is_whole_in_wider_terminals(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("payments-prod.DatabaseAdmin  ")
        for columns, lines in ((119, 30), (120, 20), (137, 40), (138, 40), (200, 50)):
            await user.pilot.resize_terminal(columns, lines)
            await user.wait_for_text("payments-prod.DatabaseAdmin  ", "41m left")
        # Without lines for the details below the list, they are beside it.
        await user.pilot.resize_terminal(120, 19)
        await user.wait_for_text("payments-prod.Dat…", "41m left")

    run_scenario(world.app(), scenario, size=(80, 24))


def test_below_the_last_role_and_in_an_empty_list_nothing_acts(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer")
        await user.wait_for_text("1 of 3 roles", "❯ ★    Developer")
        before = user.screen
        await user.pilot.click(RoleList, offset=(10, 8))
        assert user.screen == before
        # What a search finds is unfolded: a click on its account moves the cursor to no role less.
        await user.pilot.click(RoleList, offset=(10, 0))
        await user.wait_for_text("▾ payments-dev  000040000001  1 of 3 roles")
        await user.press(*"zzz")
        await user.wait_for_text("nothing matches")
        await user.pilot.double_click(RoleList, offset=(10, 0))
        await user.press("tab", "shift+tab", "enter")
        await user.wait_for_message("no role chosen: ↓ or type")
        assert role_list(user).ticked == []
        assert isinstance(user.app.screen, AccountsScreen)

    program = run_scenario(world.app(), scenario)
    assert program.chosen is None


def test_in_a_flat_list_the_arrows_fold_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys", "▾ payments-dev")
        await user.press("ctrl+g")
        await user.wait_for_text("○ tree")
        count = len(role_list(user).shown.lines)
        await user.press("left", "right", "shift+left")
        assert len(role_list(user).shown.lines) == count
        await user.press("ctrl+g")
        await user.wait_for_text("● tree", "▾ payments-dev")

    run_scenario(world.app(), scenario)
