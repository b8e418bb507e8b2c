"""The keys of a question that shows lines: they scroll while an answer has the focus."""

from textual.widgets import Button

from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import Line, LineView
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

LINES: list[Line] = [[(f"+ profile {number}", "")] for number in range(100)]


def test_the_diff_scrolls_without_going_to_it(world: DemoHome) -> None:
    answers: list[bool | None] = []

    async def scenario(user: User) -> None:
        user.app.push_screen(ConfirmScreen("write?", lines=LINES), answers.append)
        await user.wait_for_text("+ profile 0 ", "page down, ↓, j: more")
        view = user.app.screen.query_one(LineView)
        for key, at in (("down", 1), ("j", 2), ("k", 1), ("up", 0), ("pagedown", 1), ("home", 0)):
            await user.press(key)
            if key == "pagedown":
                await until(lambda: view.scroll_y > 5)
            else:
                await until(lambda at=at: view.scroll_y == at)
        await user.press("end")
        await user.wait_for_text("+ profile 99")
        await user.press("g")
        await user.wait_for_text("+ profile 0 ")
        assert isinstance(user.app.focused, Button)
        await user.press("tab")
        assert user.app.focused is view
        await user.press("y")

    run_scenario(world.app(), scenario)
    assert answers == [True]


def test_lines_that_fit_need_no_keys_to_scroll(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        user.app.push_screen(ConfirmScreen("write?", lines=LINES[:2]))
        await user.wait_for_text("+ profile 1 ")
        assert "page down" not in user.screen
        dialog = user.app.screen.query_one(".dialog")
        await until(lambda: dialog.size.height <= 6)  # no more lines than it needs
        await user.pilot.resize_terminal(40, 12)
        await user.wait_for_text("+ profile 1 ", "Yes (y)")
        assert "page down" not in user.screen

    run_scenario(world.app(), scenario)
