"""When the search is cleared, or shortened, the cursor stays on the row that the user has found.

If the search has found nothing, the cursor goes back to where it was before the search.
"""

import pytest
from textual.app import ComposeResult

from ssohelper.core.filter_rows import FilterRow
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.widgets.filter_list import FilterList
from ssohelper.tui.widgets.profile_pane import ProfilePane
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.world import DemoHome, until

CLEARING = ("escape", "ctrl+u", "backspace backspace backspace backspace", "ctrl+w")
SIZES = ((60, 15), (80, 24))


def role_at_cursor(user: User) -> str:
    row = role_list(user).row
    return f"{row.account.name} {row.role_name}" if row else ""


@pytest.mark.parametrize(
    ("keys", "size"), long_after(2, pairs_with_each_value_first(CLEARING, SIZES))
)
@pytest.mark.parametrize("is_flat", [False, True], ids=["tree", "flat"])
def test_the_cursor_stays_on_its_role(world, keys, is_flat, size):
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press(*(["ctrl+g"] if is_flat else []), "tab", *"prod", "down", "down")
        found = role_at_cursor(user)
        assert found.startswith(("orders-prod", "payments-prod")), found
        await user.press(*keys.split())
        await user.wait_for_text("type to search")
        assert role_at_cursor(user) == found
        roles = role_list(user)
        assert 0 <= roles.cursor - roles.scroll_offset.y < roles.size.height
        assert roles.tick_count == 1
        await user.press("down")
        assert role_at_cursor(user) != found

    run_scenario(world.app(), scenario, size=size)


def test_a_changed_search_keeps_the_chosen_role_or_goes_to_the_best_match(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press(*"ordprod", "escape")
        assert role_at_cursor(user).startswith("orders-prod")
        await user.press(*"paydev")  # what is typed more goes to the best match again
        assert role_at_cursor(user).startswith("payments-dev")

        await user.press("ctrl+u")
        await user.wait_for_text("type to search")
        await user.press(*"prod")
        best = role_at_cursor(user)
        await user.press(*" ord")
        assert role_at_cursor(user) != best
        await user.press(*["backspace"] * 4)
        assert role_at_cursor(user) == best
        await user.press("down", "down")
        chosen = role_at_cursor(user)
        await user.press("backspace", "backspace")
        assert role_at_cursor(user) == chosen != best
        await user.press(*"od")
        assert role_at_cursor(user) == best

        await user.press("ctrl+u")
        await user.wait_for_text("type to search")
        await user.press("shift+left", *"ordprod", "down")
        account = role_at_cursor(user).split()[0]
        await user.press("escape")
        heading = role_list(user).heading
        assert heading is not None
        assert heading.row.account.name == account

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("is_flat", [False, True], ids=["tree", "flat"])
def test_after_a_search_without_result_the_cursor_is_on_its_row_again(world, is_flat):
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press(*(["ctrl+g"] if is_flat else []), "end")
        chosen = role_at_cursor(user)
        await user.press(*"prod")  # each of these letters finds roles, and moves the cursor
        assert role_at_cursor(user) != chosen
        await user.press(*"xqz")
        await user.wait_for_text("nothing matches")
        await user.press("escape")
        assert role_at_cursor(user) == chosen
        roles = role_list(user)
        assert 0 <= roles.cursor - roles.scroll_offset.y < roles.size.height
        # A search that finds a role leaves the cursor there: that is the row before the next search.
        await user.press(*"ordprod", "escape")
        found = role_at_cursor(user)
        assert found != chosen
        await user.press(*"xqz", "ctrl+u")
        assert role_at_cursor(user) == found

    run_scenario(world.app(), scenario, size=(80, 24))


def test_after_a_search_without_result_a_role_that_is_gone_is_not_chosen(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        roles = role_list(user)
        first = role_at_cursor(user)
        await user.press("end")
        last = roles.row
        await user.press(*"xqz")
        roles.set_rows([row for row in roles.rows if row is not last])
        await user.press("escape")
        assert role_at_cursor(user) == first

    run_scenario(world.app(), scenario)


def test_after_a_search_without_result_the_cursor_is_on_its_profile_again(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f4")
        await until(lambda: getattr(user.app.screen, "is_planned", False))
        profiles = user.app.screen.query_one(ProfilePane)
        await user.press("end")
        chosen = profiles.row
        assert chosen is not None
        await user.press(*"xqz")
        assert profiles.row is None
        await user.press("escape")
        assert profiles.row is not None
        assert profiles.row.name == chosen.name

    run_scenario(world.app(), scenario)


class FilterScreen(Dialog[list[FilterRow]]):
    """The list of `profile sync`, for the ticked rows."""

    def __init__(self, rows: list[FilterRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        yield FilterList(self._rows)

    def on_filter_list_taken(self, event: FilterList.Taken) -> None:
        self.dismiss([*event.rows])


def test_after_a_search_without_result_the_cursor_is_on_its_filter_again(world: DemoHome) -> None:
    rows = [FilterRow(False, name, "", name) for name in ("alpha", "beta", "gamma")]
    taken: list[list[FilterRow] | None] = []

    async def scenario(user: User) -> None:
        user.app.push_screen(FilterScreen(rows), taken.append)
        await until(lambda: user.app.screen.query(FilterList))
        await user.press("down", "down", *"xqz", "escape", "enter")
        await until(lambda: bool(taken))

    run_scenario(world.app(), scenario)
    assert taken == [[rows[2]]]


@pytest.mark.parametrize("keys", ["end x q z", "r o w 4 4"], ids=["no result", "a result"])
def test_the_line_under_the_cursor_of_a_long_list_is_seen_after_the_search(world, keys):
    """Enter takes it."""
    rows = [FilterRow(False, f"row{number:02}", "", str(number)) for number in range(60)]
    taken: list[list[FilterRow] | None] = []

    async def scenario(user: User) -> None:
        user.app.push_screen(FilterScreen(rows), taken.append)
        await until(lambda: user.app.screen.query(FilterList))
        await user.press(*keys.split(), "escape")
        await user.wait_for_text("type to search", "❯")
        [line] = [line for line in user.screen.split("\n") if "❯" in line]
        await user.press("enter")
        await until(lambda: bool(taken))
        [[row]] = [rows or [] for rows in taken]
        assert row.name in line

    run_scenario(world.app(), scenario, size=(80, 24))
