"""The order of the list, and whether it is a tree, are kept over an exit; filters and folds not."""

from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome


def test_the_order_is_as_at_the_last_exit(world: DemoHome) -> None:
    async def change(user: User) -> None:
        await user.wait_for_text("○ favourites", "● tree", "● by use", "21/21")
        await user.press("shift+left", "ctrl+g", "ctrl+s", "ctrl+b")
        await user.wait_for_text("● favourites", "○ tree", "● by name", "1/21")

    async def look(user: User) -> None:
        await user.wait_for_text("○ favourites", "○ tree", "● by name", "21/21")
        await user.press("ctrl+g")
        await user.wait_for_text("● tree", "▾ payments-dev")

    run_scenario(world.app(), change)
    run_scenario(world.app(), look)
