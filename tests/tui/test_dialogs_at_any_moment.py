"""A dialog is closed, left or gets keys at any step of its opening: the program goes on."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import ModalScreen, Screen

from ssohelper.actions.role_runs import RoleRun, RunGroup
from ssohelper.core.model import Account, PageChoice
from ssohelper.core.role_rows import RoleRow
from ssohelper.errors import LoginRequired
from ssohelper.tui.busy import Action, BusyScreen
from ssohelper.tui.commands import Palette
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.command_line import CommandScreen, RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.history import HistoryScreen
from ssohelper.tui.screens.menu import ActionMenu
from ssohelper.tui.screens.report import DiffScreen, ReportScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.lines import text_lines
from tests.long_rows import long_after
from tests.tui.bursts import click, press, resize
from tests.tui.moments import Steps, counted_steps, run_to_end
from tests.tui.screens.test_set_up import quick
from tests.tui.test_any_moment import close_front_screen, go_to
from tests.tui.test_public_textual import own_classes
from tests.tui.world import DemoHome, until

_ROWS = [RoleRow("corp", Account(f"00006000000{n}", f"lab{n}", None), "Developer") for n in (1, 2)]
_LINES = text_lines([f"line {number}" for number in range(60)])


def _session(app: FullScreenApp) -> Any:
    return app.services.config.read().sso_session("lab")


def _runs(app: FullScreenApp) -> RunGroup:
    return RunGroup([RoleRun(app.services, row, ["true"]) for row in _ROWS])


# How to make each dialog: also those that open late, when AWS or a command has answered.
DIALOGS: dict[str, Callable[[FullScreenApp], Screen[Any]]] = {
    "sign-in": lambda app: SignInScreen(_session(app), why=LoginRequired("it has ended")),
    "busy": lambda app: BusyScreen(Action("accounts.use", "waiting for AWS", app.screen)),
    "report": lambda _: ReportScreen("Done", _LINES[:1]),
    "console": lambda _: ConsoleChooser("?", [PageChoice("ec2", "eu-west-1")], "eu-west-1"),
    "command line": lambda _: CommandScreen(_ROWS, _ROWS[:1]),
    "run": lambda app: RunScreen(_runs(app), ["true"]),
    "question": lambda _: ConfirmScreen("?", lines=_LINES, other=_LINES, can_choose=True),
    "ask": lambda _: AskScreen("New name", "", ""),
    "diff": lambda _: DiffScreen("Diff", _LINES, find="line 40"),
    "set-up": lambda _: SetUpScreen(),
    "help": lambda app: HelpScreen(app.screen, app.key_of),
    "messages": lambda _: HistoryScreen(),
    "menu": lambda app: ActionMenu(app.screen),
}
_KEYS = (
    "down",
    "j",
    "d",
    "c",
    "r",
    "o",
    "pagedown",
    "s",
    "enter",
    "tab",
    "ctrl+s",
    "ctrl+u",
    "escape",
)
ENDS: dict[str, Callable[[FullScreenApp], object]] = {
    "close": close_front_screen,
    "close later": lambda app: app.call_later(close_front_screen, app),
    "resize and close": lambda app: (resize(app, 80, 24), app.call_later(close_front_screen, app)),
    "close and go": lambda app: app.call_later(
        lambda: (close_front_screen(app), app.action_go("profiles"))
    ),
    "go": lambda app: app.call_later(app.action_go, "sessions"),
    "go by click": lambda app: click(app, 43, 0),
    "keys": lambda app: press(app, *_KEYS),
    "actions": lambda app: app.call_later(run_all_actions, app),
    "warning": lambda app: app.show_warning("something else has failed"),
}


def run_all_actions(app: FullScreenApp) -> None:
    """Start every action of the dialog in front, one after the other."""
    for found in app.screen.active_bindings.values():
        if found.node is app.screen:
            app.call_later(app.run_action, found.binding.action, found.node)


# The steps of the program after which each dialog has been drawn: those before are tried.
_STEPS = 120


def _dialog_classes() -> set[type]:
    return own_classes(ModalScreen)


def _is_ready(app: FullScreenApp) -> bool:
    return app.is_running and bool(app.screen_stack) and bool(app.screen.query("KeyBar"))


def test_every_dialog_waits_for_its_widgets_and_is_tried(world: DemoHome) -> None:
    app = FullScreenApp(world.app())
    tried: set[type] = set()

    async def scenario() -> None:
        await until(lambda: _is_ready(app))
        app.call_later(lambda: tried.update(type(make(app)) for make in DIALOGS.values()))
        app.call_later(app.leave)

    run_to_end(app, scenario)
    found = _dialog_classes() - {Palette}
    assert all(issubclass(each, Dialog) for each in found)
    assert found - tried == {Dialog}


@pytest.mark.parametrize("seed", long_after(1, range(20)))
@pytest.mark.parametrize("name", long_after(1, list(DIALOGS)))
def test_a_dialog_ends_or_gets_keys_at_any_step_of_its_opening(world, name, seed):
    chance = random.Random(f"{name} {seed}")
    left = [(end, steps) for end in ENDS for steps in (0, chance.randrange(1, _STEPS))]
    while left:
        app = FullScreenApp(world.app(sleep=quick))

        async def scenario(app: FullScreenApp = app) -> None:
            await until(lambda: _is_ready(app))
            while left and app.return_code is None:
                await go_to(app, "accounts")
                end, count = left.pop(0)
                ended = asyncio.Event()

                def end_dialog(end: str = end, ended: asyncio.Event = ended) -> None:
                    ENDS[end](app)
                    ended.set()

                app.call_later(_open_dialog, app, name, end_dialog, count, steps)
                await until(lambda ended=ended: ended.is_set() or app.return_code is not None)  # type: ignore[misc]
            if app.return_code is None:
                app.call_later(app.exit)

        with counted_steps() as steps:
            try:
                run_to_end(app, scenario)
            except Exception as error:
                error.add_note(f"the rounds left: {left}")
                raise


def _open_dialog(
    app: FullScreenApp, name: str, end: Callable[[], object], count: int, steps: Steps
) -> None:
    """Open the dialog, and call `end` after `count` steps of the event loop; 0: before any."""
    dialog = DIALOGS[name](app)
    if count:
        steps.act_after(count, end)
    app.push_screen(dialog)
    if not count:
        end()


def test_a_sign_in_dialog_whose_buttons_are_being_removed_shows_nothing(world, monkeypatch):
    """The dialog is closed after its widgets were made, and before it is mounted itself."""
    app = FullScreenApp(world.app(sleep=quick))

    async def scenario() -> None:
        await until(lambda: _is_ready(app))
        dialog = SignInScreen(_session(app))
        mount = dialog.mount_composed_widgets

        async def mount_and_close(widgets: list[Any]) -> None:
            await mount(widgets)
            close_front_screen(app)

        monkeypatch.setattr(dialog, "mount_composed_widgets", mount_and_close)
        app.call_later(app.push_screen, dialog)
        await until(lambda: dialog.is_mounted and not dialog.is_running)
        assert not app.sign_ins
        assert dialog.outcome is None
        app.call_later(app.leave)

    run_to_end(app, scenario)


def test_a_sign_in_that_fails_while_its_dialog_closes_is_not_shown_in_it(world: DemoHome) -> None:
    app = FullScreenApp(world.app(sleep=quick))

    async def scenario() -> None:
        await until(lambda: _is_ready(app))
        dialog = SignInScreen(_session(app))
        app.call_later(app.push_screen, dialog)
        await until(lambda: dialog.has_opened and dialog.sign_in.page.address)

        def close_and_fail() -> None:
            attempt = dialog.sign_in._attempt
            assert attempt
            attempt.cancelled.set()  # its thread would ask AWS for as long as the tests run
            dialog.sign_in._end_attempt(LoginRequired("AWS refused"))
            close_front_screen(app)

        app.call_later(close_and_fail)
        await until(lambda: not dialog.is_running)
        app.call_later(app.leave)

    run_to_end(app, scenario)
