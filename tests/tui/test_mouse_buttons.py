"""Only the left button of the mouse acts; the others change nothing, also while it drags."""

from textual.events import MouseDown, MouseMove, MouseUp

from tests.tui.bursts import mouse
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome, until


def test_the_right_button_does_not_hold_a_scrollbar_that_the_left_one_drags(
    world: DemoHome,
) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("21/21", "F1 Help")
        bar = role_list(user).vertical_scrollbar
        x, y = bar.region.offset
        user.app.post_message(mouse(MouseDown, x, y))
        user.app.post_message(mouse(MouseMove, x, y + 1))
        await until(lambda: bar.grabbed is not None)
        for kind in (MouseDown, MouseUp):
            user.app.post_message(mouse(kind, x, y + 1, button=3))
        await user.pilot.pause()
        assert bar.grabbed is not None
        user.app.post_message(mouse(MouseUp, x, y + 1))
        await until(lambda: bar.grabbed is None)

    run_scenario(world.app(), scenario, size=(120, 14))
