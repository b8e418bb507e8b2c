"""A dialog or shell that comes late does not take the keys that the user types for the search."""

import asyncio
import threading
from typing import Any, cast
from unittest import mock

import pytest
from textual.app import SuspendNotSupported
from textual.events import MouseDown, MouseUp
from textual.widget import Widget

from ssohelper.actions import profile_edit
from ssohelper.core import keymap
from ssohelper.errors import LocalState
from ssohelper.tui.base import TuiApp
from ssohelper.tui.screens import account_actions, role_shell
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.typing_pause import KeyKind, TypingPause
from ssohelper.tui.widgets.key_hints import KeyHints
from tests.long_rows import long_after
from tests.tui.driving import REAL_PAUSE_SECONDS, User, run_scenario
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_sign_in_offer import sign_in_now, sign_out
from tests.tui.world import DemoHome, until

# After so many seconds of the test's clock, a click of the machine's own clock is no early one.
_LATER = 600.0


class Clock:
    """A clock that a test moves. Sleeping moves it too; a key is typed in the middle of that."""

    def __init__(self, keys_to_type: int = 0) -> None:
        self.seconds, self.slept = 100.0, list[float]()
        self.pause = TypingPause(lambda: self.seconds, self.sleep)
        self._keys_to_type = keys_to_type

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds / 2
        if self._keys_to_type:
            self._keys_to_type -= 1
            self.pause.note_key(may_open_dialog=False)
        self.seconds += seconds / 2


# What happens, in this order: a number is a wait of so many seconds, "asks" a key that may open a
# dialog, "other" any other key; "opens" and "changes" say what the screen does by itself. Then
# "taken" and "ignored" say what becomes of a command, which is a letter or Enter; with "text-" before
# it, of a letter for a text field; with "click-", of a click. "drawn" says that a dialog is drawn.
HAPPENINGS = [
    "taken",
    "other taken",
    "asks opens taken",
    "other asks opens taken",
    "asks other opens ignored",
    "asks other asks opens taken",
    "asks other 0.3 opens 0.1 ignored",
    "asks other 0.3 opens 0.2 taken",
    "asks other 0.5 opens taken",
    "other opens ignored 0.4 ignored 0.4 ignored 0.5 taken",
    "other opens other ignored",
    "other opens 0.4 other 0.1 taken",
    "changes ignored 0.5 taken",
    "changes other ignored 0.4 other other ignored 0.5 taken",
    "changes asks opens ignored",
    "changes 0.5 asks opens taken",
    "other opens text-ignored 0.4 ignored 0.5 text-taken",
    "asks opens text-taken",
    "changes text-taken ignored",
    "other opens 0.2 changes text-ignored 0.5 changes text-taken ignored",
    "asks opens taken click-ignored taken 0.4 click-ignored 0.5 click-taken",
    "asks opens 0.5 click-taken",
    "asks opens 0.4 drawn 0.4 click-ignored taken",
    "other opens click-ignored 0.4 ignored 0.4 click-ignored 0.5 taken click-taken",
    "changes click-ignored",
]


@pytest.mark.parametrize("happenings", HAPPENINGS)
def test_a_command_is_ignored_until_a_pause_after_the_last_key_that_was_not_for_the_dialog(
    happenings: str,
) -> None:
    clock = Clock()
    for what in happenings.split():
        if what in ("asks", "other"):
            assert not clock.pause.ignore_key_in_pause(KeyKind.OTHER)
            clock.pause.note_key(may_open_dialog=what == "asks")
        elif what == "opens":
            clock.pause.begin_after_opening()
        elif what == "changes":
            clock.pause.begin()
        elif what == "drawn":
            clock.pause.begin(KeyKind.CLICK)
        elif what in ("click-taken", "click-ignored"):
            assert clock.pause.ignore_key_in_pause(KeyKind.CLICK) == (what == "click-ignored")
        elif what in ("taken", "ignored"):
            assert clock.pause.ignore_key_in_pause(KeyKind.COMMAND) == (what == "ignored")
        elif what in ("text-taken", "text-ignored"):
            assert clock.pause.ignore_key_in_pause(KeyKind.TEXT) == (what == "text-ignored")
        else:
            clock.seconds += float(what)


@pytest.mark.parametrize(
    ("name", "may_open"),
    [
        ("accounts.profile", True),
        ("accounts.use", True),
        ("sessions.remove", True),
        ("confirm.yes", True),
        ("filters.leave", True),
        ("accounts.tick", False),
        ("accounts.leave", True),  # this action asks first if sign-ins run
        ("profiles.back", False),
        ("accounts.group", False),
        ("app.sessions", False),
        ("accounts.whoami", True),  # a sign-in or a grant may be missing
        ("list.down", False),
        (None, False),
    ],
)
def test_a_key_that_moves_ticks_or_leaves_opens_no_dialog(name: str | None, may_open: bool) -> None:
    assert keymap.action_may_open_dialog(name) == may_open


def test_a_shell_begins_when_the_user_has_made_a_pause(world: DemoHome) -> None:
    clock = Clock(keys_to_type=2)
    began: list[float] = []

    class FakeApp:
        services = world.app()
        typing_pause = clock.pause
        places, started = mock.AsyncMock(), mock.Mock()

        def suspend(self) -> Any:
            began.append(clock.seconds)
            raise SuspendNotSupported("no terminal")

    clock.pause.note_key(may_open_dialog=False)
    shell = role_shell._run_shell_below_exec(cast(TuiApp[str], FakeApp()), [], "", "role")
    with pytest.raises(LocalState, match="no shell could be started here"):
        asyncio.run(shell)
    assert len(clock.slept) == 3
    assert began == [clock.seconds]


def test_a_sign_in_dialog_that_opens_late_takes_no_letter_of_the_search(world, monkeypatch):
    services, clock, may_answer = sign_out(world), Clock(), threading.Event()
    check = role_shell.check_credentials

    def check_later(*arguments: Any) -> None:
        assert may_answer.wait(60)
        check(*arguments)

    monkeypatch.setattr(account_actions, "check_credentials", check_later)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        user.app.typing_pause = clock.pause
        await user.press(*"payments-dev developer", "f7", "x")
        may_answer.set()
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("PQRS-TVWX")
        await user.press("b", "c", "enter")
        assert isinstance(user.app.screen, SignInScreen)
        assert "copied the address" not in user.messages
        clock.seconds += 0.5
        await user.press("b")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(services, scenario, pause_seconds=REAL_PAUSE_SECONDS)


@pytest.mark.parametrize("key", long_after(1, ["down", "tab", "ctrl+g"]))
def test_a_question_takes_no_letter_after_a_key_that_was_for_the_list(world, gate, key):
    clock = Clock()
    gate.put_before(profile_edit, "plan_new_profiles")
    before = world.config_file.read_text()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.typing_pause = clock.pause
        await user.press(*"payments-dev developer", "f9", key)
        gate.open()
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y", "right", "y", "enter")
        assert isinstance(user.app.screen, ConfirmScreen)
        assert world.config_file.read_text() == before
        clock.seconds += 0.5
        await user.press("y")
        await user.wait_for_message("1 profile added")

    run_scenario(world.app(), scenario, pause_seconds=REAL_PAUSE_SECONDS)


@pytest.mark.parametrize(
    ("keys", "dialog", "button"),
    long_after(
        1,
        [
            (("f3", "down", "d"), ConfirmScreen, "#no"),
            (("f3", "o"), ConfirmScreen, "#no"),
            (("f9",), ConfirmScreen, "#no"),
            (("f3", "down", "s"), SignInScreen, "#cancel"),
            (("f6",), ConsoleChooser, KeyHints),
        ],
    ),
)
def test_a_dialog_takes_a_click_only_when_it_was_shown_for_a_pause(world, keys, dialog, button):
    clock = Clock()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("down")
        user.app.typing_pause = clock.pause
        for key in keys:
            await user.press(key)
            if key == "f3":
                await user.wait_for_text("signed in")
        await user.wait_for_screen(dialog)
        await until(lambda: user.app.screen.query(button))
        await user.pilot.pause()
        await click(user, button)
        await click(user, button)
        assert isinstance(user.app.screen, dialog)
        clock.seconds += _LATER
        await user.pilot.resize_terminal(80, 20)  # the new size moves the button
        await click(user, button)
        assert isinstance(user.app.screen, dialog)
        clock.seconds += _LATER
        await click(user, button)
        await until(lambda: not isinstance(user.app.screen, dialog))

    run_scenario(world.app(), scenario, pause_seconds=REAL_PAUSE_SECONDS)


async def click(
    user: User, target: str | type[Widget], *, seconds_ago: float = 0.0, button: int = 1
) -> None:
    """Click a widget, with the press so long ago; of key hints the last one.

    The events are those of the terminal; the pilot's do not come to the app.
    """
    widget = user.app.screen.query_one(target)
    x, y = widget.content_region.offset
    x += str(widget.render()).rindex("cancel") if isinstance(widget, KeyHints) else 1
    for kind in (MouseDown, MouseUp):
        event = kind(None, x, y, 0, 0, button, False, False, False, x, y)
        event.time -= seconds_ago
        user.app.post_message(event)
    await user.pilot.pause()


@pytest.mark.parametrize("button", long_after(1, [2, 3]))
def test_only_the_left_button_of_the_mouse_presses_a_button(world: DemoHome, button: int) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "f9")
        await user.wait_for_screen(ConfirmScreen)
        before = world.config_file.read_text()
        await click(user, "#yes", button=button)
        assert isinstance(user.app.screen, ConfirmScreen)
        assert world.config_file.read_text() == before
        await click(user, "#yes")
        await user.wait_for_message("1 profile added")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("key", long_after(1, ["tab", "down"]))
def test_enter_takes_no_role_when_the_sign_in_dialog_has_closed_by_itself(world, key):
    services, clock = sign_out(world), Clock()

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        user.app.typing_pause = clock.pause
        await user.press("down", "f8")
        await sign_in_now(user, world)
        await user.wait_for_screen(AccountsScreen)
        await user.press(key, "enter", "up", "enter")
        assert user.app.is_running
        assert user.app.return_value is None
        clock.seconds += 0.5
        await user.press("enter")
        await until(lambda: user.app.return_value is not None)

    run_scenario(services, scenario, pause_seconds=REAL_PAUSE_SECONDS)
