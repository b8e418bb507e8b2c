"""Keys that are typed on Profiles before the first plan of the sync is made."""

import threading
from typing import Any

import pytest
from textual.events import Key

from ssohelper.errors import LocalState
from ssohelper.tui.screens import profiles
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.widgets.lines import LineView
from tests.long_rows import long_after
from tests.tui.driving import REAL_PAUSE_SECONDS, User, read_keys, run_scenario
from tests.tui.gates import Gate
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.test_typing_pause import Clock
from tests.tui.world import DemoHome, until


@pytest.fixture
def sync_plan(gate: Gate) -> Gate:
    """The gate, with each plan of the sync behind it."""
    gate.put_before(profiles, "plan_from_saved_list")
    return gate


def send(user: User, *keys: str | bytes) -> None:
    """Send these keys at once, each by its name, or as the bytes of a terminal."""
    for key in keys:
        for event in read_keys(key) if isinstance(key, bytes) else [Key(key, None)]:
            user.app.post_message(event)


def profiles_screen(user: User) -> ProfilesScreen:
    screen = user.app.screen
    assert isinstance(screen, ProfilesScreen)
    return screen


def is_list_untouched(screen: ProfilesScreen) -> bool:
    return not screen.pane.line.value and not screen.pane.list.ticked


@pytest.mark.parametrize("key", long_after(1, ["ctrl+d", "ctrl+g"]))
def test_the_diff_and_the_pruning_are_not_lost_before_the_plan(world, sync_plan, key):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send(user, "f4", key, "end")
        await user.wait_for_screen(ProfilesScreen)
        screen = profiles_screen(user)
        sync_plan.open()
        if key == "ctrl+d":
            await user.wait_for_screen(DiffScreen)
            await until(lambda: user.app.screen.query(LineView))
            view = user.app.screen.query_one(LineView)
            await until(lambda: view.scroll_offset.y == view.max_scroll_y > 0)
            await user.press("escape")
            await user.wait_for_screen(ProfilesScreen)
        await until(lambda: screen.is_planned)
        assert screen._planner.options.prune == (key == "ctrl+g")

    run_scenario(world.app(), scenario)


def test_without_a_plan_the_keys_are_dropped_with_its_error(world, monkeypatch):
    may_read = threading.Event()

    def read_nothing(_services: object) -> Any:
        assert may_read.wait(60)
        raise LocalState("the config is on a broken disk")

    monkeypatch.setattr(profiles, "read_current_profiles", read_nothing)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send(user, "f4", "ctrl+o")
        await user.wait_for_screen(ProfilesScreen)
        await user.press("tab", *"zz")
        may_read.set()
        await user.wait_for_text("the config is on a broken disk")
        await user.press(*"prod")
        await user.wait_for_text("  prod ")
        assert not profiles_screen(user).fields.display

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("key", "asked"), long_after(1, [("f9", "to add"), ("f8", ""), ("ctrl+x", "")])
)
def test_an_action_that_asks_waits_for_the_plan_and_the_keys_after_it_answer_nothing(
    world: DemoHome,
    sync_plan: Gate,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    asked: str,
) -> None:
    before = world.config_file.read_text()
    bells: list[None] = []

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        clock = Clock()
        user.app.typing_pause = clock.pause
        monkeypatch.setattr(user.app, "bell", lambda: bells.append(None))
        send(user, "f4", key, b"yes")
        await user.wait_for_screen(ProfilesScreen)
        screen = profiles_screen(user)
        assert not bells
        sync_plan.open()
        await until(lambda: bells)
        if asked:
            await user.wait_for_screen(ConfirmScreen)
            await user.press("y")
            assert isinstance(user.app.screen, ConfirmScreen)
            assert asked in user.screen
        elif key == "f8":  # undo says that nothing was written yet
            await user.wait_for_message("undo")
        else:  # the cursor is on no profile
            await until(lambda: screen.is_planned)
        assert is_list_untouched(screen)
        assert world.config_file.read_text() == before

    run_scenario(world.app(), scenario, pause_seconds=REAL_PAUSE_SECONDS)
