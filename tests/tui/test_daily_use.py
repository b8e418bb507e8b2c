"""What one meets every day: signs, empty results, help that fits, ways back, names that are long."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.app import App as TextualApp
from textual.app import ComposeResult
from textual.widgets import Input

from ssohelper.actions import login
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.role_detail import RoleDetail
from tests.people import sign_in_here
from tests.tui.driving import Person, drive
from tests.tui.test_keys_and_looks import settle
from tests.tui.test_set_up import quick, typed
from tests.tui.world import Afternoon, until

URL = "https://d-0000000000.awsapps.com/start"
SESSION = "customer-with-a-session-name-of-the-greatest-length-that-may-be"
NAME = "Customer Workloads Europe Central Payments Replica"
ROLE = "PlatformEngineeringEmergencyAcce"


def one_role(folder: Path) -> App:
    """Return a home whose only role has names as long as AWS lets them be."""
    config = folder / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(f"[sso-session {SESSION}]\nsso_start_url = {URL}\nsso_region = us-east-1\n")
    house = App({"HOME": str(folder), "SSOHELPER_HOME": str(folder)})
    account = Account("000030000001", NAME, "aws+customer-workloads-europe@example.com")
    listed = (ListedAccount(account, (ROLE,)),)
    house.directory.save(SESSION, Listing(URL, "us-east-1", house.now(), listed))
    return house


def test_a_guarded_role_has_one_sign_everywhere_and_at_once(world: Afternoon) -> None:
    settle(world, 'guard.rules = ["payments-prod/*"]\n')

    async def scenario(person: Person) -> None:
        await person.sees("  @@ payments-prod ", "41m left")
        assert "@@ payments-dev" not in person.screen
        await person.press("down")
        await person.sees("❯  @@ payments-prod ", "@@ guarded")
        await person.pilot.resize_terminal(140, 40)
        await person.sees("@@ guard.rules names this role")

    drive(world.app(), scenario)


def test_a_search_without_hits_says_so_and_what_clears_it(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("1 session not listed yet: F3")
        await person.press(*"zzz")
        await person.sees("nothing matches · esc clears the search")
        assert "a filter is on" not in person.screen
        await person.press("ctrl+b")
        await person.sees("nothing matches · esc clears the search · a filter is on")
        await person.press("escape")
        await until(lambda: "nothing matches" not in person.screen)

    drive(world.app(), scenario, size=(80, 24))


def test_escape_goes_back_to_the_accounts_and_q_leaves(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        for key, screen in (("f3", SessionsScreen), ("f4", ProfilesScreen)):
            await person.press(key)
            await person.meets(screen)
            await person.press("escape")
            await person.meets(AccountsScreen)
        await person.press("q")
        assert isinstance(person.app.screen, AccountsScreen)
        await person.press("f3", "q")
        await until(lambda: person.app._exit)

    drive(world.app(), scenario)


def test_ctrl_c_leaves_as_from_the_picker(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("role keys")
        await person.press("ctrl+c")
        await until(lambda: person.app._exit)

    program = drive(world.app(), scenario)
    assert (program.return_value, program.return_code) == (None, 0)


@pytest.mark.parametrize("width", [44, 80])
def test_help_is_whole_at_every_width(world: Afternoon, width: int) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("F2 Accounts")
        await person.press("f1")
        await person.meets(HelpScreen)
        shown = " ".join(person.screen.replace("│", " ").split())
        for words in (
            "every word must be found in the account's name, id or address",
            "ctrl+u all of it",
            "start a shell with the role's credentials",
            "ssohelper config set keys.ACTION KEY",
        ):
            assert words in shown
        assert ("accounts.only_favourites" in shown) == (width >= 80)
        # Letters search there.
        assert "j k g G" not in shown

    drive(world.app(), scenario, size=(width, 70))


def test_the_setup_form_has_a_help_of_its_own_and_speaks_of_its_fields(tmp_path: Path) -> None:
    async def scenario(person: Person) -> None:
        await until(lambda: isinstance(person.app.focused, Input))
        await person.press("f1")
        await person.sees("tab goes to the next field")
        await person.press("escape")
        await person.meets(AccountsScreen)
        typed(person, "start_url", f"{URL}x")
        await person.press("enter")
        await person.sees("is not known", 'the second field, "region"')
        assert person.app.focused is person.app.screen.query_one("#region")
        typed(person, "region", "eu-west-1")
        typed(person, "name", "a b")
        await person.press("enter")
        await person.sees("is not a valid name for a session", 'the third field, "name of the')
        assert person.app.focused is person.app.screen.query_one("#name")
        assert "--" not in person.screen

    drive(App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}), scenario)


def test_profiles_have_the_room_where_nothing_would_change(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f4")
        await person.sees("17 profiles to add", "@@ -")
        await person.sees("payments-dev.ReadOnlyAccess   000040000001")
        few = person.app.screen.query_one("#written").size.height
        await person.press("tab", "a")
        await person.sees("write ~/.aws/config?")
        await person.press("y")
        await person.hears("17 profiles added")
        person.app.clear_notifications()  # stands over the next words for 5 s
        await person.sees("nothing to change")
        await until(lambda: person.app.screen.query_one("#written").size.height > 2 * few)
        assert person.app.focused is person.app.screen.query_one("#written")
        await person.press("u")
        await person.sees("the last write is taken back")
        await person.press("y")
        await person.sees("17 profiles to add", "@@ -")

    drive(world.app(), scenario, size=(80, 24))


def test_long_names_are_whole_beside_the_list_and_the_role_is_seen_under_it(
    tmp_path: Path,
) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("duration", "sign-in", "e-mail")
        panel = person.app.screen.query_one(RoleDetail)
        assert panel.virtual_size.width <= panel.size.width
        shown = "".join(text for line in panel.lines for text, _ in line).replace(" ", "")
        for text in (NAME, ROLE, SESSION, "aws+customer-workloads-europe@example.com"):
            assert text.replace(" ", "") in shown
        await person.pilot.resize_terminal(80, 24)
        await person.sees(f"… {ROLE}")

    drive(one_role(tmp_path), scenario, size=(140, 40))


def test_the_top_line_names_the_keys_of_the_settings(world: Afternoon) -> None:
    settle(world, 'keys.app.sessions = "f10"\nkeys.app.commands = "ctrl+e"\n')

    async def scenario(person: Person) -> None:
        await person.sees("F10 Sessions", "^e Commands")
        await person.pilot.click("#to-sessions")
        await person.meets(SessionsScreen)
        await person.pilot.click("#to-commands")
        await person.sees("Search for commands")

    drive(world.app(), scenario)


def test_a_sign_in_on_another_screen_brings_the_list(world: Afternoon) -> None:
    house = world.app(sleep=quick)
    world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
    session = house.config.read().sso_session("corp")
    assert session is not None
    house.directory.forget("corp")
    login.log_out(house, session)

    async def scenario(person: Person) -> None:
        await person.sees("No roles are listed yet")
        await person.press("f3")
        await person.sees("You are signed out.")
        await person.press("s")
        await person.sees("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await person.sees("access token")
        await person.press("f2")
        await person.sees("20/20", "payments-prod")
        # One for the list, one by which the sign-in finds a role to ask who has signed in.
        assert world.emulator.counters["ListAccounts"] == 2

    drive(house, scenario)


def test_a_list_of_before_the_sign_in_is_made_anew(world: Afternoon) -> None:
    """It may be another person's, however young it is."""
    house = world.app(sleep=quick)
    session = house.config.read().sso_session("corp")
    assert session is not None
    sign_in_here(house, session, world.emulator, "ben")
    world.emulator.reset_counters()

    async def scenario(person: Person) -> None:
        await person.sees("BreakGlassAdmin")
        await until(lambda: world.emulator.counters["ListAccounts"])
        await until(lambda: "BreakGlassAdmin" not in person.screen)
        assert world.emulator.counters["ListAccounts"] == 1

    drive(house, scenario)


def test_f5_offers_the_sign_in_that_it_needs_and_reads_a_corrected_config(
    world: Afternoon,
) -> None:
    house = world.app()
    good = world.config_file.read_text().split("[sso-session lab]")[0]
    world.config_file.write_text(good)
    session = house.config.read().sso_session("corp")
    assert session is not None
    login.log_out(house, session)
    world.config_file.write_text(f"{good}\n[profile x")

    async def scenario(person: Person) -> None:
        await person.sees("is not closed", "F5 reads it again")
        world.config_file.write_text(good)
        await person.press("f5")
        await person.sees("20/20")
        await person.press("f5")
        await person.meets(SignInScreen)

    drive(world.app(), scenario)


def test_a_sign_in_names_only_the_keys_that_do_something(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed out")
        await person.press("down", "s")
        await person.sees("PQRS-TVWX")
        await person.press("f1")
        await person.sees("sign_in.copy", "sign_in.cancel")
        # No browser here, and it is the device code already.
        assert "sign_in.browser" not in person.screen
        assert "sign_in.device_code" not in person.screen

    drive(world.app(), scenario)


def is_whole_in_the_details(row: RoleRow, text: str) -> None:
    """Wait until the text is whole in the panel beside the list, in 100 columns."""

    class Panel(TextualApp[Any]):
        def compose(self) -> ComposeResult:
            yield RoleDetail()

        def on_mount(self) -> None:
            self.query_one(RoleDetail).show_row(row, None, 0, 0, guarded=False, dense=False)

    async def scenario() -> None:
        app = Panel()
        async with app.run_test(size=(100, 30)):
            panel = app.query_one(RoleDetail)
            await until(
                lambda: (
                    text in "".join(piece for line in panel.lines for piece, _ in line)
                    and panel.virtual_size.width <= panel.size.width
                )
            )

    asyncio.run(scenario())


def test_details_are_drawn_anew_when_they_get_their_room() -> None:
    """Not at the next tick of the clocks, which this panel has not: names would be broken."""
    email = "aws+customer-workloads-europe@example.com"
    is_whole_in_the_details(RoleRow("corp", Account("000030000001", NAME, email), ROLE), email)


def test_wide_characters_are_whole_in_the_details_too() -> None:
    name = "漢字" * 50
    is_whole_in_the_details(RoleRow("corp", Account("000030000001", name, ""), ROLE), name)
