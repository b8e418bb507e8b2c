"""A question that comes late: not over another screen, and not without the action that asks it."""

import threading
from typing import Any

import pytest

from ssohelper.actions import directory, identity, profile_edit
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.history import HistoryScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.gates import Gate, start_slow_profile_action
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_sign_in_offer import sign_out
from tests.tui.world import DemoHome, until


@pytest.fixture
def new_plan(gate: Gate) -> Gate:
    """The gate, with the plan of a new profile behind it."""
    gate.put_before(profile_edit, "plan_new_profiles")
    return gate


@pytest.mark.parametrize(
    ("key", "screen"), long_after(1, [("f3", SessionsScreen), ("f4", ProfilesScreen)])
)
def test_an_action_does_not_ask_over_another_screen(world, new_plan, key, screen):
    before = world.config_file.read_text()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "f9", key)
        await user.wait_for_screen(screen)
        await user.wait_for_text("F9 (Profile) was cancelled")
        new_plan.open()
        await user.wait_for_message("F9 (Profile) was cancelled: another screen was chosen")
        await user.press("y")
        assert isinstance(user.app.screen, screen)
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)
        await user.press("f9")  # the same action can be started again
        await user.wait_for_screen(ConfirmScreen)

    run_scenario(world.app(), scenario)
    assert world.config_file.read_text() == before


def test_a_question_opens_over_the_help_of_its_screen(world: DemoHome, new_plan: Gate) -> None:
    async def scenario(user: User) -> None:
        await start_slow_profile_action(user)
        await user.press("f1")
        await user.wait_for_screen(HelpScreen)
        new_plan.open()
        await user.wait_for_screen(ConfirmScreen)

    run_scenario(world.app(), scenario)


def test_a_sign_in_is_not_offered_over_another_screen(world, monkeypatch):
    services, may_answer = sign_out(world), threading.Event()
    look_up = identity.look_up_identity

    def look_up_later(*arguments: Any) -> Any:
        assert may_answer.wait(60)
        return look_up(*arguments)

    monkeypatch.setattr(identity, "look_up_identity", look_up_later)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press("f8", "f3")
        await user.wait_for_screen(SessionsScreen)
        may_answer.set()
        await user.wait_for_message("F8 (Who am I) was cancelled: another screen was chosen")
        assert isinstance(user.app.screen, SessionsScreen)

    run_scenario(services, scenario)


@pytest.mark.parametrize(
    "leave", [(), ("f3", "f2"), pytest.param(("f1", "f1"), marks=pytest.mark.long)]
)
def test_the_question_of_a_cancelled_action_closes(world: DemoHome, leave: tuple[str, ...]) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        accounts = user.app.screen
        await user.press(*"payments-dev developer", "f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.press(*leave[:1])
        for worker in accounts.workers:
            if worker.name == "accounts.profile":
                worker.cancel()
        await until(lambda: not any(one.name == "accounts.profile" for one in accounts.workers))
        await user.press(*leave[1:])
        await until(lambda: user.app.screen is accounts)

    run_scenario(world.app(), scenario)


def test_the_sign_in_for_f5_is_not_offered_over_another_screen(world: DemoHome, gate: Gate) -> None:
    services = sign_out(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        gate.put_before(directory, "fetch_listing")
        await user.press("f5")
        await until(gate.entered.is_set)
        await user.press("f3")
        await user.wait_for_screen(SessionsScreen)
        gate.open()
        await user.wait_for_message("F5 (Refresh) was cancelled: another screen was chosen")
        assert isinstance(user.app.screen, SessionsScreen)

    run_scenario(services, scenario)


def test_a_question_waits_until_the_dialog_over_its_screen_is_closed(world, new_plan):
    async def scenario(user: User) -> None:
        await start_slow_profile_action(user)
        await user.press("ctrl+l")
        await user.wait_for_screen(HistoryScreen)
        new_plan.open()
        await user.wait_for_message(
            "(Profile) asks something: close this dialog to see the question"
        )
        assert isinstance(user.app.screen, HistoryScreen)
        await user.press("escape")
        await user.wait_for_screen(ConfirmScreen)

    run_scenario(world.app(), scenario)
