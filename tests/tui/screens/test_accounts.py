"""The Accounts screen with an emulated Identity Center: the search, and the actions on a row."""

import time
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from ssohelper.app import App
from ssohelper.core.listing import Listing
from ssohelper.core.model import RoleKey
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.search_line import SearchLine
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import NOW, DemoHome, until

DEV = RoleKey("corp", "000040000001", "Developer")


def role_list(user: User) -> RoleList:
    return user.app.screen.query_one(RoleList)


def test_favourites_and_recent_roles_come_first_and_typing_searches(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("▸Roles", "payments-dev", "41m left")
        rows = role_list(user).rows
        assert [(row.account.name, row.role_name) for row in rows[:4]] == [
            ("payments-dev", "Developer"),
            ("payments-prod", "ReadOnlyAccess"),
            ("payments-dev", "ReadOnlyAccess"),
            ("payments-prod", "DatabaseAdmin"),
        ]
        assert "❯ ★    Developer" in user.screen
        assert "12m ago" in user.screen
        await user.press(*"admin pay")
        await user.wait_for_text("payments-prod", "DatabaseAdmin")
        assert {row.account.name for row in _shown(user)} == {"payments-dev", "payments-prod"}
        await user.press("escape")
        assert role_list(user).shown.count == len(rows)
        await user.press("escape")

    program = run_scenario(world.app(), scenario)
    assert (program.return_value, program.return_code) == (None, 0)


def _shown(user: User) -> list:
    found = role_list(user)
    return [found.rows[number] for number in found.shown.lines if number >= 0]


def test_enter_leaves_and_returns_the_command_that_uses_the_role(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("payments-dev")
        await user.press("ctrl+g", "down", "enter")

    program = run_scenario(world.app(), scenario)
    assert program.return_value == "ssohelper use corp:000030000001/ReadOnlyAccess"


def test_the_details_show_the_whole_role(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"database prod", "up")
        await user.wait_for_text(
            "000030000001 · aws+payments-prod@",
            "corp · payments-prod.DatabaseAdmin",
            "last use 55m ago, 1 time · session duration 2h (observed)",
        )
        await user.wait_for_text("1h 5m left", "41m left", "5h left")
        world.clock.now = NOW - 55 * 60 + 1
        await user.wait_for_text("last use just now, 1 time · ")
        await user.press("ctrl+d")
        assert "session duration" not in user.screen

    run_scenario(world.app(), scenario)


def test_a_favourite_is_saved_and_its_command_shown(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+f")
        await user.wait_for_message(
            "Developer in payments-dev is no longer a favourite",
            "$ ssohelper favourite rm corp:000040000001/Developer",
        )

    services = world.app()
    run_scenario(services, scenario)
    assert (
        not services.usage.load_all()[DEV].favourite if DEV in services.usage.load_all() else True
    )


def test_filters_and_grouping(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("○ favourites")
        await user.press("ctrl+b")
        await user.wait_for_text("● favourites")
        assert [row.key for row in _shown(user)] == [DEV]
        await user.wait_for_text("● tree", "payments-dev  000040000001")
        await user.press("ctrl+b", "ctrl+g")
        await user.wait_for_text("○ tree", "payments-dev    000040000001 Developer")

    run_scenario(world.app(), scenario)


def test_copying_goes_through_the_terminal(world: DemoHome) -> None:
    copied = {
        "ctrl+y": "payments-prod.DatabaseAdmin",
        "ctrl+x": "export AWS_PROFILE='payments-prod.DatabaseAdmin'",
        "ctrl+o": "000030000001",
        "ctrl+r": "https://d-0000000000.awsapps.com/start/#/console?account_id=000030000001",
    }

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"database prod")
        for key, text in copied.items():
            await user.press(key)
            await until(lambda text=text: user.app.clipboard.startswith(text))
            await user.wait_for_message("copied", "$ ssohelper ")
        await user.wait_for_message("$ ssohelper profile show payments-prod.DatabaseAdmin")

    run_scenario(world.app(), scenario)


def test_whoami_asks_aws_and_a_signed_out_session_offers_the_sign_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f8")
        await user.wait_for_message("ana: arn:aws:sts::000040000001", "$ ssohelper whoami ")
        for path in (world.home / ".aws" / "sso" / "cache").glob("*.json"):
            path.unlink()
        await user.press("down", "down", "down", "down", "down", "f8")
        await user.wait_for_screen(SignInScreen)
        # The dialog says why a sign-in is needed.
        await user.wait_for_text('the session "corp" ', "$ ssohelper login corp")
        await user.press("escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario)


def test_messages_and_the_keys_of_the_search_line(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("ctrl+o")
        await user.wait_for_message("copied 0000")
        await user.press("ctrl+r")
        await user.wait_for_message("copied the console's link", "$ ssohelper console --print ")
        assert "copied 0000" not in user.screen

        await user.wait_for_text("role keys")
        for keys, value in [
            (("p", "a", "y", "space", "x", "backspace"), "pay "),
            (("r", "e", "a", "d", "ctrl+w"), "pay "),
            (("left", "left", "Z"), "paZy "),
            (("left", "delete"), "pay "),
            (("ctrl+a", "o", "ctrl+e", "k"), "opay k"),
            (("ctrl+u", "日", "é"), "日é"),
        ]:
            await user.press(*keys)
            assert user.app.screen.query_one(SearchLine).value == value
        assert "日é" in user.screen

        await user.press("ctrl+u")
        await user.wait_for_text("role keys")
        line = user.app.screen.query_one("#search")
        line.post_message(events.Paste("x" * 1_000_000))
        await until(lambda: line.value)  # type: ignore[attr-defined]
        assert len(line.value) == 2000  # type: ignore[attr-defined]

    run_scenario(world.app(), scenario)


def test_a_profile_is_added_and_removed_after_showing_the_diff(world: DemoHome) -> None:
    before = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text(
            "+[profile payments-dev.Developer]", "$ ssohelper profile add corp:0000"
        )
        # The dialog's frame begins the line.
        await user.wait_for_text("│ 1 profile to add — write ~/.aws/config?")
        assert world.config_file.read_bytes() == before
        await user.press("y")
        await user.wait_for_message("added")
        await user.wait_for_screen(AccountsScreen)
        await user.wait_for_text("corp · payments-dev.Developer")
        await user.press("f9")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message("$ ssohelper profile rm payments-dev.Developer")

    run_scenario(world.app(), scenario)
    assert world.config_file.read_bytes() == before


def test_without_a_session_the_set_up_form_is_shown(tmp_path: Path) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text(
            "No session is set up yet", "$ ssohelper setup START_URL", "start URL"
        )
        await until(lambda: isinstance(user.app.focused, Input))
        await user.press("f6", "f9", "ctrl+f", "ctrl+g", "ctrl+t", "ctrl+y", "f5")
        await user.press(*"http://typed")
        await user.wait_for_text("http://typed")
        await user.press("enter")
        await user.wait_for_text(
            '"http://typed" does not begin with https', "a start URL looks like"
        )
        assert "Favourite" not in user.screen
        await user.press("escape")
        await until(lambda: not user.app.is_running)

    services = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})
    run_scenario(services, scenario, size=(80, 24))


def test_the_first_refresh_is_announced(world: DemoHome) -> None:
    services = world.app()
    services.directory.forget("corp")
    world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
    world.emulator.faults.set(latency_seconds={"ListAccounts": 0.5})

    async def scenario(user: User) -> None:
        await user.wait_for_text("Your roles are being listed at AWS: corp")
        await until(lambda: len(role_list(user).rows) == 20)
        assert "being listed" not in user.screen

    run_scenario(services, scenario)


def test_a_session_without_roles_says_so_and_shows_no_form(world: DemoHome) -> None:
    services = world.app()
    config = world.config_file.read_text().split("[sso-session lab]")[0]
    world.config_file.write_text(config)
    session = services.config.read().sso_session("corp")
    assert session is not None
    listing = Listing(session.start_url, session.region, services.clock.now(), ())
    services.directory.save("corp", listing)

    async def scenario(user: User) -> None:
        await user.wait_for_text(
            "No role is assigned to you in corp.", "ssohelper list --refresh", "0/0"
        )
        await user.press("f2", "f3", "f2", "f8")
        assert "start URL" not in user.screen
        await user.press("f5")
        await until(lambda: len(role_list(user).rows) == 20)

    run_scenario(services, scenario)


def test_signed_out_and_without_a_list_it_says_how_to_sign_in(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
        "sso_region = us-east-1\n"
    )

    async def scenario(user: User) -> None:
        await user.wait_for_text("No roles are listed yet", "ssohelper login corp", "0/0")
        await user.press("f8", "f9", "enter", "down")

    run_scenario(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)


def test_a_config_that_cannot_be_read_is_shown_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile a]\nregion = x\n\n[profile a\nregion = y\n")

    async def scenario(user: User) -> None:
        await user.wait_for_text(f"  {config}"[:20], "is not closed")
        await user.press("enter", "f9", "escape")

    run_scenario(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)
    assert config.read_text().startswith("[profile a]")


@pytest.mark.parametrize(
    "size",
    [
        (1, 1),
        (500, 200),
        *(pytest.param(size, marks=pytest.mark.long) for size in [(20, 5), (80, 24)]),
    ],
)
def test_every_size_of_the_terminal_works(world: DemoHome, size: tuple[int, int]) -> None:
    async def scenario(user: User) -> None:
        await user.pilot.pause(0.1)
        await user.press("p", "down", "ctrl+g", "end", "escape")
        await user.pilot.resize_terminal(size[1], size[0])
        await user.press("d", "pagedown", "home")

    run_scenario(world.app(), scenario, size=size)


def test_keys_and_quitting_do_not_wait_for_aws(world: DemoHome) -> None:
    world.emulator.faults.set(latency_seconds={"*": 30})

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f5", "f8")
        await user.wait_for_busy_screen("Who am I", "waiting for AWS")
        await user.type("\x1b")
        await user.wait_for_text("refreshing")
        await user.press(*"prod")
        assert role_list(user).shown.query == "prod"
        began.append(time.monotonic())
        await user.press("ctrl+q")

    began: list[float] = []
    run_scenario(world.app(), scenario)
    # No measurement of speed: an answer of AWS takes thirty seconds here.
    assert time.monotonic() - began[0] < 15


@pytest.mark.parametrize("is_gone", long_after(1, [True, False]))
def test_enter_takes_no_other_role_when_a_refresh_has_removed_the_one_under_the_cursor(
    world: DemoHome, is_gone: bool
) -> None:
    gone = '"payments-dev/Developer" is no longer in the list'

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev")
        await user.wait_for_text("payments-dev Developer")
        if is_gone:
            world.emulator.world.unassign("developers", "Developer", "Workloads/Development")
        await user.press("f5")
        if is_gone:
            await user.wait_for_message(gone)
            await user.press("enter")
            await user.wait_for_message("no role chosen: ↓ or type")
            await user.press("down")
        else:
            await until(lambda: "refreshed the list" in user.messages)
        await user.press("enter")
        await until(lambda: user.app.return_value is not None)
        assert user.messages.count(gone) == is_gone

    run_scenario(world.app(), scenario)


def test_enter_with_a_config_that_cannot_be_read_stays(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("payments-dev read")
        world.config_file.write_text("[default]\nregion eu-west-1\n")
        await user.press("enter")
        await user.wait_for_message("config:2: a line has no")
        assert isinstance(user.app.screen, AccountsScreen)
        assert user.app.is_running

    app = run_scenario(world.app(), scenario)
    assert app.chosen is None
