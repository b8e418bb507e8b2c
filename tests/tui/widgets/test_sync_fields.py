"""The fields of the sync's options: what is empty, what is wrong, and what Escape restores."""

from textual.widgets import Input

from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.world import DemoHome, until


def test_enter_keeps_no_option_that_is_not_valid_and_escape_restores_them(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        for key in ("enter", "ctrl+o"):
            await user.press("ctrl+o")
            await user.press(*["tab"] * 4, "ctrl+u")
            await user.type("nowhere")
            await user.press("shift+tab", key)
            await user.wait_for_text('▲ option region: "nowhere"')
            assert isinstance(user.app.focused, Input)
            assert user.app.focused.value == "nowhere"
            await user.press("escape")
            await until(lambda: not screen.fields.display)
            await user.wait_for_text("17 to add, 1 to change")

    run_scenario(world.app(), scenario, size=(140, 40))


def test_the_diff_says_why_there_is_none(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+o")
        await user.type("'open")
        await user.wait_for_text("option accounts: a quote is not closed")
        user.app.screen.action_diff()  # type: ignore[attr-defined]
        await user.wait_for_message("no diff: option accounts: a quote is not closed", "^o opens")

    run_scenario(world.app(), scenario, size=(140, 40))
