"""F6: service and region are found as typed, and the last page of a role is the first line."""

from pathlib import Path

import pytest

from ssohelper.core.model import PageChoice, RoleKey
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.help import HelpScreen
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome, until

KEY = RoleKey("corp", "000030000001", "DatabaseAdmin")


async def open_chooser(user: User) -> None:
    await user.wait_for_text("role keys")
    await user.press(*"database prod", "f6")
    await user.wait_for_screen(ConsoleChooser)
    await user.wait_for_text("Console of DatabaseAdmin in payments-prod")


def test_eighty_columns_show_why_a_link_is_copied(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_chooser(user)
        await user.press("enter")
        await user.wait_for_text(
            "no browser here: copied the console's link, if the terminal allows it  "
        )

    run_scenario(world.app(), scenario, size=(80, 24))


def test_a_page_is_found_opened_and_offered_first_the_next_time(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_chooser(user)
        # The page opens in the region of the role's profile.
        await user.wait_for_text("❯ home            eu-west-1")
        await user.press(*"lamb apse2", "enter")
        await user.wait_for_message(
            "copied the console's link",
            "console --print payments-prod.DatabaseAdmin --service lambda --region ap-southeast-2",
        )
        assert "ap-southeast-2.console.aws.amazon.com%2Flambda" in user.app.clipboard
        await user.press("f6")
        await user.wait_for_screen(ConsoleChooser)
        await user.wait_for_text("❯ lambda          ap-southeast-2", "  home            eu-west-1")
        await user.press("down", "enter")
        await user.wait_for_message("--service home --region eu-west-1")

    run_scenario(world.app(), scenario)
    home, lambda_page = PageChoice("home", "eu-west-1"), PageChoice("lambda", "ap-southeast-2")
    assert world.app().usage.load_console_pages(KEY) == [home, lambda_page]
    other = KEY._replace(role_name="ReadOnlyAccess")
    assert world.app().usage.load_console_pages(other) == []


@pytest.mark.long
def test_letters_search_and_escape_opens_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_chooser(user)
        await user.press(*"lam eu-w")
        await user.wait_for_text("❯ lambda          eu-west-1")
        chooser = user.app.screen
        assert isinstance(chooser, ConsoleChooser)
        hits = [text for text, style in chooser._draw_page(0, 80) if style == "hit"]
        assert hits == ["lam", "eu-w"]
        await user.press("ctrl+u", *"jkgG?q")
        await user.wait_for_text("jkgG?q", "0/")
        await user.press("enter")
        assert isinstance(user.app.screen, ConsoleChooser)
        await user.press("f1")
        await user.wait_for_screen(HelpScreen)
        await user.wait_for_text("Type to find a service and a region")
        await user.press("escape")
        await user.wait_for_screen(ConsoleChooser)
        await user.press("escape", "escape")  # the first clears the search
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)
    assert world.app().usage.load_console_pages(KEY) == []


def test_one_page_is_opened_as_each_ticked_role(world: DemoHome, tmp_path: Path) -> None:
    opener, opened = tmp_path / "opener", tmp_path / "opened"
    opener.write_text(f'#!/bin/sh\ncurl -sL -o /dev/null "$1"; echo "$1" >> {opened}\n')
    opener.chmod(0o755)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"datascience", "tab", "tab", "f6")
        await user.wait_for_text("Console of 2 ticked roles")
        await user.press(*"s3", "enter")
        await user.wait_for_message("--service s3")
        await until(lambda: user.messages.count("opened the console") == 2)
        await until(lambda: opened.exists() and len(opened.read_text().split()) == 2)

    world.environ["BROWSER"] = f"{opener} %s"
    run_scenario(world.app(), scenario)
