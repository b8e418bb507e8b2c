"""The Sessions screen, over a real Identity Center."""

from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.driving import Person, drive
from tests.tui.world import Afternoon


def test_three_clocks_count_down(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("corp", "signed in", "5h left  (assumed", "41m left", "1h 5m left")
        assert "7h 48m left" in person.screen
        world.clock.now += 50 * 60
        await person.press("r")
        await person.sees("4h 10m left", "ended 9m ago", "15m left", "expired")

    drive(world.app(), scenario)


def test_a_sign_in_that_was_seen_to_end_is_no_longer_called_signed_in(world: Afternoon) -> None:
    house = world.app()
    facts = house.tokens.load_facts("corp")
    house.tokens.save_facts("corp", facts._replace(ended_at=house.now() - 60))

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("corp", "ended", "sign in again", "The sign-in has ended. Press s")
        await person.sees("41m left", "$ ssohelper login corp")  # the last access token

    drive(house, scenario, size=(80, 24))


def test_a_signed_out_session_says_what_to_press_and_what_to_type(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("lab", "signed out  press s to sign in")
        await person.press("down")
        await person.sees("Press s to sign in, or type:", "$ ssohelper login lab")

    drive(world.app(), scenario, size=(80, 24))


def test_signing_out_asks_then_revokes_here_and_at_aws(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("o")
        await person.meets(ConfirmScreen)
        assert "$ ssohelper logout corp" in person.screen
        await person.press("enter")  # the button that has the focus: no
        await person.sees("signed in")
        assert world.emulator.counters["Logout"] == 0
        await person.press("o")
        await person.meets(ConfirmScreen)
        await person.press("y")
        await person.hears('signed out of "corp"', "$ ssohelper logout corp")
        await person.sees("You are signed out.")

    drive(world.app(), scenario)
    assert world.emulator.counters["Logout"] == 1
    kept = (world.home / ".aws" / "sso" / "cache").glob("*.json")
    assert not [path for path in kept if "accessToken" in path.read_text()]


def test_a_sign_out_that_aws_does_not_hear_of_says_so(world: Afternoon) -> None:
    world.emulator.faults.fail("Logout", "InternalServerException", times=20)

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("o")
        await person.meets(ConfirmScreen)
        await person.press("y")
        await person.hears('signed out of "corp" on this machine only')

    drive(world.app(sleep=lambda _seconds: None), scenario)


def test_forgetting_removes_keys_and_list_and_leaves_the_sign_in(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("DatabaseAdmin")
        await person.press("f")
        await person.meets(ConfirmScreen)
        await person.press("y")
        await person.hears("files removed", "$ ssohelper cache clear --session corp --yes")
        await person.sees("none are kept", "signed in")

    drive(world.app(), scenario)


def test_a_session_that_cannot_be_used_is_shown_with_its_line(world: Afternoon) -> None:
    world.config_file.write_text(
        world.config_file.read_text() + "\n[sso-session bro-ken]\nsso_region = us-east-1\n"
    )

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("bro-ken")
        await person.press("G")
        await person.sees("bro-ken", '"sso_start_url"')
        await person.press("s", "o", "f")  # nothing to do it to
        assert not person.app.screen.is_modal

    drive(world.app(), scenario)


def test_a_config_that_cannot_be_read_is_shown_with_its_line(world: Afternoon) -> None:
    house = world.app()
    world.config_file.write_text("[default]\nregion eu-west-1\n")

    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("config:2:", 'no "="')
        await person.press("s", "o", "f")
        assert not person.app.screen.is_modal
        world.config_file.write_text("[sso-session a]\nsso_start_url = "
                                     "https://a.awsapps.com/start\nsso_region = eu-west-1\n")  # fmt: skip
        await person.press("r")
        await person.sees("signed out")

    drive(house, scenario)


def test_a_click_goes_to_another_screen_and_chooses_a_session(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.sees("F3 Sessions")
        await person.pilot.click("#to-sessions")
        await person.sees("signed in")
        await person.pilot.click("#sessions", offset=(5, 1))
        await person.sees("You are signed out.")
        await person.press("s")
        await person.meets(SignInScreen)
        await person.pilot.click("#cancel")
        await person.sees("You are signed out.")

    drive(world.app(), scenario)
