"""Leaving, closing and going to another screen at any step of a start, or of opening a dialog."""

import contextlib
import random
from collections.abc import Callable
from functools import partial

import pytest
from textual.events import Click

from ssohelper.tui import full_screen
from ssohelper.tui.commands import Palette
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.one_time_timers import call_after, call_after_drawing, call_if_there
from ssohelper.tui.screens import role_shell
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.history import HistoryScreen
from tests.long_rows import long_after
from tests.tui.bursts import click, mouse, press, resize, run_bursts
from tests.tui.driving import type_ahead
from tests.tui.moments import counted_steps, run_to_end
from tests.tui.screens.test_grant import terminal as terminal  # a fixture
from tests.tui.screens.test_set_up import quick
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, until

# The steps of a start until all widgets are there, and those until a dialog is drawn: some more.
_START_STEPS, _OPENING_STEPS = 280, 160
_PLACES = {"accounts": (12, 0), "sessions": (28, 0), "profiles": (43, 0)}
_SCREENS = {"f2": "accounts", "f3": "sessions", "f4": "profiles"}
# For each screen, the keys that open something over it, or go from it.
OPENING = {
    "f2": "f1 colon ctrl+l f6 f7 f8 f9 f10 space f3 f4 enter",
    "f3": "f1 colon ctrl+l n N S x X space f2 f4",
    "f4": "f1 colon ctrl+l ctrl+d space f2 f3",
}


def go_by_click(name: str) -> Callable[[FullScreenApp], None]:
    """Return a function that clicks on the name of a screen, in the first line."""
    return lambda app: click(app, *_PLACES[name])


# The functions that are called at the chosen step.
ENDS: dict[str, Callable[[FullScreenApp], object]] = {
    "leave": lambda app: app.call_later(app.leave),
    "leave from the screen": lambda app: [
        each.call_later(app.leave) for each in app.screen_stack[-1:]
    ],
    "leave by key": lambda app: press(app, "ctrl+q"),
    "escape": lambda app: press(app, "escape", "escape"),
    "close": lambda app: app.call_later(close_front_screen, app),
    "close after resize": lambda app: (
        resize(app, 80, 24),
        app.call_later(close_front_screen, app),
    ),
    "click accounts": go_by_click("accounts"),
    "click sessions": go_by_click("sessions"),
    "click profiles": go_by_click("profiles"),
    "click and commands": lambda app: (click(app, *_PLACES["sessions"]), press(app, "colon")),
    "commands and click": lambda app: (press(app, "colon"), click(app, *_PLACES["profiles"])),
}


def close_front_screen(app: FullScreenApp) -> None:
    """Close the dialog in front, if any, as its own end would."""
    if len(app.screen_stack) > 1:
        app.screen.dismiss()


async def go_to(app: FullScreenApp, name: str) -> None:
    """Show this screen with all its widgets and no dialog, unless the user has left."""

    def is_there() -> bool:
        if app.return_code is not None:
            return True
        app.call_later(close_front_screen, app)
        app.call_later(app.action_go, name)
        is_in_front = app.current_mode == name and len(app.screen_stack) == 1
        return is_in_front and bool(app.screen.query("KeyBar")) and not app.screen.workers

    await until(is_there)


@pytest.fixture(autouse=True)
def _timers_are_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, the timer of the widgets that are mounted late is due before other steps."""
    monkeypatch.setattr(full_screen, "PAINTED_SECONDS", 0.0)


def moments(count: int, steps: int, seed: int) -> list[int]:
    """Return `count` steps: one in each of as many equal intervals, chosen by the seed."""
    chance = random.Random(seed)
    width = steps / count
    return [1 + int(width * (number + chance.random())) for number in range(count)]


def run_and_end_at(
    world: DemoHome, rounds: list[tuple[str, str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each round go to a screen, press a key, and let something happen so many steps later.

    `rounds` has the key of the screen, the other key, the name in ENDS, and the steps. An error in
    the program, or one that never ends, fails the test.
    """
    monkeypatch.setattr(role_shell, "_run_ssohelper_until_end", lambda *_given: None)
    monkeypatch.setattr(FullScreenApp, "suspend", lambda _app: contextlib.nullcontext())
    left = [*rounds]
    while left:
        app = FullScreenApp(world.app(sleep=quick))

        async def scenario(app: FullScreenApp = app) -> None:
            await until(lambda: app.is_running and bool(app.screen_stack))
            await until(lambda: bool(app.screen.query("KeyBar")))
            while left and app.return_code is None:
                at, key, end, count = left.pop(0)
                await go_to(app, _SCREENS[at])
                steps.act_after(count, partial(ENDS[end], app))
                press(app, key)
                await until(lambda: steps.has_acted or app.return_code is not None)
            if app.return_code is None:
                app.leave()

        with counted_steps() as steps:
            try:
                run_to_end(app, scenario)
            except Exception as error:
                error.add_note(f"the rounds left: {left}")
                raise


@pytest.mark.parametrize("seed", long_after(1, range(12)))
@pytest.mark.parametrize("typed", long_after(2, ["", "payprod read\r", "\x1bOR", "\x10"]), ids=repr)
def test_the_user_leaves_at_any_step_of_the_start(world: DemoHome, typed: str, seed: int) -> None:
    for at in moments(6, _START_STEPS, seed):
        app = FullScreenApp(world.app())
        type_ahead(app, typed.encode())
        with counted_steps() as steps:
            steps.act_after(at, partial(app.call_later, app.leave))
            run_to_end(app)


@pytest.mark.parametrize("seed", long_after(1, range(20)))
@pytest.mark.parametrize("at", long_after(1, list(OPENING)))
def test_a_screen_or_dialog_ends_at_any_step_of_its_opening(world, monkeypatch, at, seed):
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
    chance = random.Random(seed)
    rounds = [
        (at, key, chance.choice([*ENDS]), chance.randrange(1, _OPENING_STEPS))
        for key in OPENING[at].split()
    ]
    run_and_end_at(world, rounds, monkeypatch)


def test_enter_typed_ahead_uses_the_role_before_the_other_widgets_are_mounted(world, monkeypatch):
    app = FullScreenApp(world.app())
    type_ahead(app, b"payprod data\r")
    mount = FullScreenApp._finish_start

    # The user's Enter is handled between the timer and the widgets for which it was started.
    monkeypatch.setattr(full_screen, "PAINTED_SECONDS", 3600.0)
    monkeypatch.setattr(
        app, "exit", lambda result: (FullScreenApp.exit(app, result), mount_late(app))
    )

    def mount_late(app: FullScreenApp) -> None:
        call_after(app, 0.0, partial(mount, app))

    run_to_end(app)
    assert app.return_value == "ssohelper use payments-prod.DatabaseAdmin"


@pytest.mark.parametrize("name", ["sessions", "profiles"])
def test_a_click_on_a_screens_name_directly_after_the_palettes_key(world, name):
    """The palette is closed before it is mounted."""
    app = FullScreenApp(world.app())

    async def scenario() -> None:
        await until(
            lambda: app.is_running and bool(app.screen_stack) and app.screen.query("KeyBar")
        )

        def open_and_go() -> None:
            app.action_command_palette()
            app.action_go(name)

        app.call_later(open_and_go)
        await until(lambda: app.current_mode == name and app.screen.query("KeyBar"))
        app.call_later(app.action_command_palette)
        await until(lambda: isinstance(app.screen, Palette) and app.screen.query("Input"))
        app.call_later(app.leave)

    run_to_end(app, scenario)


def test_messages_that_close_before_they_are_drawn_after_a_resize(world: DemoHome) -> None:
    app = FullScreenApp(world.app())

    async def scenario() -> None:
        await until(
            lambda: app.is_running and bool(app.screen_stack) and app.screen.query("KeyBar")
        )
        app.call_later(app.action_messages)
        await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.query("#whole"))
        dialog = app.screen
        show = dialog._show_whole_message  # type: ignore[attr-defined]
        call_after_drawing(dialog, show)
        app.call_later(close_front_screen, app)
        await until(lambda: not dialog.is_running)
        assert app.crash is None
        call_if_there(dialog, show)
        app.call_later(app.leave)

    run_to_end(app, scenario)


@pytest.mark.parametrize("seed", long_after(1, range(3)))
def test_random_keys_clicks_and_sizes_at_once_end_in_no_error(world: DemoHome, seed: int) -> None:
    run_bursts(world, seed)


def test_a_dialog_that_is_closed_twice_at_once_closes_once(world):
    app = FullScreenApp(world.app())

    async def scenario() -> None:
        await until(
            lambda: app.is_running and bool(app.screen_stack) and app.screen.query("KeyBar")
        )
        app.call_later(app.action_command_palette)
        await until(lambda: isinstance(app.screen, Palette) and not app.is_opening)
        app.screen.post_message(mouse(Click, 300, 0))  # the terminal has shrunk since
        for _ in range(2):
            click(app, 0, 29)  # a click beside the palette closes it
        await until(lambda: len(app.screen_stack) == 1)
        app.call_later(app.action_help)
        await until(lambda: isinstance(app.screen, HelpScreen) and app.screen.query("KeyHints"))
        dialog = app.screen
        for _ in range(2):
            app.call_later(dialog.dismiss)
        app.call_later(app.leave)

    run_to_end(app, scenario)
