"""Saved views: the search and the view under a name, used from the dialog and the palette."""

import json

import pytest

from ssohelper.actions import list_view
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import RoleListView, SavedView
from ssohelper.errors import UsageProblem
from ssohelper.tui.commands import list_commands
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.views import ViewsScreen
from tests.tui.bursts import click
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome, until

FLAT = SavedView("prod read", RoleListView(is_flat=True, sort="name"))


async def open_views(user: User) -> None:
    await user.wait_for_text("role keys")
    await user.press("ctrl+v")
    await user.wait_for_screen(ViewsScreen)


def test_a_view_is_saved_and_used_again(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"prod read", "ctrl+g", "ctrl+s")
        await user.wait_for_text("○ tree", "● by name")
        await user.press("ctrl+v")
        await user.wait_for_screen(ViewsScreen)
        await user.press(*"my prod", "ctrl+s")
        await user.wait_for_message('saved this view as "my prod"')
        await user.wait_for_screen(AccountsScreen)
        await user.press("ctrl+u", "ctrl+g", "ctrl+s", "ctrl+b")
        await user.wait_for_text("● tree", "● by id", "● favourites", "type to search")
        await user.press("ctrl+v")
        await user.wait_for_text("❯ my prod  prod read · flat · by name")
        await user.press(*"mprod", "enter")
        await user.wait_for_screen(AccountsScreen)
        await user.wait_for_text("○ tree", "● by name", "○ favourites", "  prod read")
        assert shown_rows(user)[0].role_name == "ReadOnlyAccess"

    run_scenario(world.app(), scenario).save_view()
    assert world.app().list_view.load_saved_views() == {"my prod": FLAT}
    # The view that is used is the one of the next start too.
    assert world.app().list_view.load() == FLAT.view


def test_a_view_s_name_is_saved_without_spaces_around_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_views(user)
        await user.press(*" my prod ", "ctrl+s")
        await user.wait_for_message('saved this view as "my prod"')

    run_scenario(world.app(), scenario)
    assert list(world.app().list_view.load_saved_views()) == ["my prod"]


def test_an_error_is_shown_below_the_open_dialog(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("ctrl+v")
        await user.wait_for_screen(ViewsScreen)
        await user.press("ctrl+s")
        await user.wait_for_text("✗ a view needs a name", "Views of the list")

    run_scenario(world.app(), scenario, size=(40, 12))


@pytest.mark.long
def test_a_view_of_the_same_name_is_replaced_only_after_a_question(world: DemoHome) -> None:
    list_view.save_named_view(world.app(), "mine", FLAT)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"pay dev", "ctrl+v")
        await user.wait_for_screen(ViewsScreen)
        await user.press(*"mine", "ctrl+s")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text(
            'Replace the saved view "mine"?', "- prod read · flat", "+ pay dev"
        )
        await user.press("n")
        await user.wait_for_screen(ViewsScreen)
        assert world.app().list_view.load_saved_views() == {"mine": FLAT}
        await user.press("ctrl+s")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message('replaced the view "mine"')
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)
    assert world.app().list_view.load_saved_views()["mine"].query == "pay dev"


def test_a_view_that_another_full_screen_saved_since_is_not_replaced(world: DemoHome) -> None:
    other = FLAT._replace(query="orders")

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"pay dev")
        await open_views(user)
        list_view.save_named_view(world.app(), "mine", FLAT)  # after this dialog has read the views
        await user.press(*"mine", "ctrl+s")
        await user.wait_for_screen(ConfirmScreen)
        list_view.save_named_view(world.app(), "mine", other, replaces=FLAT)
        await user.press("y")
        await user.wait_for_message('another view is saved as "mine"')
        await user.wait_for_screen(ViewsScreen)

    run_scenario(world.app(), scenario)
    assert world.app().list_view.load_saved_views() == {"mine": other}


def shown_rows(user: User) -> list[RoleRow]:
    shown = role_list(user).shown
    return [shown.rows[number] for number in shown.lines]


def test_a_view_is_a_command_of_the_palette_and_can_be_removed(world: DemoHome) -> None:
    list_view.save_named_view(world.app(), "prod read", FLAT)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        found = {one.name: one for one in list_commands(user.app, user.app.screen)}
        assert found["view prod read"].description == "prod read · flat · by name"
        found["view prod read"].run()
        await user.wait_for_text("○ tree", "● by name", "  prod read")
        await open_views(user)
        await user.wait_for_text("❯ prod read")
        await user.press("ctrl+x")
        await user.wait_for_message('removed the view "prod read"')
        await user.wait_for_text("No view is saved yet")
        await user.press("enter", "escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)
    assert world.app().list_view.load_saved_views() == {}


def test_a_view_needs_a_name_that_can_be_shown(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_views(user)
        await user.press("ctrl+s")
        await user.wait_for_message("a view needs a name")
        await user.press(*"a/b", "ctrl+s")
        await user.wait_for_message('"a/b" cannot be the name of a view')
        assert isinstance(user.app.screen, ViewsScreen)

    run_scenario(world.app(), scenario)
    for name in ("", " a", "\x1b[31m", "a\u202eb", "x" * 41, "a\n"):
        with pytest.raises(UsageProblem):
            list_view.save_named_view(world.app(), name, FLAT)
    assert not (world.home / "own" / "state" / "saved-views.json").exists()


def test_a_filter_that_would_hide_everything_is_left_out(world: DemoHome) -> None:
    list_view.save_named_view(world.app(), "gone", SavedView("", RoleListView(only_session="gone")))

    async def scenario(user: User) -> None:
        await open_views(user)
        await user.press("enter")
        await user.wait_for_screen(AccountsScreen)
        await until(lambda: role_list(user).shown.count == 21)

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    "change",
    [{"name": "a\u001b"}, {"name": 1}, {"query": None}, {"query": "x" * 201}, {"view": {}}, {}],
)
def test_a_damaged_file_of_views_counts_as_none(world: DemoHome, change: dict[str, object]) -> None:
    list_view.save_named_view(world.app(), "fine", FLAT)
    path = world.home / "own" / "state" / "saved-views.json"
    document = json.loads(path.read_text())
    document["views"][0].update(change)
    path.write_text(json.dumps(document))
    assert world.app().list_view.load_saved_views() == ({} if change else {"fine": FLAT})


def test_a_double_click_on_remove_removes_one_view(world: DemoHome) -> None:
    for name in ("aaa", "bbb"):
        list_view.save_named_view(world.app(), name, FLAT)

    async def scenario(user: User) -> None:
        await open_views(user)
        await user.wait_for_text("^x: remove")
        lines = user.screen.split("\n")
        y = next(number for number, line in enumerate(lines) if "^x: remove" in line)
        for _ in range(2):
            click(user.app, lines[y].index("^x: remove") + 4, y)
        await user.wait_for_message('removed the view "aaa"')
        await user.pilot.pause()
        assert world.app().list_view.load_saved_views() == {"bbb": FLAT}

    run_scenario(world.app(), scenario)
