"""The clocks of Sessions at every width: whole, with no bar to scroll sideways."""

import pytest
from rich.cells import cell_len

from ssohelper.core.model import (
    CachedCredentials,
    RoleCredentials,
    RoleKey,
    Secret,
    SsoSession,
)
from ssohelper.tui.screens.sessions import cached_role_lines
from ssohelper.tui.widgets.clock_lines import Snapshot
from ssohelper.tui.widgets.lines import LineView
from tests.tui.driving import User, run_scenario
from tests.tui.world import NOW, until

SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())
ONE, TWO = "000030000001", "000030000002"


def lines_at(width: int, names: dict[str, str]) -> list[str]:
    """Return the lines of one role in each of these accounts, whose names are by their ids."""
    made = RoleCredentials("AKIA", Secret("s"), Secret("t"), NOW + 28_500)
    cached = CachedCredentials(made, NOW - 300)
    keys = [RoleKey(SESSION.name, account, "ReadOnlyAccess") for account in names]
    snapshot = Snapshot((), tuple((key, cached) for key in keys), names, ())
    found = cached_role_lines(snapshot, SESSION, NOW, width)
    return ["".join(text for text, _ in line) for line in found]


@pytest.mark.parametrize("width", [36, 46, 56, 64, 65, 76, 136])
def test_a_roles_clock_is_whole_at_every_width(width: int) -> None:
    for line in lines_at(width, {ONE: "data-lake-prod", TWO: "x" * 60})[1:]:
        assert cell_len(line) <= width
        assert line.endswith("  7h 55m left")
        assert "ReadOnly" in line


def test_with_little_room_account_and_role_are_shortened() -> None:
    at_56, at_32 = (lines_at(width, {ONE: "data-lake-prod"})[1] for width in (56, 32))
    assert at_56 == "    data-lake-prod ReadOnlyAccess  7h 55m left"
    assert at_32 == "    data-la… ReadO…  7h 55m left"


def test_accounts_with_one_name_are_told_apart_by_their_ids() -> None:
    first, second = lines_at(40, {ONE: "prod", TWO: "prod"})[1:]
    assert (ONE in first, TWO in second) == (True, True)


@pytest.mark.parametrize("size", [(40, 12), (50, 20), (60, 20)])
def test_no_line_of_sessions_is_wider_than_the_screen(world, size):
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in", "sign-in  ")
        view = user.app.screen.query_one("#details", LineView)
        await until(lambda: view.virtual_size.width <= view.size.width)
        text = "\n".join("".join(part for part, _ in line) for line in view.lines)
        assert text.count(" left") == 5
        assert "renewed automatically" in " ".join(text.split())
        assert "assumed: AWS default 8 h" in " ".join(text.split())
        assert sum(line.endswith(" left") for line in text.split("\n")) == 3
        assert not view.show_horizontal_scrollbar

    run_scenario(world.app(), scenario, size=size)
