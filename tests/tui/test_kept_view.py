"""The filter and the order of the list are kept over an exit."""

import pytest

from ssohelper.core.schema.view import View
from ssohelper.tui.widgets.role_list import RoleList
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until


def test_filter_and_order_are_as_at_the_last_exit(world: DemoHome) -> None:
    async def change(user: User) -> None:
        await user.wait_for_text("○ all sessions", "○ favourites", "○ by account", "21/21")
        await user.press("ctrl+g", "ctrl+b", "ctrl+t")
        await user.wait_for_text("● corp", "● favourites", "● by account", "1/21")

    async def look(user: User) -> None:
        await user.wait_for_text("● corp", "● favourites", "● by account", "1/21")
        assert user.app.screen.query_one(RoleList).grouped

    run_scenario(world.app(), change).save_view()
    assert world.app().view.load() == View("corp", only_favourites=True, by_account=True)
    run_scenario(world.app(), look)


def test_a_kept_filter_that_no_role_passes_is_dropped(world: DemoHome) -> None:
    world.app().view.save(View("gone", only_favourites=True))
    favourites = world.home / "own" / "state" / "usage.json"
    favourites.unlink()

    async def scenario(user: User) -> None:
        await user.wait_for_text("○ all sessions", "○ favourites", "21/21")

    run_scenario(world.app(), scenario)


def test_nothing_is_written_without_a_change_and_a_failure_is_a_warning(
    world: DemoHome, capfd: pytest.CaptureFixture[str]
) -> None:
    app = run_scenario(world.app(), lambda user: user.wait_for_text("21/21"))
    app.save_view()
    path = world.home / "own" / "state" / "view.json"
    assert not path.exists()
    path.mkdir()  # the file cannot be written

    async def scenario(user: User) -> None:
        await user.wait_for_text("21/21")
        await user.press("ctrl+g")
        await until(lambda: "● by account" in user.screen)

    run_scenario(world.app(), scenario).save_view()
    assert "warning: the list's view could not be saved" in capfd.readouterr().err
