"""Ticked roles of several sessions: each missing sign-in is offered, then the action goes on."""

from collections.abc import Callable
from pathlib import Path

from ssohelper.actions import login
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from tests.tui.driving import User, run_scenario
from tests.tui.test_set_up import quick
from tests.tui.test_sign_in_goes_on import sign_in_now
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


def test_each_missing_sign_in_is_offered_and_one_left_leaves_its_roles_out(
    world: DemoHome, tmp_path: Path
) -> None:
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
        await user.press("d")
        await sign_in_now(user, world)
        await user.wait_for_message(
            'signed in to "lab"',
            "left out, because not signed in: Developer in payments-dev (corp), ReadOnlyAccess in "
            "payments-dev (corp)",
        )
        await user.wait_for_screen(AccountsScreen)
        assert user.messages.count("opened the console") == 1
        world.emulator.faults.set(user_code="ABCD-EFGH")
        await open_consoles(user)  # the sign-in of lab is there
        await user.wait_for_text('Sign in to "corp"')
        await user.press("d")
        await user.wait_for_text("ABCD-EFGH")
        world.emulator.approve_device("ABCD-EFGH", "ana")
        await until(lambda: user.messages.count("opened the console") == 4)

    run_scenario(services, scenario)
