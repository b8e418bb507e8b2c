"""No session yet: setup's questions, sign-in, listing, diff and one write, on the screen."""

import threading

import pytest
from textual.widgets import Input

from ssohelper.actions import setup
from ssohelper.app import App
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import Person, drive
from tests.tui.world import Afternoon, until

PORTAL = "https://d-0000000000.awsapps.com/start"


def quick(_seconds: float) -> None:
    threading.Event().wait(0.01)


def typed(person: Person, field: str, text: str) -> None:
    person.app.screen.query_one(f"#{field}", Input).value = text


def forget_all(world: Afternoon, config: str = "") -> None:
    world.config_file.write_text(config)
    world.emulator.reset_counters()


def test_from_nothing_to_profiles(world: Afternoon) -> None:
    forget_all(world, "[default]\nregion = eu-west-1\n")

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("No session is set up yet.", "start URL", "$ ssohelper setup START_URL")
        typed(person, "start_url", PORTAL)
        await person.press("enter")
        await person.sees("the region of", "is not known")
        typed(person, "region", "us-east-1")
        typed(person, "name", "work")
        await person.press("enter")
        await person.meets(SignInScreen)
        await person.sees("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await person.meets(ConfirmScreen)
        await person.sees("20 profiles to add — write ~/.aws/config?", "+[sso-session work]")
        await person.press("y")
        await person.hears("20 profiles added")
        await person.hears(f"$ ssohelper setup {PORTAL} --session work --region us-east-1")
        await person.meets(SessionsScreen)
        await person.sees("work", "signed in", "8h left")

    drive(world.app(sleep=quick), scenario, size=(80, 24))
    text = world.config_file.read_text()
    assert text.startswith("[default]\nregion = eu-west-1\n")
    assert text.count("ssohelper_managed = true") == 20
    # One for the list, one by which the sign-in finds a role to ask who has signed in.
    assert world.emulator.counters["ListAccounts"] == 2


def test_giving_up_the_sign_in_writes_nothing(world: Afternoon) -> None:
    forget_all(world)

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("No session is set up yet.")
        typed(person, "start_url", PORTAL)
        typed(person, "region", "us-east-1")
        await person.press("enter")
        await person.meets(SignInScreen)
        await person.press("escape")
        await person.sees("nobody signed in: nothing was written")

    drive(world.app(sleep=quick), scenario)
    assert world.config_file.read_text() == ""


def test_what_is_no_start_url_is_said_where_it_was_typed(world: Afternoon) -> None:
    forget_all(world)

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("No session is set up yet.")
        for wrong in ("http://d-0000000000.awsapps.com/start", "https://evil.example/[red]x"):
            typed(person, "start_url", wrong)
            await person.press("enter")
            await person.sees(wrong, "a start URL looks like")
        assert not person.app.screen.is_modal

    drive(world.app(), scenario)


def test_a_portal_that_is_known_here_is_proposed(world: Afternoon) -> None:
    forget_all(world, f"[profile old]\nsso_start_url = {PORTAL}\nsso_region = us-east-1\n"
                      "sso_account_id = 000010000001\nsso_role_name = Reader\n")  # fmt: skip

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees(PORTAL, "us-east-1")

    drive(world.app(), scenario)


def test_a_dialog_that_is_left_before_a_portal_is_found_is_no_crash(
    world: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, looked = threading.Event(), threading.Event()

    def find_portals(_house: App) -> list[tuple[str, str, str | None]]:
        left.wait(30)
        looked.set()
        return []

    monkeypatch.setattr(setup, "find_portals", find_portals)

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("n")
        await person.meets(SetUpScreen)
        await person.press("escape")
        await person.meets(SessionsScreen)
        left.set()
        await until(looked.is_set)
        await person.press("f2")
        await person.sees("role keys")

    drive(world.app(), scenario)


def test_another_session_is_set_up_from_a_dialog(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("n")
        await person.meets(SetUpScreen)
        await person.sees("Set up another session")
        typed(person, "start_url", PORTAL)
        typed(person, "name", "lab")
        await person.press("enter")
        await person.sees('session "lab" already has another start URL')
        await person.press("escape")
        await person.meets(SessionsScreen)

    drive(world.app(), scenario)
