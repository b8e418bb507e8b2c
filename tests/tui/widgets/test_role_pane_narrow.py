"""The lines above the list in narrow terminals: shorter words, and none is cut."""

from functools import partial

import pytest

from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.screens.help import Help, HelpRow, help_lines
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.widgets.role_pane import row_text
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

FILTERS = " space v ● tree  o ● by use  b ○ favourites"
ROLE = "payments-prod/DatabaseAdmin ●1h  corp ▲ 5h?"


@pytest.mark.parametrize(
    ("width", "top"),
    long_after(
        3,
        [
            (40, "▸Roles DatabaseAdmin ●1h corp ▲ 5h?"),
            (80, f"▸Roles Sign-ins Profiles {ROLE}"),
            (120, f"ssohelper ▸Roles Sign-ins Profiles this shell: {ROLE}"),
            (47, "▸Roles DatabaseAdmin ●1h corp ▲ 5h?"),
        ],
    ),
)
def test_no_label_above_the_list_is_cut(world, width, top):
    world.environ["AWS_PROFILE"] = "payments-prod.DatabaseAdmin"

    async def scenario(user: User) -> None:
        filters = FILTERS if width > 42 else " ● tree  ● use  ○ ★"

        def lines() -> list[str]:
            return [line for line in user.screen.splitlines() if line.strip()]

        await until(lambda: lines()[0].split() == top.split() and lines()[1].startswith(filters))

    run_scenario(world.app(), scenario, size=(width, 24))


def test_what_does_not_fit_beside_the_filters_is_left_out_whole(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        def end_of_bar() -> str:
            return user.screen.split("\n")[1].rstrip().rpartition("  ")[2]

        for width, note in (
            (80, "1 session not listed yet: space 2"),
            (70, "1 not listed: space 2"),
            (40, "○ ★"),
        ):
            await user.pilot.resize_terminal(width, 24)
            await until(lambda note=note: end_of_bar() == note)  # type: ignore[misc]

    run_scenario(world.app(), scenario, size=(80, 24))


def test_the_help_wraps_a_description_that_is_too_long() -> None:
    words = "word " * 20
    lines = help_lines(Help("", [HelpRow("", "F1", words.strip())], False), 73)
    texts = ["".join(text for text, _ in line) for line in lines]
    assert sum(text.count("word") for text in texts) == 20
    assert not any("…" in text for text in texts)


def test_an_address_that_does_not_fit_ends_with_an_ellipsis(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("payments-prod DatabaseAdmin")
        await user.wait_for_text("aws+payments-pr…")

    run_scenario(world.app(), scenario, size=(62, 24))


def test_in_forty_columns_the_bar_of_a_listing_has_one_line(world: DemoHome) -> None:
    services = world.app()
    session = services.config.read().sso_session("corp")
    assert session is not None
    world.emulator.faults.script("ListAccountRoles", times=100, delay_seconds=0.2)

    async def scenario(user: User) -> None:
        await user.wait_for_text("? Help")
        user.app.busy.start("profiles.apply", partial(refresh_list, user.app, session))
        await user.wait_for_busy_screen("listing the accounts", " of ")
        assert user.app.screen.query_one("#waiting").size.height == 2
        await user.type("\x1b")
        await user.until_keys_act()

    run_scenario(services, scenario, size=(40, 12))


def test_in_forty_columns_help_and_pickers_use_the_whole_width() -> None:
    words = "one two six " * 20
    text = ["".join(text for text, _ in line) for line in help_lines(Help(words, [], False), 33)]
    assert max(map(len, text[:5])) > 29
    row = RoleRow("corp", Account("000030000001", "payments-prod", ""), "ReadOnlyAccess")
    shown = row_text(row, 40).plain
    assert shown.startswith("payments-p… 000030000001 ReadOnlyAccess · corp")


def test_a_text_in_place_of_the_roles_is_not_cut(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("? Help")
        await user.press(*"zzz")
        await user.wait_for_text('  nothing matches "zzz"  ', "  esc clears the search  ")

    run_scenario(world.app(), scenario, size=(40, 12))
