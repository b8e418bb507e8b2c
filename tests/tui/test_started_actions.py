"""The keys after an action's key reach what it opens, or none acts. Escape cancels what waits."""

import asyncio
import threading
from typing import Any

import pytest

from ssohelper.actions import console, guards, profile_edit
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens import account_actions, role_shell
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.widgets.search_line import SearchLine
from tests.long_rows import long_after
from tests.tui.driving import REAL_PAUSE_SECONDS, User, run_scenario, type_ahead
from tests.tui.gates import Gate, announce_wait, start_slow_profile_action
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_accounts import role_list
from tests.tui.screens.test_grant import terminal as terminal  # a fixture
from tests.tui.test_keys_and_themes import settle
from tests.tui.test_typing_pause import Clock
from tests.tui.world import DemoHome, until

F3, F6, F7, F9, F10, DOWN = "\x1bOR", "\x1b[17~", "\x1b[18~", "\x1b[20~", "\x1b[21~", "\x1b[B"


async def be_on_role(user: User) -> None:
    await user.wait_for_text("role keys")
    user.app.started.wait_seconds = 60.0  # a slow machine is not a slow AWS
    await user.press(*"database prod")
    await until(lambda: role_list(user).shown.query == "database prod")


def search_text(user: User) -> str:
    return user.app.screen.query_one(SearchLine).value


def test_letters_after_f10_all_reach_the_command_line(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.type(f"{F10}sh -c 'echo it ran'\r")
        await user.wait_for_text("it ran", "exit 0")
        await user.press("escape")
        await user.wait_for_screen(AccountsScreen)
        assert search_text(user) == "database prod"

    run_scenario(world.app(), scenario)


def test_letters_after_a_key_of_a_guarded_role_reach_the_question_for_a_reason(world, terminal):
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.type(f"{F6}incident 5")
        await user.wait_for_screen(AskScreen)
        await user.wait_for_text("incident 5")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    "keys", long_after(1, ["y", f"{DOWN}y", f"{F3}\x1bOQ{F9}y", "yak\r", f"{F6}y"])
)
def test_keys_that_come_before_their_question_do_not_answer_it(world, gate, keys):
    gate.put_before(profile_edit, "plan_new_profiles")
    clock = Clock()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.started.wait_seconds = 60.0
        await user.press(*"payments-dev developer")
        before = world.config_file.read_text()
        user.app.typing_pause = clock.pause
        await user.type(F9 + keys)
        gate.open()
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_message("typed too early: ignored")
        await user.press("y", "down", "enter")
        assert isinstance(user.app.screen, ConfirmScreen)
        assert world.config_file.read_text() == before
        clock.seconds += 0.5
        await user.press("n")
        await user.wait_for_screen(AccountsScreen)
        assert search_text(user) == "payments-dev developer"
        assert user.app.is_running

    run_scenario(world.app(), scenario, pause_seconds=REAL_PAUSE_SECONDS)


def test_a_second_action_is_refused_while_one_waits(world: DemoHome, gate: Gate) -> None:
    gate.put_before(profile_edit, "plan_new_profiles")

    async def scenario(user: User) -> None:
        await start_slow_profile_action(user)
        await user.press("f6")
        await user.wait_for_message(
            "F6 (Console) was not started: F9 (Profile) still runs (esc cancels it)"
        )
        gate.open()
        await user.wait_for_screen(ConfirmScreen)
        await user.press("n")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("is_late", long_after(1, [False, True]), ids=["at once", "after a while"])
@pytest.mark.parametrize(
    ("key", "module", "function", "name"),
    long_after(
        2,
        [
            ("f7", account_actions, "check_credentials", "F7 (Shell)"),
            ("f6", account_actions.environment, "choose_region_for_requests", "F6 (Console)"),
            ("f9", profile_edit, "diff_profile_removal", "F9 (Profile)"),
            ("f10", guards, "role_needs_grant", "F10 (Run)"),
            ("f8", account_actions.identity, "look_up_identity", "F8 (Who am I)"),
        ],
    ),
)
def test_escape_cancels_the_action_that_waits(
    world: DemoHome,
    monkeypatch: pytest.MonkeyPatch,
    gate: Gate,
    key: str,
    module: Any,
    function: str,
    name: str,
    is_late: bool,
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(role_shell, "_run_ssohelper_until_end", lambda *given: opened.append(given))
    gate.put_before(module, function)

    async def scenario(user: User) -> None:
        await be_on_role(user)
        if is_late:
            await announce_wait(user)
        await user.press(key)
        await until(gate.entered.is_set)
        if is_late:
            await user.wait_for_text(f"{name} is waiting for AWS: esc cancels it")
        await user.press("escape")
        await user.wait_for_message(f"{name} was cancelled")
        assert "is waiting" not in user.screen
        gate.open()
        await until(
            lambda: not [one for one in user.app.screen.workers if one.name.startswith("accounts.")]
        )
        await asyncio.sleep(0.1)  # the cancelled action opens no screen
        assert isinstance(user.app.screen, AccountsScreen)
        assert search_text(user) == "database prod"
        await user.press("escape")
        await until(lambda: search_text(user) == "")
        assert user.app.is_running

    run_scenario(world.app(), scenario)
    assert not opened


@pytest.mark.long
def test_a_cancelled_f6_opens_no_browser(world, monkeypatch, gate):
    opened: list[str] = []
    monkeypatch.setattr(account_actions.browser, "find_opener", lambda *_: ["browser"])
    monkeypatch.setattr(
        account_actions.browser, "start_opener", lambda _opener, url, _environ: opened.append(url)
    )
    ended = threading.Event()
    original = console.open_console_in_browser

    def open_and_note_end(*arguments: Any) -> Any:
        try:
            return original(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(console, "open_console_in_browser", open_and_note_end)
    gate.put_before(console, "open_console_in_browser")

    async def scenario(user: User) -> None:
        await be_on_role(user)
        await user.type(f"{F6}\r")
        await until(gate.entered.is_set)
        await user.press("escape")
        await user.wait_for_message("F6 (Console) was cancelled")
        gate.open()
        await until(ended.is_set)

    run_scenario(world.app(), scenario)
    assert not opened


@pytest.mark.parametrize(
    ("typed", "is_there"),
    [
        (f"database prod{F6}lambda apse2", "lambda          ap-southeast-2"),
        (f"database prod{F10}id -un", "id -un"),
    ],
)
def test_text_after_an_action_that_is_typed_before_the_start_reaches_its_dialog(
    world: DemoHome, typed: str, is_there: str
) -> None:
    async def go() -> None:
        app = FullScreenApp(world.app())
        type_ahead(app, typed.encode())
        app.started.wait_seconds = 60.0
        async with app.run_test(size=(100, 30)) as pilot:
            user = User(app, pilot)
            await user.wait_for_text("DatabaseAdmin in payments-prod", is_there)
            accounts = app.screen_stack[0]
            assert accounts.query_one(SearchLine).value == "database prod"

    asyncio.run(go())


def test_text_after_f7_that_is_typed_before_the_start_is_dropped_together(world, monkeypatch):
    opened: list[object] = []

    async def run_shell(app: FullScreenApp, _profile: object) -> None:
        app.started.drop_keys_for_shell()
        opened.append(None)

    monkeypatch.setattr(account_actions, "run_shell", run_shell)

    async def go() -> None:
        app = FullScreenApp(world.app())
        type_ahead(app, f"database prod{F7}echo hello\r".encode())
        app.started.wait_seconds = 60.0
        async with app.run_test(size=(100, 30)) as pilot:
            user = User(app, pilot)
            await until(lambda: opened)
            await user.wait_for_message("typed too early: ignored")
            assert search_text(user) == "database prod"
            assert app.is_running

    asyncio.run(go())


@pytest.mark.parametrize(
    ("keys", "screen", "said"),
    long_after(
        1,
        [
            (F3, SessionsScreen, "F9 (Profile) was cancelled: another screen was chosen"),
            (f"yak{F3}", SessionsScreen, "F9 (Profile) was cancelled: another screen was chosen"),
            ("y\x1b", AccountsScreen, "F9 (Profile) was cancelled"),
        ],
    ),
)
def test_a_key_that_leaves_acts_also_in_one_burst_with_the_search(world, gate, keys, screen, said):
    gate.put_before(profile_edit, "plan_new_profiles")

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.started.wait_seconds = 60.0
        accounts = user.app.screen
        await user.type(f"payments-dev developer{F9}{keys}")
        await user.wait_for_text(said)
        await user.wait_for_screen(screen)
        assert accounts.query_one(SearchLine).value == "payments-dev developer"

    run_scenario(world.app(), scenario)


def test_a_click_on_another_screen_cancels_the_action(world: DemoHome, gate: Gate) -> None:
    gate.put_before(profile_edit, "plan_new_profiles")

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.started.wait_seconds = 60.0
        await user.press(*"payments-dev developer", "f9")
        await until(gate.entered.is_set)
        await user.app.run_action("app.go('sessions')")
        await user.wait_for_screen(SessionsScreen)
        await user.wait_for_message("F9 (Profile) was cancelled: another screen was chosen")
        gate.open()
        await user.press("j")  # the key j acts on the screen Sessions
        assert isinstance(user.app.screen, SessionsScreen)
        assert not user.app.started.is_holding_keys

    run_scenario(world.app(), scenario)
