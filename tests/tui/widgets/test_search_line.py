"""The search line in a terminal that is too narrow for the text and the count beside it."""

from tests.tui.driving import User, run_scenario


def test_in_few_columns_the_end_of_the_text_is_shown_and_the_count_gives_way(world):
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press(*"production read only")
        await user.wait_for_text("read only", "0/")
        await user.pilot.resize_terminal(14, 12)
        await user.wait_for_text("read only")
        assert "0/" not in user.screen.splitlines()[1]

    run_scenario(world.app(), scenario, size=(40, 12))
