"""The questions after the sign-in of a set-up: without accounts, and answers that change nothing."""

import pytest

from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.screens.set_up_steps import FilterChoiceScreen
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_set_up import assign_more, begin_set_up, forget_all, quick, take_region
from tests.tui.world import DemoHome, until


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


@pytest.mark.long
def test_escape_at_the_region_gives_the_sign_in_back(world: DemoHome) -> None:
    forget_all(world)

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await user.wait_for_text("default region of the profiles?")
        await user.press("escape")
        await user.wait_for_text('write the session "work" without profiles')
        await user.press("n")
        await user.wait_for_message("signed out again")

    run_scenario(world.app(sleep=quick), scenario)
    assert world.config_file.read_text() == ""


@pytest.mark.long
def test_a_choice_that_finds_nothing_takes_nothing(world: DemoHome) -> None:
    forget_all(world)
    assign_more(world)  # only a big plan can be chosen from

    async def scenario(user: User) -> None:
        await begin_set_up(user, world)
        await take_region(user)
        await user.wait_for_text("50 profiles to add — write")
        await user.press("c")
        await user.wait_for_screen(FilterChoiceScreen)
        await user.type("zzzz")
        await user.press("tab", "enter")
        await until(lambda: "0/" in user.screen)
        assert isinstance(user.app.screen, FilterChoiceScreen)
        await user.press("escape", "escape")
        await user.wait_for_text("50 profiles to add — write")

    run_scenario(world.app(sleep=quick), scenario)
