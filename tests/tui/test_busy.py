"""While an action runs, only Escape and the keys that end the program act; a dialog gets its keys."""

import time
from typing import Any

import pytest
from textual.events import MouseDown, MouseUp
from textual.widgets import Input

from ssohelper.actions import guards, profile_edit, undoing
from ssohelper.tui.busy import BusyScreen
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens import account_actions, role_shell
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.command_line import CommandScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.widgets.search_line import SearchLine
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.gates import Gate, start_slow_profile_action
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.world import DemoHome, until

F3, F9, F10, ESCAPE = "\x1bOR", "\x1b[20~", "\x1b[21~", "\x1b"


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    found: list[None] = []
    monkeypatch.setattr(FullScreenApp, "bell", lambda _app: found.append(None))
    return found


def search_text(user: User) -> str:
    return user.app.screen_stack[0].query_one(SearchLine).value


async def be_on_role(user: User) -> None:
    await user.wait_for_text("role keys")
    await user.press(*"payments-dev developer")


@pytest.mark.parametrize("keys", long_after(2, ["y", "yak\r", f"{F3}y", f"{F10}y"]))
def test_keys_after_an_actions_key_are_dropped_with_a_bell(world, gate, bells, keys):
    gate.put_before(profile_edit, "plan_new_profiles")
    before = world.config_file.read_text()

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.type(F9 + keys)
        await user.wait_for_busy_screen("Profile", "waiting for AWS", "cancel")
        assert bells
        gate.open()
        await user.wait_for_screen(ConfirmScreen)
        assert world.config_file.read_text() == before
        await user.press("n")
        await user.wait_for_screen(AccountsScreen)
        assert search_text(user) == "payments-dev developer"

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("key", "module", "function", "label"),
    long_after(
        2,
        [
            ("f7", account_actions, "check_credentials", "Shell"),
            ("f9", profile_edit, "plan_new_profiles", "Profile"),
            ("f6", account_actions.environment, "choose_region_for_requests", "Console"),
            ("f10", guards, "role_needs_grant", "Run"),
            ("f8", account_actions.identity, "look_up_identity", "Who am I"),
        ],
    ),
)
def test_escape_cancels_the_action_that_runs(
    world: DemoHome,
    monkeypatch: pytest.MonkeyPatch,
    gate: Gate,
    key: str,
    module: Any,
    function: str,
    label: str,
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(role_shell, "_run_ssohelper_until_end", lambda *given: opened.append(given))
    gate.put_before(module, function)

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.press(key)
        await until(gate.entered.is_set)
        await user.type(ESCAPE)
        await user.wait_for_message(f"{label} was cancelled")
        gate.open()
        await until(lambda: not user.app.workers)
        assert type(user.app.screen) is AccountsScreen
        assert search_text(user)
        await user.press("escape")
        await until(lambda: search_text(user) == "")

    run_scenario(world.app(), scenario)
    assert not opened


def test_after_a_yes_escape_cancels_nothing(world: DemoHome, gate: Gate, bells: list[None]) -> None:
    gate.put_before(profile_edit, "write_profile_plan")

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.press("f9", "y")
        await user.wait_for_busy_screen("Profile")
        assert "cancel" not in user.screen
        await user.type(ESCAPE)
        await until(lambda: bells)
        gate.open()
        await user.wait_for_message("1 profile added")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("key", long_after(1, ["\x11", "\x03"]), ids=["ctrl+q", "ctrl+c"])
def test_the_program_ends_while_an_action_runs(world: DemoHome, gate: Gate, key: str) -> None:
    gate.put_before(profile_edit, "plan_new_profiles")

    async def scenario(user: User) -> None:
        await start_slow_profile_action(user)
        await user.type(key)
        await until(lambda: user.app.return_code is not None)
        gate.open()

    run_scenario(world.app(), scenario)


def test_a_second_action_rings_the_bell_and_makes_nothing(world, gate, bells):
    """Its coroutine would never run, and Python would warn of it."""
    gate.put_before(undoing, "plan_undo")

    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_screen(ProfilesScreen)
        screen: Any = user.app.screen
        await until(lambda: screen.is_planned)
        screen.action_undo()
        screen.action_undo()
        assert bells
        gate.open()
        await until(lambda: not user.app.busy.is_running)

    run_scenario(world.app(), scenario)


def test_a_click_while_an_action_runs_does_nothing(world, gate, bells):
    gate.put_before(profile_edit, "plan_new_profiles")

    async def scenario(user: User) -> None:
        await start_slow_profile_action(user)
        for kind in (MouseDown, MouseUp):  # on the name of a screen
            user.app.post_message(kind(None, 28, 0, 0, 0, 1, False, False, False, 28, 0))
        await until(lambda: bells)
        assert type(user.app.screen) is BusyScreen
        assert user.app.current_mode == "accounts"

    run_scenario(world.app(), scenario)


def test_keys_for_a_dialog_wait_until_it_takes_them(world, monkeypatch):
    """On a slow machine, text that came when the dialog was painted was lost."""
    mount = CommandScreen.on_mount

    def mount_slowly(dialog: CommandScreen) -> None:
        mount(dialog)
        time.sleep(1.1)

    monkeypatch.setattr(CommandScreen, "on_mount", mount_slowly)

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.type(F10)
        await until(lambda: isinstance(user.app.screen, CommandScreen))
        await user.type("id -un")
        await until(lambda: user.app.screen.query_one(Input).value == "id -un")

    run_scenario(world.app(), scenario)


def test_a_dialog_keeps_its_screen(world: DemoHome, bells: list[None]) -> None:
    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.press("f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("f3")
        await until(lambda: bells)
        assert isinstance(user.app.screen, ConfirmScreen)
        await user.press("n", "f3")
        await user.wait_for_screen(SessionsScreen)

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("name", "typed"), [("accounts", "paym"), ("sessions", "x"), ("profiles", "sand")]
)
def test_any_screen_can_be_the_first(world: DemoHome, name: str, typed: str) -> None:
    """It is painted, gets the keys typed before, and the program knows the sessions."""

    async def scenario(user: User) -> None:
        if name == "sessions":
            await user.wait_for_text('Sign out of "corp"')
            await user.press("n")
        else:
            await until(lambda: search_text(user) == typed)
        await until(lambda: user.app.config_sessions and user.app.screen.query("KeyBar"))
        await user.press("escape", "f3", "f2")
        await user.wait_for_screen(AccountsScreen)
        await user.wait_for_text("role keys")

    first = type("First", (FullScreenApp,), {"DEFAULT_MODE": name})
    run_scenario(world.app(), scenario, make_app=first, typed=typed, wait_for_bars=False)
