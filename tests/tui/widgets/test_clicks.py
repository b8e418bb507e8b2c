"""A click acts on what the user has clicked, although lines move between two clicks."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from textual.app import App as TextualApp
from textual.app import ComposeResult
from textual.events import (
    MouseDown,
    MouseEvent,
    MouseMove,
    MouseScrollDown,
    MouseScrollUp,
    MouseUp,
)
from textual.pilot import Pilot

from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import AccountKey, RoleListView, account_key
from ssohelper.tui.widgets import clicks
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.role_lines import FOLDED, UNFOLDED
from ssohelper.tui.widgets.role_list import RoleList
from tests.long_rows import long_after
from tests.tui.world import until

ACCOUNTS = [Account(f"{number:012d}", f"account-{number}", "") for number in range(9)]
ROWS = [
    RoleRow("corp", account, role) for account in ACCOUNTS for role in ("Admin", "Power", "Read")
]


class ListApp(TextualApp[None]):
    """Shows a role list alone, and notes which roles are chosen."""

    def __init__(self, view: RoleListView) -> None:
        super().__init__()
        self.CLICK_CHAIN_TIME_THRESHOLD = 600.0  # type: ignore[misc]
        self.list = RoleList(now=lambda: 0)
        self.list.show_first_rows(ROWS, view)
        self.chosen: list[RoleRow] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        self.chosen.append(event.row)


class Target(NamedTuple):
    """What a click at `y` is on: the row of a role, or a heading, or nothing."""

    y: int
    role: RoleRow | None
    heading: AccountKey | None


@pytest.fixture(autouse=True)
def _slow_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "_MOST_SECONDS", 600.0)


def mouse(kind: type[MouseEvent], y: int) -> MouseEvent:
    return kind(None, 5, y, 0, 0, 1, False, False, False, 5, y)


async def click(pilot: Pilot[None], y: int) -> None:
    """Click as a terminal reports it, so that Textual counts the clicks of a chain."""
    pilot.app.post_message(mouse(MouseDown, y))
    pilot.app.post_message(mouse(MouseUp, y))
    await pilot.pause()


def target_at(roles: RoleList, y: int) -> Target:
    """Return what the list shows on its line `y`, read from the text of this line."""
    text = roles.render_line(y).text
    names = [account for account in ACCOUNTS if account.name in text.split()]
    if FOLDED in text or UNFOLDED in text:
        return Target(y, None, AccountKey("corp", names[0].id))
    content = roles.shown.content_of_line(y + int(roles.scroll_offset.y))
    assert content is None or content.row.role_name in text.split()
    return Target(y, content and content.row, None)


async def change_something(app: ListApp, pilot: Pilot[None], seeded: random.Random) -> None:
    """Do one of the things that can move lines between two clicks."""
    roles = app.list
    change = seeded.choice(("nothing", "refresh", "wheel", "fold", "resize", "search", "cursor"))
    if change == "refresh":
        roles.set_rows([row for row in ROWS if seeded.random() < 0.8])
    elif change == "wheel":
        app.post_message(mouse(seeded.choice((MouseScrollDown, MouseScrollUp)), 3))
    elif change == "fold" and roles.rows:
        account = account_key(seeded.choice(roles.rows))
        view = roles.shown.view
        roles.set_view(view.with_fold(account, not view.is_folded(account)))
    elif change == "resize":
        await pilot.resize_terminal(seeded.choice((60, 80)), seeded.choice((2, 6, 10, 14)))
    elif change == "search":
        roles.search(seeded.choice(("", "", "power", "account-3")))
    elif change == "cursor":
        roles.action_move(seeded.choice((-5, -1, 1, 5)))
    await pilot.pause()


@pytest.mark.parametrize("view", [RoleListView(), RoleListView(is_flat=True)])
@pytest.mark.parametrize("seed", long_after(1, range(40)))
def test_a_role_is_chosen_only_if_it_was_clicked_twice(seed: int, view: RoleListView) -> None:
    seeded, app = random.Random(seed), ListApp(view)

    async def scenario(pilot: Pilot[None]) -> None:
        before, expected = Target(-1, None, None), 0
        for step in range(60):
            if seeded.random() < 0.5:
                await change_something(app, pilot, seeded)
            if seeded.random() < 0.4 or not 0 <= before.y < app.size.height:
                y = seeded.randrange(app.size.height)
            else:
                y = before.y
            now, folds = target_at(app.list, y), app.list.shown.view
            await click(pilot, y)
            is_same = now == before
            is_second = is_same and now.role is not None
            expected += is_second
            assert len(app.chosen) == expected, (seed, step, before, now, app.chosen[-1:])
            assert not is_second or app.chosen[-1].key == now.role.key  # type: ignore[union-attr]
            if now.role is not None or (now.y == before.y and now.heading != before.heading):
                assert app.list.shown.view == folds, (seed, step, before, now)
            # After the second click of a pair, the next one is a first click.
            before = Target(-1, None, None) if is_same else now

    run_app(app, scenario)


def run_app(
    app: TextualApp[None],
    scenario: Callable[[Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = (80, 10),
) -> None:
    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await scenario(pilot)

    asyncio.run(go())


@pytest.mark.parametrize("y", [0, 1, 4, 8])
def test_a_double_click_on_a_heading_folds_and_unfolds_its_account(y: int) -> None:
    app = ListApp(RoleListView())

    async def scenario(pilot: Pilot[None]) -> None:
        app.list.go_to(10_000)  # the end of the list, at which a fold leaves fewer lines
        await pilot.pause()
        while target_at(app.list, y).heading is None:
            app.list.scroll_relative(y=-1, animate=False)
            await pilot.pause()
        clicked = target_at(app.list, y)
        lines = [app.list.render_line(each).text for each in range(y)]
        await click(pilot, y)
        assert target_at(app.list, y) == clicked
        assert app.list.heading is not None
        assert app.list.heading.is_folded
        assert [app.list.render_line(each).text for each in range(y)] == lines
        await click(pilot, y)
        assert target_at(app.list, y) == clicked
        assert app.list.shown.view == RoleListView()
        assert app.list.row is None
        assert not app.chosen

    run_app(app, scenario)


def test_when_no_double_click_can_follow_a_fold_the_list_ends_at_its_last_line() -> None:
    app = ListApp(RoleListView())
    app.CLICK_CHAIN_TIME_THRESHOLD = 0.05  # type: ignore[misc]

    async def scenario(pilot: Pilot[None]) -> None:
        app.list.go_to(10_000)
        await pilot.pause()
        y = next(each for each in range(1, 10) if target_at(app.list, each).heading)
        await click(pilot, y)
        assert app.list.shown.view != RoleListView()
        await until(lambda: app.list.render_line(9).text.split()[-1:] == ["Read"])
        assert target_at(app.list, 0).heading is not None
        assert app.list.heading is not None
        assert app.list.scroll_offset.y == app.list.scroll_target_y

    run_app(app, scenario)


async def drag(pilot: Pilot[None], start: int, end: int) -> None:
    """Press the button at one line, move the pointer, and release the button at another line."""
    app = pilot.app
    for event in (mouse(MouseDown, start), mouse(MouseMove, end), mouse(MouseUp, end)):
        app.post_message(event)
    await pilot.pause()


# Lines 0 and 3 of the tree are headings, and no row is on line 40.
_DRAGS = [(1, 3), (3, 1), (1, 2), (0, 3), (40, 1), (1, 40)]


def test_a_drag_to_another_row_clicks_and_selects_nothing() -> None:
    app = ListApp(RoleListView())

    async def scenario(pilot: Pilot[None]) -> None:
        app.list.go_to(6)
        await pilot.pause()
        for start, end in _DRAGS:
            await drag(pilot, start, end)
            await drag(pilot, start, end)
            assert app.list.cursor == 6, (start, end)
            assert app.list.shown.view == RoleListView(), (start, end)
            assert not app.chosen
            assert not app.screen.selections
        await click(pilot, 1)
        await click(pilot, 1)
        assert app.chosen == [ROWS[0]]

    run_app(app, scenario, size=(80, 50))


class ChooserApp(TextualApp[None]):
    """Shows a list of words in which the words can move."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = words
        self.chosen: list[object] = []
        self.CLICK_CHAIN_TIME_THRESHOLD = 600.0  # type: ignore[misc]

    def compose(self) -> ComposeResult:
        yield Chooser(self._draw, key_of=lambda number: self.words[number])

    def _draw(self, number: int, _width: int) -> Line:
        return [(self.words[number], "")]

    def on_mount(self) -> None:
        self.query_one(Chooser).set_count(len(self.words))

    def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        self.chosen.append(event.key)


def test_a_chooser_says_that_a_line_is_chosen_only_if_it_was_clicked_twice() -> None:
    app = ChooserApp(["one", "two", "three"])

    async def scenario(pilot: Pilot[None]) -> None:
        await click(pilot, 1)
        app.words = ["zero", *app.words]
        app.query_one(Chooser).set_count(4)
        await click(pilot, 1)
        assert app.chosen == []
        await click(pilot, 1)
        await click(pilot, 1)
        assert app.chosen == ["one"]
        await click(pilot, 1)
        assert app.chosen == ["one", "one"]

    run_app(app, scenario)


def test_a_drag_over_a_chooser_clicks_and_selects_nothing() -> None:
    app = ChooserApp(["one", "two", "three"])

    async def scenario(pilot: Pilot[None]) -> None:
        for start, end in ((0, 1), (0, 1), (5, 1), (5, 1)):
            await drag(pilot, start, end)
        assert app.query_one(Chooser).cursor == 0
        assert app.chosen == []
        assert not app.screen.selections

    run_app(app, scenario)
