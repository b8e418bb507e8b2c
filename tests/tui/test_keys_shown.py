"""The keys on a screen are those of the keymap, whatever is in front when the screen is drawn."""

import re

import pytest
from textual.command import CommandPalette

from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.cli.listing_world import SCRIPT
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome, until

F1, F2, F3, F4 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS"
# For each screen, its key and a text of it. From the help and the messages, another screen can be
# chosen at once; a question stays until it is answered.
SCREENS = {"accounts": (F2, "1/20"), "sessions": (F3, "Clocks"), "profiles": (F4, "to add")}
HELP, MESSAGES, PALETTE = [(F1, "esc: close")], [("\x0c", ": close")], [(":", "Search for")]
DIALOGS = {
    "accounts": [HELP, MESSAGES, [*HELP, *PALETTE]],
    "sessions": [HELP, MESSAGES, PALETTE],
    "profiles": [HELP, MESSAGES, PALETTE],
}
TABS = {"sessions": "2 Sign-ins", "profiles": "3 Profiles"}
# Dialogs of a screen, and the other screen to go to from there.
ROWS = [
    (start, steps, to)
    for start, dialogs in DIALOGS.items()
    for steps in dialogs
    for to in SCREENS
    if to not in (start, "accounts")
]


@pytest.mark.long
@pytest.mark.parametrize(("start", "steps", "to"), ROWS)
def test_a_screen_first_opened_from_a_dialog_names_its_keys(shell, start, steps, to):
    terminal = Terminal((SCRIPT,), shell.environ, size=(120, 40))
    terminal.until("space Actions")
    terminal.send("payments-dev developer")
    terminal.until("1/20")
    for keys, text in [SCREENS[start], *steps, SCREENS[to]]:
        terminal.send(keys)
        terminal.until(text)
    terminal.until(f"▸{TABS[to]}")
    assert all(tab in terminal.lines[0] for tab in ("1 Rol", "2 Sig", "3 Pro", ": Commands"))
    assert not re.search(r"(press|·) \? ", terminal.text, re.I), terminal.text
    terminal.close()


async def open_dialogs(user: User, keys: str) -> None:
    """Press the keys, of which each opens a dialog, one after the other."""
    await user.wait_for_text("role keys")
    for key in keys.split():
        shown = user.app.screen
        await user.press(key)
        await until(lambda shown=shown: user.app.screen is not shown)  # type: ignore[misc]


@pytest.mark.parametrize("keys", long_after(1, ["f1", "ctrl+l", "f6", "f6 f1"]))
def test_the_palette_over_a_dialog_names_the_keys_of_its_commands(world, keys):
    async def scenario(user: User) -> None:
        await open_dialogs(user, keys)
        await user.press("colon")
        await user.wait_for_screen(CommandPalette)
        await user.wait_for_text("space 1  Roles", "space 2  Sign-ins", "space m  Messages")

    run_scenario(world.app(), scenario, size=(100, 50))


@pytest.mark.parametrize("keys", long_after(1, ["f1", "ctrl+l", "f1 ctrl+l", "f1 colon"]))
def test_help_closes_when_another_screen_is_chosen(world: DemoHome, keys: str) -> None:
    async def scenario(user: User) -> None:
        await open_dialogs(user, keys)
        await user.press("f3")
        await user.wait_for_screen(SessionsScreen)
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)
