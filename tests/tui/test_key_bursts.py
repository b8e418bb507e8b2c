"""Keys that are typed while an action is being worked out never act on the list behind it."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Input

from ssohelper.actions import guards
from ssohelper.core.model import Profile
from ssohelper.tui.screens import account_actions, profile_planner, role_shell
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.diff import DiffScreen
from ssohelper.tui.screens.grant import GrantScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.search_line import SearchLine
from tests.tui.driving import User, run_scenario
from tests.tui.test_accounts import role_list
from tests.tui.test_guards import terminal as terminal  # a fixture
from tests.tui.test_keys_and_themes import settle
from tests.tui.test_order import send_at_once
from tests.tui.test_sign_in_goes_on import sign_out
from tests.tui.world import DemoHome, until

_GUARDED = "databaseadmin prod"


def make_slow(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, seconds: Callable[[], float]
) -> None:
    """Let this function take so long before it does its work, in its own thread."""
    original = getattr(where, name)

    def slow(*arguments: Any, **more: Any) -> Any:
        time.sleep(seconds())
        return original(*arguments, **more)

    monkeypatch.setattr(where, name, slow)


def search_text(user: User) -> str:
    lists = [each for each in user.app.screen_stack if isinstance(each, AccountsScreen)]
    return lists[0].query_one("#search", SearchLine).value


def field_text(user: User, selector: str) -> str | None:
    """Return the text of a field of the screen that is shown; None if it is not there yet."""
    fields = [*user.app.screen.query(selector)]
    return fields[0].value if fields and isinstance(fields[0], (Input, SearchLine)) else None


async def send_in_pieces(user: User, keys: str, chance: random.Random) -> None:
    """Send the keys in pieces, as a busy terminal passes a burst on."""
    while keys:
        count = chance.randint(1, len(keys))
        send_at_once(user.app, keys[:count])
        keys = keys[count:]
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01, 0.05]))


@pytest.mark.parametrize("seed", range(24))
def test_a_burst_after_enter_on_a_guarded_role_never_takes_another_role(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, terminal: None, seed: int
) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
    chance = random.Random(seed)
    make_slow(monkeypatch, guards, "needs_grant", lambda: chance.choice([0, 0.01, 0.1, 0.4]))
    typed = chance.choice(["pay dev read", "zz", "INC-4711"])
    first = chance.choice(["⌃", "⌃⌃", "↓", ""])

    async def scenario(user: User) -> None:
        await send_in_pieces(user, f"{_GUARDED}⏎{first}{typed}⏎", chance)
        await user.wait_for_screen(GrantScreen)
        await until(lambda: field_text(user, "#reason") == typed)
        assert search_text(user) == _GUARDED
        word = user.app.screen.query_one("#word", Input)
        await until(lambda: user.app.focused is word)
        await send_in_pieces(user, "payments-prod⏎⌃pay dev read⏎⏎", chance)
        await until(lambda: user.app.return_value)

    app = run_scenario(world.app(), scenario)
    assert app.return_value == "ssohelper use payments-prod.DatabaseAdmin"


@pytest.mark.parametrize("seed", range(6))
def test_a_burst_from_the_start_on_asks_for_the_guarded_role(
    world: DemoHome, terminal: None, seed: int
) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')

    async def scenario(user: User) -> None:
        await send_in_pieces(user, f"{_GUARDED}⏎⌃pay dev read⏎", random.Random(seed))
        await user.wait_for_screen(GrantScreen)
        await until(lambda: field_text(user, "#reason") == "pay dev read")
        assert search_text(user) == _GUARDED

    app = run_scenario(world.app(), scenario, wait_for_bars=False)
    assert app.return_value is None


def test_keys_after_the_choice_of_a_role_do_not_choose_another(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send_at_once(user.app, "pay prod Data⏎⌃pay dev read⏎⏎")
        await until(lambda: user.app.return_value)

    app = run_scenario(world.app(), scenario)
    assert app.return_value == "ssohelper use payments-prod.DatabaseAdmin"


@pytest.mark.parametrize("seed", range(8))
def test_what_is_typed_after_f6_goes_to_its_dialog(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    make_slow(monkeypatch, guards, "needs_grant", lambda: chance.choice([0, 0.05, 0.3]))

    async def scenario(user: User) -> None:
        await send_in_pieces(user, "pay dev read⑥lam euw1", chance)
        await user.wait_for_screen(ConsoleChooser)
        await until(lambda: field_text(user, "SearchLine") == "lam euw1")
        assert search_text(user) == "pay dev read"

    run_scenario(world.app(), scenario)


def test_escape_stops_an_action_that_waits_for_aws(world: DemoHome) -> None:
    world.emulator.faults.set(latency_seconds={"GetCallerIdentity": 30})

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f8")
        await user.wait_for_message("whoami: waiting for AWS")
        await user.press(*"abc")
        assert search_text(user) == ""
        await user.wait_for_message("keys are dropped until this action is done; esc stops it")
        await user.press("escape")
        await user.wait_for_message("stopped waiting")
        await user.press(*"abc")
        await until(lambda: search_text(user) == "abc")

    run_scenario(world.app(), scenario)


def test_ctrl_q_ends_the_program_while_an_action_waits_for_aws(world: DemoHome) -> None:
    world.emulator.faults.set(latency_seconds={"GetCallerIdentity": 30})

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send_at_once(user.app, "⑧ab")
        await user.press("ctrl+q")
        await until(lambda: not user.app.is_running)

    run_scenario(world.app(), scenario)


# -- the Profiles screen ----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.5])
def test_keys_typed_before_the_plan_exists_wait_for_it(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    make_slow(monkeypatch, profile_planner, "plan_from_saved_list", lambda: seconds)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send_at_once(user.app, "④Ⓞ⇥⇥⌃{role_name}")
        await user.wait_for_screen(ProfilesScreen)
        screen = user.app.screen
        assert isinstance(screen, ProfilesScreen)
        await until(lambda: field_text(user, "#option-template") == "{role_name}")
        assert screen.fields.display
        assert not screen.pane.list.ticked
        assert screen.query_one("#search", SearchLine).value == ""

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("seed", range(8))
def test_a_burst_after_f4_searches_and_opens_the_diff(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    make_slow(monkeypatch, profile_planner, "plan_from_saved_list", lambda: chance.random() / 2)

    async def scenario(user: User) -> None:
        await send_in_pieces(user, "④payⒹ", chance)
        await user.wait_for_screen(DiffScreen)

    run_scenario(world.app(), scenario)


# -- dialogs and shells that come late --------------------------------------------------------


def test_a_late_sign_in_dialog_takes_no_letters_of_the_search(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = sign_out(world)
    pressed: list[str] = []
    monkeypatch.setattr(SignInScreen, "action_open_browser", lambda _self: pressed.append("o"))
    monkeypatch.setattr(SignInScreen, "action_background", lambda _self: pressed.append("b"))
    make_slow(monkeypatch, account_actions, "check_credentials", lambda: 0.7)

    async def scenario(user: User) -> None:
        await user.press(*"pay dev read", "f7")
        for letter in "dobcef":
            await user.press(letter)
            await asyncio.sleep(0.3)
        await user.wait_for_screen(SignInScreen)
        assert search_text(user) == "pay dev read"
        assert not pressed
        assert len(user.app.sign_ins) == 1

    run_scenario(services, scenario)


def test_keys_typed_ahead_of_a_question_with_buttons_do_not_answer_it(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        send_at_once(user.app, "⑨y⏎")
        await user.wait_for_screen(ConfirmScreen)
        await user.pilot.pause()
        assert isinstance(user.app.screen, ConfirmScreen)
        assert search_text(user) == ""

    run_scenario(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_a_shell_does_not_open_in_mid_word(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[float] = []
    made = threading.Event()

    def run_shell(_app: object, _profile: Profile) -> None:
        opened.append(time.monotonic())
        made.set()

    monkeypatch.setattr(account_actions, "run_shell", run_shell)
    monkeypatch.setattr(account_actions, "check_credentials", lambda *_all: time.sleep(0.3))
    assert role_shell.run_shell is not run_shell
    typed: list[float] = []

    async def scenario(user: User) -> None:
        await user.press(*"pay dev read", "f7")
        for letter in "xyzxyz":
            typed.append(time.monotonic())
            await user.press(letter)
            await asyncio.sleep(0.2)
        await until(made.is_set)
        assert search_text(user) == "pay dev read"
        assert role_list(user).shown.query == "pay dev read"

    run_scenario(world.app(), scenario)
    assert opened[0] > typed[-1]
