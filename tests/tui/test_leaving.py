"""Leaving the full screen while sign-ins run in the background."""

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import User, run_scenario
from tests.tui.test_several_sign_ins import leave_running
from tests.tui.test_sign_in import waiting
from tests.tui.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.world import DemoHome, until

QUESTION = "1 sign-in is still running and would stop: leave?"


def test_it_asks_before_it_stops_sign_ins_and_enter_joins_the_one_of_the_role(
    world: DemoHome,
) -> None:
    services = two_signed_out_sessions(world, sleep=waiting)

    async def refuse(user: User, key: str) -> None:
        await user.press(key)
        await user.wait_for_screen(ConfirmScreen)
        assert QUESTION in user.screen
        await user.press("n")
        await user.wait_for_screen(AccountsScreen)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("payments-dev developer")
        await user.press("f8")
        await user.wait_for_text("PQRS-TVWX")
        await leave_running(user, AccountsScreen)
        await user.press("ctrl+u")
        await refuse(user, "escape")
        await refuse(user, "ctrl+c")
        await refuse(user, "ctrl+q")
        await user.type("payments-dev developer")
        await user.press("enter")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("PQRS-TVWX", "running")
        assert user.app.chosen is None
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await until(lambda: user.app.chosen is not None)

    app = run_scenario(services, scenario)
    assert app.return_value == "ssohelper use corp:000040000001/Developer"
