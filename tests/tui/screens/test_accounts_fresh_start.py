"""At the start the cursor is on no role that the user has not chosen: Enter alone uses none."""

import pytest

from ssohelper.tui.base import NO_ROLE_CHOSEN
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until


@pytest.fixture
def fresh(world: DemoHome) -> DemoHome:
    services = world.app()
    (services.locations.state_folder / "usage.json").unlink()
    return world


def test_enter_alone_uses_no_role(fresh: DemoHome) -> None:
    async def scenario(user: User) -> None:
        for _ in range(2):
            await user.press("enter")
            await user.wait_for_message(NO_ROLE_CHOSEN)
        await user.press("ctrl+q")

    assert run_scenario(fresh.app(), scenario).chosen is None


@pytest.mark.parametrize(
    "keys", [("down",), tuple("payments-dev developer"), ("down", "down", "up")]
)
def test_a_role_that_the_user_went_to_is_used(fresh, keys):
    async def scenario(user: User) -> None:
        await user.press(*(key if key != " " else "space" for key in keys), "enter")
        await until(lambda: user.app.chosen is not None)

    assert run_scenario(fresh.app(), scenario).return_value


def test_a_role_that_was_used_before_is_used(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("enter")
        await until(lambda: user.app.chosen is not None)

    assert run_scenario(world.app(), scenario).return_value
