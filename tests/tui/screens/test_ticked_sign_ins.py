"""Ticked roles of several sessions: each missing sign-in is offered, then the action goes on."""

from collections.abc import Callable

import pytest

from ssohelper.actions import login
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from tests.tui.driving import User, run_scenario
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_accounts import role_list
from tests.tui.screens.test_set_up import quick
from tests.tui.screens.test_sign_in_offer import sign_in_now
from tests.tui.world import NOW, DemoHome, until

LAB = Account("000060000001", "lab", "aws+lab@example.com")


def two_signed_out_sessions(world: DemoHome, sleep: Callable[[float], None] = quick) -> App:
    """Return the App of a home with two sessions that are listed, and that no one is signed in to."""
    services = world.app(sleep=sleep)
    corp, lab = services.config.read().sso_sessions()
    login.log_out(services, corp)
    listed = (ListedAccount(LAB, ("ReadOnlyAccess",)),)
    services.directory.save("lab", Listing(lab.start_url, lab.region, NOW - 60, listed))
    return services


def test_each_missing_sign_in_is_offered_and_one_left_leaves_its_roles_out(world, tmp_path):
    opener = tmp_path / "opener"
    opener.write_text('#!/bin/sh\ncurl -s -o /dev/null "$1"\n')
    opener.chmod(0o755)
    world.environ["BROWSER"] = f"{opener} %s"
    services = two_signed_out_sessions(world)

    async def open_consoles(user: User) -> None:
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        await user.wait_for_text("Console of 3 ticked roles")
        await user.press("enter")

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments dev", "tab", "tab", "ctrl+u", *"lab readonly", "tab", "escape")
        await user.wait_for_text("✓3")
        await open_consoles(user)
        await user.wait_for_text('Sign in to "corp"')
        await user.press("escape")
        await user.wait_for_text('Sign in to "lab"')
        await user.press("D")
        await sign_in_now(user, world)
        await user.wait_for_message(
            'signed in to "lab"',
            "left out, because not signed in: Developer in payments-dev (corp), ReadOnlyAccess in "
            "payments-dev (corp)",
        )
        await user.wait_for_screen(AccountsScreen)
        assert user.messages.count("opened the console") == 1
        world.emulator.faults.set(user_code="ABCD-EFGH")
        await open_consoles(user)  # the session "lab" is signed in already
        await user.wait_for_text('Sign in to "corp"')
        await user.press("D")
        await user.wait_for_text("ABCD-EFGH")
        world.emulator.approve_device("ABCD-EFGH", "ana")
        await user.close_sign_in()
        await until(lambda: user.messages.count("opened the console") == 4)

    run_scenario(services, scenario)


@pytest.mark.long
def test_profiles_of_several_sessions_are_one_question_each_and_a_no_leaves_the_others(world):
    services = two_signed_out_sessions(world)
    world.clock.now = NOW + 25 * 3600  # the lists are too old to write from

    async def approve(user: User, session_name: str, code: str) -> None:
        await user.wait_for_text(f'Sign in to "{session_name}"', code)
        world.emulator.approve_device(code, "ana")
        await user.close_sign_in()

    async def answer(user: User, session_name: str, key: str) -> None:
        await user.wait_for_text(f'"{session_name}": 1 profile to add')
        await user.wait_for_screen(ConfirmScreen)
        await user.press(key)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press(*"payments dev developer", "tab", "ctrl+u", *"lab readonly", "tab")
        await user.press("f9")
        await user.wait_for_text('Sign in to "corp"', "PQRS-TVWX")
        world.emulator.faults.set(user_code="ABCD-EFGH")
        await user.press("escape")
        await approve(user, "lab", "ABCD-EFGH")
        await answer(user, "lab", "n")
        await user.wait_for_message("left out, because not signed in: Developer in payments-dev")
        assert role_list(user).tick_count == 2
        world.emulator.faults.set(user_code="JKLM-NPQR")
        await user.press("f9")
        await answer(user, "lab", "n")
        await approve(user, "corp", "JKLM-NPQR")
        await answer(user, "corp", "y")
        await user.wait_for_message('"corp": 1 profile added')
        assert role_list(user).tick_count == 2
        await user.press("f9")
        await answer(user, "lab", "y")
        await user.wait_for_message(
            '"corp": each of 1 ticked role has a profile already', '"lab": 1 profile added'
        )
        await until(lambda: role_list(user).tick_count == 0)

    before = world.config_file.read_text()
    run_scenario(services, scenario)
    assert world.config_file.read_text().count("[profile") == before.count("[profile") + 2
