"""The keys that a dialog names in its last line can be clicked."""

import pytest

from ssohelper.system import terminal_session
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.command_line import CommandScreen, RunScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_grant import SESSION
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, until

CLOSING = [
    ("f10", "esc: cancel"),
    ("f6", "esc: cancel"),
    ("f1", "esc: close"),
    ("ctrl+l", "esc: close"),
    ("f7", "esc: cancel"),
    ("f4 ctrl+d", "esc: close"),
    ("f3 S", "esc: leave"),
]


async def click(user: User, text: str) -> None:
    """Click on the text, in its last place on the screen."""
    lines = user.screen.split("\n")
    y = max(number for number, line in enumerate(lines) if text in line)
    await user.pilot.click(offset=(lines[y].rindex(text) + 1, y))


@pytest.mark.parametrize(("keys", "hint"), long_after(1, CLOSING[-1:] + CLOSING[:-1]))
@pytest.mark.parametrize("size", long_after(1, ["100x30", "40x12"]))
def test_a_click_on_a_hint_closes_the_dialog(world, monkeypatch, keys, hint, size):
    monkeypatch.setattr(terminal_session, "find_terminal_session", lambda: SESSION)
    columns, lines = map(int, size.split("x"))
    settle(world, 'guard.rules = ["*/Developer"]\n')

    async def scenario(user: User) -> None:
        await user.press(*"payments-dev developer")
        await user.wait_for_text("1/21")
        for key in keys.split():
            shown = user.app.screen
            await user.press(key)
            await until(lambda shown=shown: user.app.screen is not shown)  # type: ignore[misc]
            if key in ("f3", "f4"):
                await user.wait_for_text({"f3": "signed in", "f4": "17 to add"}[key])
        dialog = user.app.screen
        assert dialog.is_modal
        await user.wait_for_text(hint)
        await user.until_keys_act()
        await click(user, hint)
        await until(lambda: user.app.screen is not dialog)
        assert user.app.return_code is None

    run_scenario(world.app(), scenario, size=(columns, lines))


def test_a_click_on_enter_acts_as_enter(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press(*"payments-dev developer")
        await user.wait_for_text("1/21")
        await user.press("f10")
        await user.wait_for_screen(CommandScreen)
        await user.wait_for_text("enter: run · esc: cancel")
        await click(user, "enter: run")
        await user.wait_for_text("no command is typed")
        await user.press(*"echo here")
        await click(user, " · ")  # a click between two keys does nothing
        await click(user, "enter: run")
        await user.wait_for_screen(RunScreen)
        await user.wait_for_text("1 of 1 ended", "here")
        await click(user, "y: copy")
        await user.wait_for_message("copied the output")
        await click(user, "esc: close")
        await user.wait_for_screen(AccountsScreen)
        answers: list[str | None] = []
        user.app.push_screen(AskScreen("Region", "eu", ""), answers.append)
        await user.wait_for_text("enter: go on")
        await user.press(*"2")
        await click(user, "enter: go on")
        await until(lambda: answers == ["2"])

    run_scenario(world.app(), scenario)
