"""Ticked roles: marked and counted, kept over a search, and acted on together."""

import pytest

from ssohelper.core.model import Account, RoleKey
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import RoleListView, account_key
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.role_list import RoleList
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.test_commands_palette_and_footer import footer
from tests.tui.world import DemoHome, until

DEV, PROD = "000040000001", "000030000001"


async def tick_two(user: User) -> None:
    """Tick payments-dev/Developer, which has no profile, and payments-prod/ReadOnlyAccess."""
    await user.wait_for_text("role keys")
    await user.press(*"payments dev developer", "tab", "ctrl+u", *"payments prod readonly", "tab")
    await user.wait_for_text("✓2  1/21")


def test_ticks_are_marked_counted_and_end_with_escape(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await tick_two(user)
        await user.wait_for_text("❯✓     ReadOnlyAccess")
        await user.press("escape")
        await user.wait_for_text(
            "type to search", "✓2  21/21", " ✓★    Developer", "❯✓     ReadOnlyAccess"
        )
        await user.press("ctrl+g")
        await user.wait_for_text("○ tree", "✓★    payments-dev")
        await user.press("ctrl+g", "shift+left")
        await user.wait_for_text("▸ payments-dev", "★ ✓1 ●7h")
        await user.press("escape")
        await until(lambda: "✓" not in user.screen)
        assert user.app.return_code is None
        await user.press("escape")
        await until(lambda: user.app.return_code is not None)

    run_scenario(world.app(), scenario)


def test_tab_ticks_downwards_and_upwards_and_names_are_copied(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("left", "tab")
        await user.wait_for_text("✓3  21/21", " ✓★    Developer", "❯▌▾ payments-prod")
        assert {row.key for row in role_list(user).ticked} == {
            RoleKey("corp", DEV, name) for name in ("Developer", "ReadOnlyAccess", "DatabaseAdmin")
        }
        await user.press("home", "tab")
        await until(lambda: "✓" not in user.screen)

        await user.press("home", "down")
        await user.wait_for_text("role keys")
        await user.press("down", "shift+tab")
        await user.wait_for_text("✓1  21/21", "❯ ★    Developer")
        await user.press("shift+tab")
        await user.wait_for_text("✓2  21/21", "❯✓★    Developer")

        await user.press("escape")
        await user.wait_for_text("role keys")
        await user.press(*"database prod", "tab", "ctrl+u", *"payments prod read", "tab")
        await user.press("ctrl+y")
        await user.wait_for_message("copied 2 ticked roles")
        assert set(user.app.clipboard.split(" ")) == {
            "payments-prod.DatabaseAdmin",
            "corp:000030000001/ReadOnlyAccess",
        }

    run_scenario(world.app(), scenario)


# The ticks in a tree of three accounts with three, two and one role after so many keys.
@pytest.mark.parametrize(
    ("start", "key", "counts"),
    [
        ("first heading", "tab", [3, 5, 6]),
        ("first role", "tab", [1, 2, 3, 4, 5, 6]),
        ("last heading", "shift+tab", [1, 3, 6]),
        ("last role", "shift+tab", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_going_on_with_tab_takes_back_no_tick(start: str, key: str, counts: list[int]) -> None:
    accounts = [Account(f"{number:012d}", f"account-{number}", "") for number in range(4)]
    roles = [(0, "A"), (0, "B"), (0, "C"), (1, "A"), (1, "B"), (2, "A"), (3, "folded")]
    rows = [RoleRow("corp", accounts[number], name) for number, name in roles]
    found = RoleList(now=lambda: 0)
    folded = RoleListView().with_fold(account_key(rows[-1]), True)
    found.show_first_rows(rows, folded)
    found.go_to({"first heading": 0, "first role": 1, "last heading": 7, "last role": 8}[start])
    for count in counts:
        found.toggle_tick(-1 if key == "shift+tab" else 1)
        assert found.tick_count == count


def test_profiles_of_ticked_roles_are_one_question_and_one_write(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await tick_two(user)
        await user.press("f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text("2 profiles to add", "[profile payments-dev.Developer]")
        await user.press("n")
        await user.wait_for_message("nothing was changed")
        await user.press("f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message("2 profiles added")
        await until(lambda: role_list(user).tick_count == 0)
        await user.press("tab", "f9")
        await user.wait_for_message("each of 1 ticked role has a profile already")

    before = world.config_file.read_text()
    run_scenario(world.app(), scenario)
    after = world.config_file.read_text()
    assert after.startswith(before.rstrip())
    for name in ("payments-dev.Developer", "payments-prod.ReadOnlyAccess"):
        assert f"[profile {name}]" in after
    assert after.count("[profile") == before.count("[profile") + 2


@pytest.mark.long
def test_a_ticked_role_that_is_no_longer_listed_is_not_ticked(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await tick_two(user)
        found = role_list(user)
        gone = RoleKey("corp", DEV, "Developer")
        found.set_rows([row for row in found.rows if row.key != gone])
        assert [row.key.account_id for row in found.ticked] == [PROD]
        assert found.tick_count == 1

    run_scenario(world.app(), scenario)


@pytest.mark.long
def test_ticked_roles_that_a_refresh_removes_are_reported(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await tick_two(user)
        world.emulator.world.unassign("developers", "Developer", "Workloads/Development")
        await user.press("f5")
        await user.wait_for_message("1 ticked role is no longer in the list")
        assert [row.key.account_id for row in role_list(user).ticked] == [PROD]

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("width", "shown"),
    long_after(
        1,
        [
            (40, " space c Consoles  space r Run   ? Help "),
            (
                80,
                " space c Consoles  space r Run  space y Copy  space p Add profiles       ? Help ",
            ),
            (
                140,
                " space c Consoles  space r Run  space y Copy  space p Add profiles  esc Clear ticks  ⏎ Use  ",
            ),
        ],
    ),
)
def test_while_roles_are_ticked_the_footer_begins_with_their_actions(world, width, shown):
    async def scenario(user: User) -> None:
        await user.wait_for_text("? Help")
        before = footer(user)
        await user.press("tab")
        await until(lambda: footer(user).startswith(shown))
        await user.press(*"pay")
        await until(lambda: "Clear search" in footer(user) or width < 140)
        await user.press("escape")
        await until(lambda: footer(user).startswith(shown))
        await user.press("escape")
        await until(lambda: footer(user) == before)

    run_scenario(world.app(), scenario, size=(width, 24))


def test_ticks_that_end_without_a_write_are_no_longer_counted(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments prod database", "tab", "ctrl+u", "f9")
        await user.wait_for_message("each of 1 ticked role has a profile already")
        await until(lambda: "✓" not in user.screen and footer(user).startswith(" ⏎ Use"))

    run_scenario(world.app(), scenario)
