"""How a test reads the screen."""

from tests.tui.driving import SameUntilDrawn, User, read_screen, run_scenario
from tests.tui.world import DemoHome


def test_the_screen_is_read_again_only_after_a_drawing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        readings: list[str] = []

        def read() -> str:
            readings.append(read_screen(user.app))
            return readings[-1]

        same = SameUntilDrawn(read)
        assert same() == same() == read_screen(user.app)
        assert len(readings) == 1
        await user.press("f3")
        await user.wait_for_text("signed in")
        assert "signed in" in same()
        assert len(readings) == 2

    run_scenario(world.app(), scenario)
