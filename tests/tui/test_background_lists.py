"""A refresh of a list that ends while another screen or a dialog is shown."""

import threading
from typing import Any

import pytest

from ssohelper.core.listing import Listing
from ssohelper.tui.screens import list_refresher
from ssohelper.tui.screens.confirm import ConfirmScreen
from tests.tui.driving import User, run_scenario
from tests.tui.test_set_up import quick
from tests.tui.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.world import DemoHome


def test_profiles_plans_with_a_list_that_comes_while_it_is_shown(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, may_end = list_refresher.directory.fetch_listing, threading.Event()

    def fetch_when_allowed(*arguments: Any, **more: Any) -> Listing:
        if more.get("refresh"):
            may_end.wait(5)
        return fetch(*arguments, **more)

    monkeypatch.setattr(list_refresher.directory, "fetch_listing", fetch_when_allowed)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("f")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message("files removed")
        await user.press("f2", "f5", "f4")
        await user.wait_for_text("no list of roles yet")
        may_end.set()
        await user.wait_for_text("17 to add")

    run_scenario(world.app(sleep=quick), scenario)


def test_a_refresh_names_all_sessions_that_need_a_sign_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f5")
        await user.wait_for_message("not refreshed, because not signed in:", '"corp"', '"lab"')

    run_scenario(two_signed_out_sessions(world), scenario)
