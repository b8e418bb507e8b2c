"""A dialog or shell that comes late does not take the keys that the user types for the search."""

import asyncio
import threading
from typing import Any, cast

import pytest
from textual.app import SuspendNotSupported

from ssohelper.errors import LocalState
from ssohelper.tui.base import TuiApp
from ssohelper.tui.screens import account_actions, role_shell
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.typing_pause import TypingPause
from tests.tui.driving import User, run_scenario
from tests.tui.test_sign_in_goes_on import sign_out
from tests.tui.world import DemoHome


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
            self.pause.note_key(is_typing=True)
        self.seconds += seconds / 2


def is_ignored(pause: TypingPause) -> bool:
    return pause.is_key_ignored(is_text_or_enter=True, is_for_field=False)


def test_keys_are_ignored_until_none_came_for_the_pause() -> None:
    clock = Clock()
    clock.pause.begin_after_opening()  # nothing was typed before
    assert not is_ignored(clock.pause)
    clock.pause.note_key(is_typing=True)
    assert not is_ignored(clock.pause)  # no dialog has opened
    clock.seconds += 0.3
    clock.pause.begin_after_opening()
    assert is_ignored(clock.pause)
    clock.seconds += 0.4  # each ignored key begins the pause again
    assert is_ignored(clock.pause)
    assert not clock.pause.is_key_ignored(is_text_or_enter=True, is_for_field=True)
    clock.seconds += 0.5
    assert not is_ignored(clock.pause)


def test_another_key_ends_it_and_a_key_that_opens_a_dialog_does_not_begin_it() -> None:
    clock = Clock()
    clock.pause.begin_after_closing()
    assert is_ignored(clock.pause)
    assert not clock.pause.is_key_ignored(is_text_or_enter=False, is_for_field=False)
    assert not is_ignored(clock.pause)
    clock.pause.note_key(is_typing=True)
    clock.pause.note_key(is_typing=False)
    clock.pause.begin_after_opening()
    assert not is_ignored(clock.pause)


def test_a_shell_begins_when_the_user_has_made_a_pause(world: DemoHome) -> None:
    clock = Clock(keys_to_type=2)
    began: list[float] = []

    class FakeApp:
        services = world.app()
        typing_pause = clock.pause

        def suspend(self) -> Any:
            began.append(clock.seconds)
            raise SuspendNotSupported("no terminal")

    clock.pause.note_key(is_typing=True)
    shell = role_shell._run_shell_below_exec(cast(TuiApp[str], FakeApp()), [], "", "role")
    with pytest.raises(LocalState, match="no shell could be started here"):
        asyncio.run(shell)
    assert len(clock.slept) == 3
    assert began == [clock.seconds]


def test_a_sign_in_dialog_that_opens_late_takes_no_letter_of_the_search(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
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

    run_scenario(services, scenario)
