"""The menu that Space opens: which actions it offers, how they are chosen, and when keys are text."""

import pytest

from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.menu import ActionMenu
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.search_line import SearchLine
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until


async def open_menu(user: User, *keys: str) -> None:
    await user.press(*(keys or ("space",)))
    await user.wait_for_screen(ActionMenu)
    await user.wait_for_text("esc ─╯")


def test_each_letter_acts_on_the_row_and_closes_the_menu(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        await open_menu(user)
        await user.wait_for_text(
            "─ payments-dev/Developer ─", "⏎ use   s shell   c console", "Q quit"
        )
        assert "previous role" not in user.screen  # this shell has used no role before
        await user.press("a")
        await user.wait_for_message("000040000001")
        await open_menu(user)
        await user.press("v")
        await user.wait_for_text("○ tree")
        await open_menu(user)
        await user.press("J")  # no action has this letter
        await user.wait_for_screen(ActionMenu)
        await user.press("escape")
        await until(lambda: not isinstance(user.app.screen, ActionMenu))
        await open_menu(user)
        await user.press("down", "right", "right", "enter")
        await user.wait_for_message("link")

    run_scenario(world.app(), scenario)


def test_a_click_acts_and_one_beside_the_menu_closes_it(world: DemoHome) -> None:
    async def click(user: User, text: str) -> None:
        lines = user.screen.splitlines()
        y = next(number for number, line in enumerate(lines) if text in line)
        await user.pilot.click(offset=(lines[y].index(text), y))

    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        await click(user, "space Actions")
        await user.wait_for_screen(ActionMenu)
        await user.wait_for_text("a copy id")
        await click(user, "a copy id")
        await user.wait_for_message("000040000001")
        await open_menu(user)
        await click(user, "type to search")
        await until(lambda: not isinstance(user.app.screen, ActionMenu))

    run_scenario(world.app(), scenario)


def test_what_applies_to_an_account_and_to_ticked_roles_is_offered(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        await open_menu(user, "left", "space")
        await user.wait_for_text("─ payments-dev ─", "d details", "v tree")
        assert "c console" not in user.screen
        assert "⏎ use" not in user.screen
        await user.press("escape", "tab")
        await open_menu(user)
        await user.wait_for_text("ticked roles ─", "p add profiles", "c consoles")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("key", ["space", "question_mark", "colon"])
def test_a_key_of_an_empty_search_is_text_after_other_text(world: DemoHome, key: str) -> None:
    character = {"space": " ", "question_mark": "?", "colon": ":"}[key]

    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        line = user.app.screen.query_one(SearchLine)
        await user.type(f"pay{character}")  # all at once: the letters decide what the key is
        await until(lambda: line.value == f"pay{character}")
        await user.press("ctrl+u", key)
        await until(lambda: len(user.app.screen_stack) == 2)
        await user.press("escape")
        await user.paste(f"{character}x")
        await until(lambda: line.value.strip() == f"{character}x".strip())
        assert len(user.app.screen_stack) == 1

    run_scenario(world.app(), scenario)


def test_right_at_the_end_of_a_search_opens_the_menu(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        await user.press(*"pay", "left", "right")
        assert user.app.screen.query_one(RoleList).row is not None
        await open_menu(user, "right")
        await user.press("question_mark")
        await user.wait_for_screen(HelpScreen)

    run_scenario(world.app(), scenario)


def test_the_menu_of_the_other_screens_has_their_actions(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("space Actions")
        await open_menu(user)
        await user.press("2")
        await user.wait_for_text("Clocks")
        await open_menu(user)
        await user.wait_for_text("─ corp ─", "n sign in", "x sign out", "1 roles")
        await user.press("escape", "3")  # there is no search: a letter needs no menu
        await user.wait_for_text("to add")
        await open_menu(user)
        await user.wait_for_text("A apply", "X remove", "U undo")
        await user.press("d")
        await user.wait_for_text("+credential_process")

    run_scenario(world.app(), scenario)
