"""Keys that are typed before a question has come never use another role."""

import random
import time
from typing import Any

import pytest

from ssohelper.actions import guards
from ssohelper.tui.screens.grant import GrantScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_grant import terminal as terminal  # a fixture
from tests.tui.test_keys_and_themes import settle
from tests.tui.test_keys_order import send_at_once
from tests.tui.world import DemoHome


@pytest.mark.parametrize("seed", long_after(2, range(8)))
def test_a_burst_after_enter_on_a_guarded_role_never_takes_another_role(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, terminal: None, seed: int
) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
    chance = random.Random(seed)
    original = guards.role_needs_grant

    def role_needs_grant(*arguments: Any, **more: Any) -> Any:
        time.sleep(chance.choice([0, 0.01, 0.1, 0.4]))
        return original(*arguments, **more)

    monkeypatch.setattr(guards, "role_needs_grant", role_needs_grant)

    async def scenario(user: User) -> None:
        send_at_once(user.app, "databaseadmin prod⏎⌃pay dev read⏎")
        await user.wait_for_screen(GrantScreen)
        await user.wait_for_text("payments-prod")

    app = run_scenario(world.app(), scenario)
    assert app.return_value is None
