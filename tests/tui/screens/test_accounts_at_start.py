"""The Accounts screen while only its list is mounted."""

import pytest

from ssohelper.tui.screens import accounts
from ssohelper.tui.screens.accounts import AccountsScreen
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome


def test_keys_that_arrive_before_the_bars_are_mounted_work(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def press_early(user: User) -> None:
        screen = user.app.screen
        assert isinstance(screen, AccountsScreen)
        await user.press("f5", "ctrl+g", "ctrl+b", "ctrl+t")
        screen._show_refresh_progress()  # as the thread does that lists roles at AWS
        assert not screen.query("KeyBar")
        screen.call_later(screen._mount_other_widgets)
        await user.wait_for_text("● corp", "● favourites", "○ tree")

    monkeypatch.setattr(accounts, "_PAINTED_SECONDS", 3600)
    run_scenario(world.app(), press_early, wait_for_bars=False)
