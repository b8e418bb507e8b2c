"""The palette has every action with its key; the footer has as many keys as fit whole."""

from typing import Any
from unittest import mock

import pytest
from textual.command import CommandPalette

from ssohelper.core.keymap import ACTIONS
from ssohelper.tui.commands import Command, list_commands, search_commands
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Chooser
from ssohelper.tui.widgets.role_list import RoleList
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

SCREENS = {"f2": "role keys", "f3": "signed in", "f4": "17 to add, 1"}

# What a user types on each screen, and which action must be first then.
FIRST_HITS = {
    "f2": {
        "quit": "app.quit",
        "shell": "accounts.shell",
        "profile add": "accounts.profile",
        "identity": "accounts.whoami",
        "snd": "app.suspend",  # no command has the letters s, n and d side by side
    },
    "f3": {
        "new": "sessions.set_up",
        "add": "sessions.set_up",
        "setup": "sessions.set_up",
        "quit": "app.quit",
    },
    "f4": {"apply": "profiles.apply", "quit": "app.quit"},
}


def footer(user: User) -> str:
    return [line for line in user.screen.split("\n") if line][-1]


def enabled_actions(app: FullScreenApp) -> set[str]:
    found = app.screen.active_bindings.values()
    return {one.binding.id or "" for one in found if one.enabled} & set(ACTIONS)


def first_hit(commands: list[Command], query: str) -> str:
    return next(iter(search_commands(commands, query)), Command("", "", print)).action


def check_that_each_label_finds_its_action_first(commands: list[Command]) -> None:
    for query in (str.lower, str.upper):
        for command in commands:
            if command.label:
                found = search_commands(commands, query(command.label))[0]
                assert found.label == command.label, (command, found)


def test_every_action_of_every_screen_is_in_the_palette_with_its_key(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        for key, text in SCREENS.items():
            await user.press(key)
            await user.wait_for_text(text)
            commands = list_commands(user.app, user.app.screen)
            in_palette = [one.action for one in commands if one.action]
            applies = getattr(user.app.screen, "applies", lambda _name: True)
            enabled = set(filter(applies, enabled_actions(user.app)))
            enabled -= {"app.commands", "app.menu"}
            assert sorted(in_palette) == sorted(enabled | {"app.suspend"})
            assert {one.label for one in commands} == {
                *(ACTIONS[name].label for name in enabled),
                "",
            }
            check_that_each_label_finds_its_action_first(commands)
            for query, action in FIRST_HITS[key].items():
                assert first_hit(commands, query) == action, query
            await user.press("colon")
            await user.wait_for_screen(CommandPalette)
            await user.wait_for_text(user.app.key_of(in_palette[0]))
            await user.press("escape")
            await until(lambda: not isinstance(user.app.screen, CommandPalette))

    run_scenario(world.app(), scenario, size=(100, 40))


@pytest.mark.parametrize("scope", sorted({name.partition(".")[0] for name in ACTIONS}))
def test_the_label_of_a_dialogs_action_finds_it_first(scope: str) -> None:
    of_all_screens = ("app.accounts", "app.sessions", "app.profiles", "app.help", "app.quit")
    names = [name for name in ACTIONS if name.startswith(f"{scope}.")]
    check_that_each_label_finds_its_action_first(
        [
            Command(
                ACTIONS[name].label, ACTIONS[name].description, print, name, ACTIONS[name].label
            )
            for name in dict.fromkeys([*names, *of_all_screens])
        ]
    )


def test_while_roles_are_ticked_the_labels_of_the_footer_find_their_actions(world):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("tab")
        await until(lambda: footer(user).startswith(" space c Consoles"))
        commands = list_commands(user.app, user.app.screen)
        check_that_each_label_finds_its_action_first(commands)
        assert first_hit(commands, "add profiles") == "accounts.profile"
        assert first_hit(commands, "clear ticks") == "accounts.leave"

    run_scenario(world.app(), scenario)


@pytest.mark.long
def test_the_palette_runs_what_has_no_command_line_and_quits_without_a_role(world):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("colon")
        await user.wait_for_text("space c  console ", "space a  Copy id")
        # No blank line is above the first command, and the palette covers no more than it needs.
        lines = [line for line in user.screen.split("\n") if line]
        border = next(number for number, line in enumerate(lines) if "▁" in line)
        assert lines[border].count("▁") == 100
        assert "⏎        use corp:" in lines[border + 1]
        await user.press(*"copy id")
        await until(lambda: "Copy export" not in user.screen)
        await user.press("enter")
        await user.wait_for_message("copied 0000")
        await user.press("colon")
        await user.wait_for_screen(CommandPalette)
        await user.press(*"quit")
        # "Quit" is on the first line of the list.
        await until(lambda: "space Q  Quit" in user.screen.split("\n")[4])
        await user.press("enter")
        await until(lambda: user.app.return_code is not None)
        assert user.app.chosen is None

    run_scenario(world.app(), scenario, size=(140, 60))


@pytest.mark.parametrize("width", long_after(1, [40, 120, 80, 200]))
def test_the_footer_cuts_no_word_and_always_has_the_help(world: DemoHome, width: int) -> None:
    labels = {action.label for action in ACTIONS.values()}

    async def scenario(user: User) -> None:
        for key, first in (("f2", "⏎ Use"), ("f3", "space Actions"), ("f4", "⏎ Diff")):
            await user.press(key)
            await until(lambda first=first: footer(user).startswith(f" {first}  "))  # type: ignore[misc]
            assert footer(user).endswith("  ? Help ")
            shown = [part for part in footer(user).split("  ") if part.strip()]
            found = {part.split(maxsplit=1)[1].strip() for part in shown}
            assert found <= labels
            assert len(shown) >= min(6, width // 14)
            if width == 200:  # also the actions that only the menu runs are not here
                there = enabled_actions(user.app)
                assert found == {
                    ACTIONS[name].label for name in there if " " not in user.app.key_of(name)
                }

    run_scenario(world.app(), scenario, size=(width, 24))


def test_a_click_in_the_footer_acts(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down")
        x = footer(user).index("Sign in")
        await user.pilot.click(KeyBar, offset=(x, 0))
        await user.wait_for_screen(SignInScreen)

    run_scenario(world.app(), scenario)


def test_a_double_click_in_the_footer_acts_on_one_key_only(world: DemoHome) -> None:
    """The first click takes the ticks away, and so puts another key under the pointer."""

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("tab")
        await user.wait_for_text("esc Clear ticks")
        bar = user.app.screen.query_one(KeyBar)
        place = footer(user).index("esc Clear ticks")
        ran: list[object] = []
        run_action = user.app.run_action

        async def note_and_run(action: Any, *more: Any) -> bool:
            ran.append(action)
            return await run_action(action, *more)

        with mock.patch.object(user.app, "run_action", note_and_run):
            await user.pilot.click(KeyBar, offset=(place, 0), times=2)
        [item] = [one for one in bar.items if one.x <= place < one.x + one.width]
        assert item.active.enabled
        assert item.active.binding.action not in ran
        assert len(ran) == 1

    run_scenario(world.app(), scenario, size=(120, 30))


def test_ctrl_j_goes_down_and_ctrl_k_up(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        rows = user.app.screen.query_one(RoleList)
        first = rows.cursor  # the first role, below the heading of its account
        await user.press("ctrl+j", "ctrl+j", "ctrl+k")
        assert rows.cursor == first + 1
        await user.press("f3")
        await user.wait_for_text("signed out")
        chooser = user.app.screen.query_one("#sessions", Chooser)
        await user.press("ctrl+j")
        assert chooser.cursor == 1
        await user.press("ctrl+k")
        assert chooser.cursor == 0
        assert user.app.return_code is None

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("keys", long_after(1, [["f3"], ["ctrl+l"], ["f4"], ["ctrl+l", "f3"]]))
def test_another_screen_closes_the_palette_and_it_opens_again(world, keys):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        for key in ("colon", *keys):
            await user.press(key)
            await user.wait_for_text({"colon": "quit, and use this role"}.get(key, ""))
        await until(lambda: not isinstance(user.app.screen, CommandPalette))
        await user.press("colon", "colon")
        await user.wait_for_screen(CommandPalette)

    run_scenario(world.app(), scenario)


@pytest.mark.long
def test_an_action_of_another_screen_is_found_and_goes_there(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        for query, line in {
            "sign in again": "space 2  Sign in again (login) is on space 2 Sign-ins",
            "undo": "space 3  Undo (profile undo) is on space 3 Profiles",
            "apply": "space 3  Apply (profile sync --session) is on space 3 Profiles",
            "sign out": "space 2  Sign out (logout) is on space 2 Sign-ins",
        }.items():
            await user.press("colon")
            await user.wait_for_screen(CommandPalette)
            await user.press(*query)
            await user.wait_for_text(line)
            # The first Escape clears the search.
            await user.press(*(["enter"] if query == "sign out" else ["escape", "escape"]))
            await until(lambda: not isinstance(user.app.screen, CommandPalette))
        await user.wait_for_screen(SessionsScreen)
        await user.press("colon")
        await user.wait_for_screen(CommandPalette)
        await user.press(*"sign out")
        await until(lambda: "x        logout corp" in user.screen.split("\n")[4])
        assert "is on space 2" not in user.screen

    run_scenario(world.app(), scenario)
