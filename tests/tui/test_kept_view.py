"""The form and the filters of the list are kept over an exit."""

from ssohelper.core.role_tree import RoleListView
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome

VIEW = RoleListView(is_flat=True, only_session="corp", only_favourites=True)


def save(world: DemoHome, view: RoleListView) -> None:
    app = world.app()
    app.list_view.update(lambda _before: view, app.clock.deadline(60))


def test_form_and_filters_are_as_at_the_last_exit(world: DemoHome) -> None:
    async def change(user: User) -> None:
        await user.wait_for_text("○ all sessions", "○ favourites", "● tree", "21/21")
        await user.press("ctrl+g", "ctrl+b", "ctrl+t")
        await user.wait_for_text("● corp", "● favourites", "○ tree", "1/21")

    async def look(user: User) -> None:
        await user.wait_for_text("● corp", "● favourites", "○ tree", "1/21")
        assert role_list(user).shown.view == VIEW

    run_scenario(world.app(), change).save_view()
    assert world.app().list_view.load() == VIEW
    run_scenario(world.app(), look)


def test_a_kept_filter_that_no_role_passes_is_dropped(world: DemoHome) -> None:
    save(world, VIEW._replace(only_session="gone"))
    favourites = world.home / "own" / "state" / "usage.json"
    favourites.unlink()

    async def scenario(user: User) -> None:
        await user.wait_for_text("○ all sessions", "○ favourites", "○ tree", "21/21")

    run_scenario(world.app(), scenario)


def test_nothing_is_written_without_a_change_and_a_failure_is_a_warning(world: DemoHome) -> None:
    app = run_scenario(world.app(), lambda user: user.wait_for_text("21/21"))
    app.save_view()
    path = world.home / "own" / "state" / "list-view.json"
    assert not path.exists()
    path.symlink_to("nothing")  # a link at its path: the file cannot be written

    async def scenario(user: User) -> None:
        await user.wait_for_text("21/21")
        await user.press("ctrl+g")
        await user.wait_for_text("○ tree")

    program = run_scenario(world.app(), scenario)
    program.save_view()
    assert any("view of the list could not be saved" in one for one in program.services.warnings)
