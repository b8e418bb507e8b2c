"""A session that another program removes or renames: a sign-in to it ends, and saves nothing."""

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_sign_in import (
    callback_port,
    kept_tokens,
    listens,
    waiting,
    with_a_browser,
)
from tests.tui.screens.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.test_running_sign_ins_several import leave_running, opened
from tests.tui.world import DemoHome, until


def rename_in_config(world: DemoHome, old: str, new: str) -> None:
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace(f"[sso-session {old}]", f"[sso-session {new}]"))


def test_a_sign_in_to_a_session_that_left_the_config_ends(world: DemoHome) -> None:
    notes = with_a_browser(world)
    services = two_signed_out_sessions(world, sleep=waiting)
    world.remember_user("lab", "ana")

    async def stop_when_the_config_is_read(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_text("/authorize?")
        await leave_running(user, SessionsScreen)
        await until(lambda: bool(opened(notes)))
        port = callback_port(opened(notes)[0])
        assert listens(port)
        rename_in_config(world, "lab", "lab2")
        user.app.screen.read_clocks()  # type: ignore[attr-defined]
        await user.wait_for_message('the sign-in to "lab" was stopped: this session was removed')
        assert "lab" not in user.app.sign_ins
        await until(lambda: not listens(port))

    async def sign_in_to_a_row_that_is_old(user: User) -> None:
        await user.wait_for_text("lab2")
        await user.press("down")  # the refresh that removed "lab" has left the cursor on no line
        rename_in_config(world, "lab2", "lab3")
        await user.press("n")
        await user.wait_for_message('the sign-in to "lab2" was stopped')
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)
        assert len(opened(notes)) == 1

    async def save_nothing_without_a_read(user: User) -> None:
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)
        await user.type("payments-dev developer")
        await user.press("f8")
        await user.wait_for_text('Sign in to "corp"')
        await user.press("D")
        await user.wait_for_text("PQRS-TVWX")
        await leave_running(user, AccountsScreen)
        rename_in_config(world, "corp", "corp2")
        world.emulator.approve_device("PQRS-TVWX", "ana")
        # The program may read the config before the sign-in ends, or the sign-in finds the change.
        ends = (
            'the sign-in to "corp" was stopped',
            'the sign-in to "corp" failed: the session "corp"',
        )
        await until(lambda: any(end in user.messages for end in ends))

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await stop_when_the_config_is_read(user)
        await sign_in_to_a_row_that_is_old(user)
        await save_nothing_without_a_read(user)
        assert not user.app.sign_ins

    run_scenario(services, scenario)
    assert kept_tokens(world) == 0
    assert world.emulator.counters["Logout"] >= 1
