"""A question that comes late: not over another screen, and not without the action that asks it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ssohelper.actions import identity, profiles
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.tui.driving import User, run_scenario
from tests.tui.test_sign_in_goes_on import sign_out
from tests.tui.world import DemoHome, until


@pytest.fixture
def may_plan(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An event for which the plan of a new profile waits."""
    event, plan = threading.Event(), profiles.plan_new_profile

    def plan_later(*arguments: Any) -> Any:
        assert event.wait(60)
        return plan(*arguments)

    monkeypatch.setattr(profiles, "plan_new_profile", plan_later)
    yield event
    event.set()


@pytest.mark.parametrize(("key", "screen"), [("f3", SessionsScreen), ("f4", ProfilesScreen)])
def test_an_action_does_not_ask_over_another_screen(
    world: DemoHome, may_plan: threading.Event, key: str, screen: type
) -> None:
    before = world.config_file.read_text()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "f9", key)
        await user.wait_for_screen(screen)
        may_plan.set()
        await user.wait_for_message("F9 (Profile) was cancelled: another screen was chosen")
        await user.press("y")
        assert isinstance(user.app.screen, screen)
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)
        await user.press("f9")  # the same action can be started again
        await user.wait_for_screen(ConfirmScreen)

    run_scenario(world.app(), scenario)
    assert world.config_file.read_text() == before


def test_a_question_opens_over_the_help_of_its_screen(
    world: DemoHome, may_plan: threading.Event
) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "f9", "f1")
        await user.wait_for_screen(HelpScreen)
        may_plan.set()
        await user.wait_for_screen(ConfirmScreen)

    run_scenario(world.app(), scenario)


def test_a_sign_in_is_not_offered_over_another_screen(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.parametrize("leave", [(), ("f3", "f2"), ("f1", "f1")])
def test_the_question_of_a_cancelled_action_closes(world: DemoHome, leave: tuple[str, ...]) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        accounts = user.app.screen
        await user.press(*"payments-dev developer", "f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.press(*leave[:1])
        for worker in accounts.workers:
            if worker.group == "profile":
                worker.cancel()
        await until(lambda: not any(one.group == "profile" for one in accounts.workers))
        await user.press(*leave[1:])
        await until(lambda: user.app.screen is accounts)

    run_scenario(world.app(), scenario)
