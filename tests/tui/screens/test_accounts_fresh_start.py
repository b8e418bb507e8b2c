"""At a fresh start, Enter alone uses no role: the program has put the cursor there, not the user."""

import pytest

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until


@pytest.fixture
def fresh(world: DemoHome) -> DemoHome:
    services = world.app()
    (services.locations.state_folder / "usage.json").unlink()
    return world


def test_enter_on_the_first_role_asks(fresh: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        for _ in range(2):
            await user.press("enter")
            await user.wait_for_screen(ConfirmScreen)
            assert "use DataScienceReadOnly in data-lake?" in user.screen
            await user.press("enter")  # Enter answers "No", which has the focus
            await user.wait_for_screen(AccountsScreen)
        assert user.app.chosen is None
        await user.press("enter")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await until(lambda: user.app.chosen is not None)

    app = run_scenario(fresh.app(), scenario)
    assert app.return_value == "ssohelper use corp:000030000003/DataScienceReadOnly"


@pytest.mark.parametrize("keys", [("down",), tuple("payments-dev developer"), ("down", "up")])
def test_a_role_that_the_user_went_to_needs_no_question(fresh, keys):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*(key if key != " " else "space" for key in keys), "enter")
        await until(lambda: user.app.chosen is not None)

    assert run_scenario(fresh.app(), scenario).return_value


def test_a_role_that_was_used_before_needs_no_question(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("enter")
        await until(lambda: user.app.chosen is not None)

    assert run_scenario(world.app(), scenario).return_value
