"""Sessions are renamed and removed after a question that shows the diff; ctrl+z suspends."""

import os
import signal
from typing import cast

import pytest

from ssohelper.system import terminal
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_accounts import role_list
from tests.tui.test_cleared_search import role_at_cursor
from tests.tui.world import DemoHome, until


async def ask_for_name(user: User, name: str) -> None:
    await user.press("e")
    await user.wait_for_screen(AskScreen)
    await user.press("ctrl+u", *name, "enter")


def test_a_session_is_renamed_in_its_profiles_too(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("down", "down")
        before = role_at_cursor(user)
        await user.press("f3")
        await user.wait_for_text("corp", "signed in")
        await ask_for_name(user, "acme")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text(
            'Rename "corp" to "acme", in 3 profiles too?', "+[sso-session acme]"
        )
        await user.wait_for_text("$ ssohelper session rename corp acme")
        await user.press("y")
        await user.wait_for_message('renamed the session "corp" to "acme"')
        await user.wait_for_text("acme")
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)
        await until(lambda: {row.session_name for row in role_list(user).rows} == {"acme"})
        assert role_at_cursor(user) == before
        assert "no longer in the list" not in user.messages

    run_scenario(world.app(), scenario)
    text = world.config_file.read_text()
    assert "[sso-session acme]" in text
    assert "--session acme" in text
    assert "corp]" not in text


def test_the_cursor_follows_no_role_to_a_new_session_while_its_own_is_listed(
    world: DemoHome,
) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("down", "down")
        roles = role_list(user)
        gone = roles.row
        assert gone is not None
        others = [row for row in roles.rows if row is not gone]
        controls = cast("AccountsScreen", user.app.screen)._controls
        controls.show_rows_read_again([*others, gone._replace(session_name="new")])
        assert roles.row is not None
        assert roles.row.session_name == gone.session_name
        await user.wait_for_message(f'"{gone.label}" is no longer in the list')

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize(
    ("name", "message"),
    long_after(
        1,
        [
            ("lab", 'a session named "lab" already exists'),
            ("a b", "is not a valid name"),
            ("", '"" is not a valid name'),
        ],
    ),
)
def test_a_name_that_cannot_be_changes_nothing(world: DemoHome, name: str, message: str) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp", "signed in")
        await ask_for_name(user, name)
        await user.wait_for_text(message)
        await user.press(*"lab", "enter")  # no letter is a command of the screen below
        await user.wait_for_text('✗ a session named "lab" already exists')
        assert isinstance(user.app.screen, AskScreen)
        await user.press("escape")
        await user.wait_for_message("nothing was changed")
        await user.wait_for_screen(SessionsScreen)

    run_scenario(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_a_session_is_removed_after_the_question(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp", "lab", "signed in")
        await user.press("down", "d")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text('Sign out of "lab", and remove it?')
        await user.press("enter")  # Enter answers "No", which has the focus
        await user.wait_for_message("nothing was changed")
        await user.press("d")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message('removed the session "lab"')

    run_scenario(world.app(), scenario)
    assert "sso-session lab" not in world.config_file.read_text()


def test_without_job_control_ctrl_z_says_that_it_cannot(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(terminal, "can_suspend_program", lambda: False)
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+z")
        await user.wait_for_message("ssohelper cannot be suspended")

    run_scenario(world.app(), scenario)
    assert signal.SIGTSTP not in killed
