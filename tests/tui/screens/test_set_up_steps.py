"""The questions after the sign-in of a set-up."""

from ssohelper.tui.screens.report import ReportScreen
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_set_up import begin_set_up, forget_all, quick
from tests.tui.world import DemoHome


def test_a_user_without_an_account_has_a_session_and_is_told_whom_to_ask(world: DemoHome) -> None:
    forget_all(world)
    center = world.emulator.world
    for account_id in [*center.roles_of("ana")]:
        center.remove_account(account_id)
    assert not center.roles_of("ana")

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        # There is no role whose region or guard could be asked for.
        await user.wait_for_text("section [sso-session work] to write — write")
        await user.press("y")
        await user.wait_for_screen(ReportScreen)
        await user.wait_for_text("no account is assigned to you yet; ask your administrator")
        assert "guard" not in user.messages

    run_scenario(world.app(sleep=quick), scenario)
    text = world.config_file.read_text()
    assert "[sso-session work]" in text
    assert "[profile" not in text
