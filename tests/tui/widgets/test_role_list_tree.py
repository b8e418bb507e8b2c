"""The accounts as a tree: folding by keys and mouse, the order, marks, and what is remembered."""

import asyncio

import pytest

from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.search_line import SearchLine
from tests.long_rows import long_after
from tests.tui.driving import User, read_screen, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, until

DEV = "payments-dev  000040000001"


def lines(user: User) -> list[str]:
    """Return the lines of the list as they are drawn, without blanks at their ends."""
    found = role_list(user)
    count = min(found.size.height, len(found.shown.lines) - int(found.scroll_offset.y))
    drawn = [line.rstrip() for line in user.screen.splitlines() if line.strip()]
    return drawn[found.region.y :][:count]


def test_an_account_is_folded_and_unfolded_with_the_arrows(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(f"▾ {DEV}", "❯ ★    Developer", "role keys", "●7h")
        await user.press("left")
        await user.wait_for_text(f"❯ ▾ {DEV}", "live keys     1")
        await user.press("left")
        # The heading has the marks of the roles that are not shown.
        await user.wait_for_text(f"❯ ▸ {DEV}  3 roles", "★ ●7h  31m ago")
        assert "Developer" not in lines(user)[1]
        await user.press("right")
        await user.wait_for_text(f"❯ ▾ {DEV}", "★    Developer")
        await user.press("right")
        await user.wait_for_text("❯ ★    Developer")
        await user.press("left", "enter")
        await user.wait_for_text(f"❯ ▸ {DEV}")
        await user.press("enter")
        await user.wait_for_text(f"❯ ▾ {DEV}")

    program = run_scenario(world.app(), scenario)
    assert program.return_value is None


def test_what_a_search_finds_is_unfolded_and_the_arrows_edit_the_search(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(f"▾ {DEV}")
        await user.press("shift+left")
        await user.wait_for_text(f"❯ ▸ {DEV}", "▸ payments-prod")
        await user.press(*"develper")
        await user.wait_for_text("❯ ★    Developer")
        await user.press("left", "left", "left", "o", "left")
        line = user.app.screen.query_one(SearchLine)
        await until(lambda: line.value == "developer", 60)
        assert not any("▸" in one for one in lines(user))
        # Up and down go from role to role: a heading cannot be chosen.
        await user.press("ctrl+u", *"read", "down")
        rows = [role_list(user).row]
        await user.press("down", "down")
        assert None not in [*rows, role_list(user).row]
        await user.press("escape")
        await user.wait_for_text(f"▸ {DEV}", "▸ payments-prod")

    run_scenario(world.app(), scenario)


def test_a_key_shows_a_flat_list_and_another_sorts_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(f"▾ {DEV}", "● tree", "● by use")
        await user.press("down", "ctrl+g")
        await user.wait_for_text("○ tree", "❯      payments-dev    000040000001 ReadOnlyAccess")
        await user.press("ctrl+s")
        await user.wait_for_text("● by name", "❯      payments-dev    000040000001 ReadOnlyAccess")
        await user.press("ctrl+s", "ctrl+g")
        await user.wait_for_text("● tree", "● by id", "❯      ReadOnlyAccess")
        headings = [line.split()[1] for line in lines(user) if "▾" in line]
        assert headings[:3] == ["payments-dev", "000010000002", "network"]

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("width", long_after(1, [40, 80, 140]))
def test_live_credentials_and_profiles_are_marked_at_every_width(world, width):
    async def scenario(user: User) -> None:
        await user.wait_for_text("▾ payments-pr", "ReadOnlyAccess", "●7h")
        [line] = [line for line in lines(user) if "DatabaseAdmin" in line and "●" in line]
        assert "●1h" in line
        assert "payments-prod.Da" in line if width > 40 else " P " in line
        world.clock.now += 2 * 3600  # after 2 hours, the role's credentials have expired
        await until(lambda: user.screen.count("●1h") == 0, 60)

    run_scenario(world.app(), scenario, size=(width, 30))


def test_the_first_line_names_the_account_of_the_roles_below_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(f"▾ {DEV}")
        for _ in range(25):
            await user.press("down")
            await until(lambda: "❯" in user.screen)
            shown = lines(user)
            assert "▾" in shown[0]
            name = next(line for line in reversed(shown[: _cursor(shown) + 1]) if "▾" in line)
            row = role_list(user).row
            assert row is None or (row.account.name or row.account.id) in name

    run_scenario(world.app(), scenario, size=(80, 14))


def _cursor(shown: list[str]) -> int:
    return next(at for at, line in enumerate(shown) if "❯" in line)


@pytest.mark.parametrize(
    "size",
    [
        (40, 12),
        (140, 40),
        *(pytest.param(size, marks=pytest.mark.long) for size in [(80, 24), (200, 60)]),
    ],
)
def test_no_two_visible_lines_are_alike(world: DemoHome, size: tuple[int, int]) -> None:
    async def go() -> None:
        app = FullScreenApp(world.app())
        async with app.run_test(size=size) as pilot:
            await until(lambda: app.screen.query("KeyBar"))
            user = User(app, pilot)
            for keys in ((), ("ctrl+s",), ("shift+left",), ("shift+right", "end"), ("ctrl+g",)):
                await user.press(*keys)
                await until(lambda: "❯" in read_screen(app))
                pairs, heading = [], ""
                for line in lines(user):
                    heading = line if "▾" in line or "▸" in line else heading
                    pairs.append((heading, line))
                assert len(set(pairs)) == len(pairs)

    asyncio.run(go())


def test_headings_are_no_roles_fold_by_mouse_and_have_matches(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(f"▾ {DEV}", "role keys", "●7h")
        await user.press("left", "f8")
        await user.wait_for_message("choose one of its roles first (→ goes to them)")
        await user.pilot.click(RoleList, offset=(10, 0))
        await user.wait_for_text(f"❯ ▸ {DEV}")
        await user.pilot.click(RoleList, offset=(10, 1))
        await user.wait_for_text("❯▌▸ payments-prod")
        await user.press(*"pay 000030000001 read")
        await until(lambda: role_list(user).shown.query == "pay 000030000001 read")
        drawn = [role_list(user).render_line(y) for y in (0, 1)]
        found = [
            part.text for strip in drawn for part in strip if part.style and part.style.underline
        ]
        assert found == ["pay", "000030000001", "Read"]

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("no_color", [False, True])
def test_an_account_has_a_coloured_mark_and_a_label(world, monkeypatch, no_color):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    settle(world, 'colors."*prod*" = "red"\ncolors."payments-*" = "blue money"\n')

    async def scenario(user: User) -> None:
        await user.wait_for_text(
            " ▌▾ payments-prod  000030000001  [prod]  3 roles",
            "❯▌★    Developer",
            " ▌▾ payments-dev  000040000001  [money]  3 roles",
        )
        assert "▌▾ data-lake" not in user.screen
        assert ("#ff8787" in user.app.export_screenshot()) == (not no_color)
        await user.press("ctrl+g")
        await user.wait_for_text(" ▌     payments-prod ")

    run_scenario(world.app(), scenario)
