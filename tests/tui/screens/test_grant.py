"""A guarded role in the full screen: the same question as on the command line, and its grant."""

import os

import pytest

from ssohelper.actions import fixed_keys
from ssohelper.app import App
from ssohelper.cli import choosing
from ssohelper.core.grants import TerminalSession
from ssohelper.core.model import Profile, RoleCredentials, RoleKey
from ssohelper.core.policy import Way
from ssohelper.system import terminal_session
from ssohelper.tui.screens import account_actions
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.command_line import CommandScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, until

SESSION = TerminalSession(os.getpid(), 1, "pts/0")
QUESTION = 'the rule "*/DatabaseAdmin" guards the role DatabaseAdmin in the'
REASON = "reason, for the journal"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_session, "find_terminal_session", lambda: SESSION)
    return


def events(world: DemoHome) -> list[str]:
    lines = world.app().journal.read().lines
    return [line.event for line in lines if line.fields.get("role") == "DatabaseAdmin"]


async def go_to_the_guarded_role(user: User) -> None:
    await user.press(*"databaseadmin prod")
    await user.wait_for_text("❯▌ @@! DatabaseAdmin ", "@@ guarded")


@pytest.mark.parametrize("key", long_after(1, ["enter", "f7", "f6", "f8", "ctrl+r"]))
def test_each_way_asks_and_gives_nothing_if_the_user_leaves(world: DemoHome, key: str) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')

    async def scenario(user: User) -> None:
        await go_to_the_guarded_role(user)
        await user.press(key)
        await user.wait_for_text(QUESTION, REASON)
        await user.press("escape")
        await user.wait_for_message("nothing was granted")
        await user.wait_for_screen(AccountsScreen)

    app = run_scenario(world.app(), scenario)
    assert app.return_value is None
    assert events(world) == ["refused"]


@pytest.mark.long
def test_a_shell_starts_after_a_grant_whose_time_the_details_show(world: DemoHome) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')

    async def scenario(user: User) -> None:
        await go_to_the_guarded_role(user)
        await user.press("f7")
        await user.wait_for_text(REASON)
        await user.press(*"INC-4711", "enter", *"payments-prod", "enter")
        # A test has no terminal to start it on; the credentials were handed out by then.
        await user.wait_for_message("no shell could be started here")
        await user.wait_for_text("@@ granted for 30m more: INC-4711")
        world.clock.now += 600
        await user.wait_for_text("@@ granted for 20m more: INC-4711")
        await user.press("enter")  # with a grant, Enter opens no question

    app = run_scenario(world.app(), scenario)
    assert app.return_value == "ssohelper use payments-prod.DatabaseAdmin"
    assert events(world)[:2] == ["grant", "release"]


def test_a_rule_of_an_editor_counts_in_a_running_full_screen(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press(*"databaseadmin prod")
        await user.wait_for_text("❯▌   ! DatabaseAdmin ")
        settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
        await user.press("f7")
        await user.wait_for_text(REASON)
        await user.press("escape")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("key", long_after(1, ["enter", "f7", "f10"]))
def test_the_role_of_the_answer_is_handed_out_if_its_profile_is_edited_meanwhile(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    settle(world, 'guard.rules = ["*/DatabaseAdmin"]\n')
    handed_out: list[RoleKey] = []

    async def run_shell(_app: object, profile: Profile) -> None:
        handed_out.append(profile.key)

    original = fixed_keys.release_fixed_keys

    def note_and_release(services: App, profile: Profile, way: Way) -> RoleCredentials:
        handed_out.append(profile.key)
        return original(services, profile, way)

    monkeypatch.setattr(account_actions, "run_shell", run_shell)
    monkeypatch.setattr(fixed_keys, "release_fixed_keys", note_and_release)

    async def scenario(user: User) -> None:
        await go_to_the_guarded_role(user)
        await user.press(key)
        if key == "f10":
            await user.wait_for_screen(CommandScreen)
            await user.press(*"true", "enter")
        await user.wait_for_text(REASON)
        before = world.config_file.read_text()
        edited = before.replace("--role-name DatabaseAdmin", "--role-name ReadOnlyAccess")
        assert edited != before
        world.config_file.write_text(edited)
        await user.press(*"INC-4711", "enter", *"payments-prod", "enter")
        await until(lambda: handed_out or user.app.chosen)

    app = run_scenario(world.app(), scenario)
    if app.chosen is not None:  # `use` gets the row, and what it does is tested with the command
        profile = choosing.resolve_row(world.app(), app.chosen)
        assert isinstance(profile, Profile)
        handed_out.append(profile.key)
        assert profile.name != "payments-prod.DatabaseAdmin"
    assert handed_out == [RoleKey("corp", "000030000001", "DatabaseAdmin")]
