"""Daily use: signs, empty results, help, the way back, long names."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from ssohelper.actions import login
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.base import TuiApp
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.widgets.role_detail import RoleDetail
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane
from tests.long_rows import long_after
from tests.people import sign_in_here
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_set_up import quick
from tests.tui.test_keys_and_themes import settle
from tests.tui.world import DemoHome, until

URL = "https://d-0000000000.awsapps.com/start"
SESSION = "customer-with-a-session-name-of-the-greatest-length-that-may-be"
NAME = "Customer Workloads Europe Central Payments Replica"
ROLE = "PlatformEngineeringEmergencyAcce"


def one_role(folder: Path) -> App:
    """Return the App of a home whose only role has the longest names that AWS allows."""
    config = folder / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(f"[sso-session {SESSION}]\nsso_start_url = {URL}\nsso_region = us-east-1\n")
    services = App({"HOME": str(folder), "SSOHELPER_HOME": str(folder)})
    account = Account("000030000001", NAME, "aws+customer-workloads-europe@example.com")
    listed = (ListedAccount(account, (ROLE,)),)
    services.directory.save(SESSION, Listing(URL, "us-east-1", services.clock.now(), listed))
    return services


def test_a_guarded_role_has_the_same_sign_everywhere(world: DemoHome) -> None:
    settle(world, 'guard.rules = ["payments-prod/*"]\n')

    async def scenario(user: User) -> None:
        await user.wait_for_text("▌ @@! DatabaseAdmin ", "41m left")
        # Payments-dev's DatabaseAdmin is not guarded.
        assert user.screen.count("@@! DatabaseAdmin") == 1
        await user.press("ctrl+g")
        await user.wait_for_text(" ▌ @@  payments-prod ")
        assert "@@  payments-dev" not in user.screen
        await user.press("down")
        await user.wait_for_text("❯▌ @@  payments-prod ", "@@ guarded")
        await user.pilot.resize_terminal(140, 40)
        await user.wait_for_text("@@ guard.rules names this role")

    run_scenario(world.app(), scenario)


def test_a_search_without_matches_says_how_to_clear_it(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("1 session not listed yet: space 2")
        await user.press(*"zzz")
        await user.wait_for_text('nothing matches "zzz" · esc clears the search · help: esc ?')
        assert "favourites only" not in user.screen
        for key in ("f7", "enter", "tab", "ctrl+y"):
            await user.press(key)
            await until(lambda: user.messages.endswith("no role chosen: ↓ or type"))
            user.app.messages.all.clear()
        await user.press("ctrl+b")
        # Too long for one line: each part has its own.
        await user.wait_for_text("  favourites only: space b shows all, space f adds one  ")
        await user.wait_for_text('  nothing matches "zzz"  ', "  esc clears the search  ")
        await user.press("escape")
        await until(lambda: "nothing matches" not in user.screen)

    run_scenario(world.app(), scenario, size=(80, 24))


def test_escape_and_q_go_back_to_the_roles(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        for key, screen in (("f3", SessionsScreen), ("f4", ProfilesScreen)):
            await user.press(key)
            await user.wait_for_screen(screen)
            await user.press("escape")
            await user.wait_for_screen(AccountsScreen)
        await user.press("q")
        assert isinstance(user.app.screen, AccountsScreen)
        await user.press("f3", "q")
        await user.wait_for_screen(AccountsScreen)
        await user.press("f3", "Q")
        await until(lambda: user.app.return_code is not None)

    run_scenario(world.app(), scenario)


async def drag(user: User, widget: Widget, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press the button over the widget, move the pointer, and release the button."""
    await user.pilot.mouse_down(widget, offset=start)
    await user.pilot.hover(widget, offset=end)
    await user.pilot.mouse_up(widget, offset=end)


def test_ctrl_c_leaves_as_from_the_picker_also_after_a_drag_over_the_list(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await drag(user, user.app.screen.query_one(RoleList), (10, 1), (20, 4))
        await user.press("ctrl+c")
        await until(lambda: user.app.return_code is not None)

    program = run_scenario(world.app(), scenario)
    assert (program.return_value, program.return_code) == (None, 0)


def test_ctrl_c_copies_the_selected_text_and_then_leaves(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_text("17 to add")
        title = user.app.screen.query_one("#profiles-title")
        await drag(user, title, (1, 0), (10, 0))
        selected = user.app.screen.get_selected_text()
        assert selected
        assert selected in user.screen
        await user.press("ctrl+c")
        await user.wait_for_message(f"copied the selected text: {len(selected)} characters")
        assert user.app.clipboard == selected
        await user.press("f3", "S")
        await user.wait_for_screen(SetUpScreen)
        await user.type("prod")
        await user.press("shift+left", "shift+left", "ctrl+c")
        await user.wait_for_message("copied the selected text: 2 characters")
        assert user.app.clipboard == "od"
        assert user.app.return_code is None
        await user.press("escape", "ctrl+c")
        await until(lambda: user.app.return_code is not None)

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("key", long_after(2, ["x", "S", "f1", "ctrl+l"]))
def test_ctrl_c_in_a_dialog_leaves_nothing_and_says_how_to_quit(world: DemoHome, key: str) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press(key)
        await until(lambda: user.app.screen.is_modal)
        dialog = user.app.screen
        await user.press("ctrl+c")
        await user.wait_for_message("nothing is selected to copy; ^q quits")
        assert user.app.screen is dialog
        assert user.app.return_code is None
        await user.press("ctrl+q")
        await until(lambda: user.app.return_code is not None)

    run_scenario(world.app(), scenario)


def test_the_help_says_whether_there_is_more(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press("f1")
        await user.wait_for_text("Type to search:", "page down, ↓: more")
        assert user.screen.split("\n")[3].strip(" │").startswith("Type to search")
        await user.press("f1")
        await user.pilot.resize_terminal(100, 60)
        await user.press("f1")
        await user.wait_for_text("go to the next part")
        assert "↓: more" not in user.screen

    run_scenario(world.app(), scenario, size=(60, 15))


@pytest.mark.parametrize("width", long_after(1, [44, 80]))
def test_help_is_complete_at_every_width(world: DemoHome, width: int) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("▸Roles")
        await user.press("f1")
        await user.wait_for_screen(HelpScreen)
        shown = " ".join(user.screen.replace("│", " ").split())
        for words in (
            "every word must be found in the account's name, id or address",
            "^u all of it",
            "start a shell with the role's",
            "tab: go to the next part",
        ):
            assert words in shown
        # On this screen letters search.
        assert "j k g G" not in shown

    run_scenario(world.app(), scenario, size=(width, 150))


def test_the_set_up_form_has_its_own_help(tmp_path: Path) -> None:
    async def scenario(user: User) -> None:
        await until(lambda: isinstance(user.app.focused, Input))
        await user.press("f1")
        await user.wait_for_text("--session NAME")
        await user.press("escape")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)


def test_long_names_are_whole_beside_the_list_and_the_role_below_it(tmp_path):
    async def scenario(user: User) -> None:
        await user.press("down")
        await user.wait_for_text("duration", "sign-in", "e-mail")
        panel = user.app.screen.query_one(RoleDetail)
        assert panel.region.y == user.app.screen.query_one(RolePane).region.y
        assert panel.virtual_size.width <= panel.size.width
        shown = "".join(text for line in panel.lines for text, _ in line).replace(" ", "")
        for text in (NAME, ROLE, SESSION, "aws+customer-workloads-europe@example.com"):
            assert text.replace(" ", "") in shown
        await user.pilot.resize_terminal(80, 24)
        await user.wait_for_text(f"… {ROLE}")

    run_scenario(one_role(tmp_path), scenario, size=(140, 40))


def test_after_a_sign_in_on_another_screen_the_list_is_fetched(world: DemoHome) -> None:
    services = world.app(sleep=quick)
    world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
    session = services.config.read().sso_session("corp")
    assert session is not None
    services.directory.forget("corp")
    login.log_out(services, session)

    async def scenario(user: User) -> None:
        await user.wait_for_text("No roles are listed yet")
        await user.press("f3")
        await user.wait_for_text("You are signed out.")
        await user.press("n")
        await user.wait_for_text("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await user.close_sign_in()
        await user.wait_for_text("access token")
        await user.press("f2")
        await user.wait_for_text("20/20", "payments-prod")
        # One for the list; one by the sign-in, which needs a role to ask AWS who has signed in.
        assert world.emulator.counters["ListAccounts"] == 2

    run_scenario(services, scenario)


def test_a_list_from_before_the_sign_in_is_refreshed(world: DemoHome) -> None:
    """A list from before the sign-in may be another user's, even if it is recent."""
    services = world.app(sleep=quick)
    session = services.config.read().sso_session("corp")
    assert session is not None
    sign_in_here(services, session, world.emulator, "ben")
    world.emulator.reset_counters()

    async def scenario(user: User) -> None:
        await user.wait_for_text("BreakGlassAdmin")
        await until(lambda: world.emulator.counters["ListAccounts"])
        await until(lambda: "BreakGlassAdmin" not in user.screen)
        assert world.emulator.counters["ListAccounts"] == 1

    run_scenario(services, scenario)


def test_f5_says_which_sign_in_it_needs_and_reads_a_corrected_config(world):
    services = world.app()
    good = world.config_file.read_text().split("[sso-session lab]")[0]
    world.config_file.write_text(good)
    session = services.config.read().sso_session("corp")
    assert session is not None
    login.log_out(services, session)
    world.config_file.write_text(f"{good}\n[profile x")

    async def scenario(user: User) -> None:
        await user.wait_for_text("is not closed", "press space u to read the file again")
        world.config_file.write_text(good)
        await user.press("f5")
        await user.wait_for_text("20/20")
        await user.press("f5")
        await user.wait_for_message('the session "corp" is signed out')
        assert type(user.app.screen) is AccountsScreen

    run_scenario(world.app(), scenario)


def test_the_sign_in_help_has_only_keys_that_are_enabled(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_text("PQRS-TVWX")
        await user.press("f1")
        await user.wait_for_text("copy the address of the sign-in page", "cancel the sign-in")
        # There is no browser, and the device code is shown already.
        assert "in a browser again" not in user.screen
        assert "with a code on any machine" not in user.screen

    run_scenario(world.app(), scenario)


def assert_whole_in_details(row: RoleRow, text: str) -> None:
    """Wait until the panel shows the whole text, in 100 columns."""

    class Panel(TuiApp[Any]):
        def compose(self) -> ComposeResult:
            yield RoleDetail()

        def on_mount(self) -> None:
            self.query_one(RoleDetail).show_row(row, None, 0, 0, guarded=False, dense=False)

    async def scenario() -> None:
        app = Panel(App({}))
        async with app.run_test(size=(100, 30)):
            panel = app.query_one(RoleDetail)
            await until(
                lambda: (
                    text in "".join(piece for line in panel.lines for piece, _ in line)
                    and panel.virtual_size.width <= panel.size.width
                )
            )

    asyncio.run(scenario())


def test_the_details_are_drawn_again_when_their_size_is_known() -> None:
    """Details without a clock are not drawn again each second: names would stay broken."""
    email = "aws+customer-workloads-europe@example.com"
    assert_whole_in_details(RoleRow("corp", Account("000030000001", NAME, email), ROLE), email)


def test_wide_characters_are_whole_in_the_details() -> None:
    name = "漢字" * 50
    assert_whole_in_details(RoleRow("corp", Account("000030000001", name, ""), ROLE), name)
