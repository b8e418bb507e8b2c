"""Sessions are removed after a question that shows the diff; ctrl+z suspends."""

import os
import signal

from ssohelper.system import terminal
from ssohelper.tui.screens.confirm import ConfirmScreen
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome


def test_a_session_is_removed_after_the_question(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp", "lab", "signed in")
        await user.press("down", "X")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text('sign out of the session "lab", and remove it')
        await user.press("enter")  # Enter answers "No", which has the focus
        await user.wait_for_message("nothing was changed")
        await user.press("X")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message('session "lab" removed')

    run_scenario(world.app(), scenario)
    assert "sso-session lab" not in world.config_file.read_text()


def test_without_job_control_ctrl_z_says_that_it_cannot(world, monkeypatch):
    killed: list[int] = []
    monkeypatch.setattr(terminal, "can_suspend_program", lambda: False)
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+z")
        await user.wait_for_message("ssohelper cannot be suspended")

    run_scenario(world.app(), scenario)
    assert signal.SIGTSTP not in killed
