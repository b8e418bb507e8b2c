"""Leaving the full screen while sign-ins run in the background, or commands run as roles."""

import pytest

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.command_line import RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_command_line import give_command
from tests.tui.screens.test_sign_in import waiting
from tests.tui.screens.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.test_running_sign_ins_several import leave_running
from tests.tui.world import DemoHome, until

QUESTION = "1 sign-in is still running and would stop: leave?"


def test_it_asks_before_it_stops_sign_ins_and_enter_joins_the_one_of_the_role(world):
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
        await user.close_sign_in()
        await until(lambda: user.app.chosen is not None)

    app = run_scenario(services, scenario)
    assert app.return_value == "ssohelper use corp:000040000001/Developer"


@pytest.mark.long
def test_it_asks_before_it_stops_commands(world: DemoHome) -> None:
    async def ask_to_leave(user: User) -> None:
        await user.press("ctrl+q")
        await user.wait_for_screen(ConfirmScreen)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments dev", "tab", "tab", "escape")
        await user.wait_for_text("✓2")
        await give_command(user, "sh -c 'echo started; sleep 600'")
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("started")
        await ask_to_leave(user)
        assert "2 commands are still running and would stop: leave?" in user.screen
        await user.press("n")
        await user.press("f2")
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("0 of 2 ended")
        assert user.app.return_code is None
        await user.press("z")
        await user.wait_for_text("2 of 2 ended: 2 stopped")
        await user.press("ctrl+q")  # nothing runs, so the program ends at once
        await until(lambda: user.app.return_code is not None)

    run_scenario(world.app(), scenario)


def test_a_sign_in_whose_dialog_is_shown_is_stopped_without_a_question(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("payments-dev developer")
        await user.press("f8")
        await user.wait_for_text("PQRS-TVWX", "waiting for you")
        assert user.app.leaving_question() == ""
        await user.press("ctrl+q")
        await until(lambda: user.app.return_code is not None)

    run_scenario(two_signed_out_sessions(world, sleep=waiting), scenario)
