"""The Sessions screen with an emulated Identity Center."""

import pytest

from ssohelper.actions import regions
from ssohelper.core.model import Secret, SignInFacts
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.lines import LineView
from tests.tui.driving import User, run_scenario
from tests.tui.world import DemoHome
from tests.two_regions import SECOND, THERE


def test_three_clocks_count_down(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp", "signed in", "5h left  (assumed", "41m left", "1h 5m left")
        assert "7h 48m left" in user.screen
        world.clock.now += 50 * 60
        user.app.screen.read_clocks()  # type: ignore[attr-defined]
        await user.wait_for_text("4h 10m left", "ended 9m ago", "15m left", "expired")

    run_scenario(world.app(), scenario)


def test_a_sign_in_whose_end_was_observed_is_shown_as_ended(world: DemoHome) -> None:
    services = world.app()
    facts = services.tokens.load_facts("corp")
    services.tokens.save_facts("corp", facts._replace(ended_at=services.clock.now() - 60))

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp", "ended", "The sign-in has ended. Press n")
        # The last access token works for 41 minutes.
        await user.wait_for_text("41m left", "$ ssohelper login corp")
        await user.press("n")
        await user.wait_for_screen(SignInScreen)
        await user.press("B")
        await user.wait_for_screen(SessionsScreen)
        await user.wait_for_text("A sign-in runs. Press n to see or stop it.", "41m left")
        assert "The sign-in has ended" not in user.screen

    run_scenario(services, scenario, size=(80, 24))


def test_a_signed_out_session_shows_the_key_and_the_command_to_sign_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("lab", "signed out")
        await user.press("down")
        await user.wait_for_text("Press n to sign in, or type:", "$ ssohelper login lab")

    run_scenario(world.app(), scenario, size=(80, 24))


def test_sign_out_asks_then_signs_out_here_and_at_aws(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("x")
        await user.wait_for_screen(ConfirmScreen)
        assert "$ ssohelper logout corp" in user.screen
        await user.press("enter")  # the button that has the focus: no
        await user.wait_for_text("signed in")
        assert world.emulator.counters["Logout"] == 0
        await user.press("x")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message('signed out of "corp"', "$ ssohelper logout corp")
        await user.wait_for_text("You are signed out.")

    run_scenario(world.app(), scenario)
    assert world.emulator.counters["Logout"] == 1
    kept = (world.home / ".aws" / "sso" / "cache").glob("*.json")
    assert not [path for path in kept if "accessToken" in path.read_text()]


def test_a_sign_out_that_does_not_reach_aws_says_so(world: DemoHome) -> None:
    world.emulator.faults.fail("Logout", "InternalServerException", times=20)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("x")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message('signed out of "corp" on this machine only')

    run_scenario(world.app(sleep=lambda _seconds: None), scenario)


def test_an_unusable_session_is_shown_with_its_error(world: DemoHome) -> None:
    world.config_file.write_text(
        world.config_file.read_text() + "\n[sso-session bro-ken]\nsso_region = us-east-1\n"
    )

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("bro-ken")
        await user.press("G")
        await user.wait_for_text("bro-ken", '"sso_start_url"')
        await user.press("n", "x", "X")  # these keys do nothing without a usable session
        assert not user.app.screen.is_modal

    run_scenario(world.app(), scenario)


def test_a_config_that_cannot_be_read_is_shown_with_its_line(world: DemoHome) -> None:
    services = world.app()
    world.config_file.write_text("[default]\nregion eu-west-1\n")

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("config:2:", 'no "="')
        await user.press("n", "x", "X")
        assert not user.app.screen.is_modal
        world.config_file.write_text("[sso-session a]\nsso_start_url = "
                                     "https://a.awsapps.com/start\nsso_region = eu-west-1\n")  # fmt: skip
        user.app.screen.read_clocks()  # type: ignore[attr-defined]
        await user.wait_for_text("signed out")

    run_scenario(services, scenario)


def test_clicks_switch_screens_and_choose_a_session(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("Sign-ins")
        await user.pilot.click("#to-sessions")
        await user.wait_for_text("signed in")
        await user.pilot.click("#sessions", offset=(5, 1))
        await user.wait_for_text("You are signed out.")
        await user.press("n")
        await user.wait_for_screen(SignInScreen)
        await user.pilot.click("#cancel")
        await user.wait_for_text("You are signed out.")

    run_scenario(world.app(), scenario)


def test_the_region_that_answers_is_shown_beside_the_own_one(world: DemoHome) -> None:
    services = world.app()
    services.locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
    services.locations.settings_file.write_text(
        f'[sessions.corp]\nregions = ["{SECOND}={THERE}"]\n'
    )
    services.forget_settings()
    session = services.config.read().sso_session("corp")
    assert session is not None
    own = services.tokens.load(session)
    assert own is not None
    [further] = regions.list_further_portals(services, session)
    services.tokens.save(further, own._replace(value=Secret("another")))
    services.tokens.save_facts(further.sign_in_name, SignInFacts(of_token_id=own.id))
    services.answering_regions.save("corp", SECOND, services.clock.now() + 60)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in", f"{session.region}; {SECOND} answers now")

    run_scenario(services, scenario)


@pytest.mark.parametrize("size", [(40, 24), (100, 30)])
def test_each_further_region_is_shown_with_its_sign_in(world, size):
    services = world.app()
    services.locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
    portal = "https://ssoins-0000000000000000.ap-southeast-1.portal.amazonaws.com"
    services.locations.settings_file.write_text(
        f'[sessions.corp]\nregions = ["{SECOND}={THERE}", "ap-southeast-1={portal}"]\n'
    )
    services.forget_settings()
    session = services.config.read().sso_session("corp")
    assert session is not None
    own = services.tokens.load(session)
    assert own is not None
    further = regions.list_further_portals(services, session)[0]
    services.tokens.save(further, own._replace(value=Secret("another")))
    services.tokens.save_facts(further.sign_in_name, SignInFacts(of_token_id=own.id))

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text(session.region, f"further       {SECOND}: signed")
        view = user.app.screen.query_one("#details", LineView)
        text = " ".join("".join(part for part, _ in line).strip() for line in view.lines)
        assert "ap-southeast-1: not signed in: ssohelper login corp --force" in " ".join(
            text.split()
        )
        assert view.virtual_size.width <= view.size.width
        # No line breaks a clock.
        ends = ["".join(part for part, _ in line) for line in view.lines]
        assert sum(" left" in line for line in ends) == 5

    run_scenario(services, scenario, size=size)


def test_a_sign_in_without_a_section_is_shown_and_can_be_ended(world: DemoHome) -> None:
    services = world.app()
    corp = services.config.read().sso_session("corp")
    assert corp is not None
    services.tokens.save_session(corp)  # a sign-in saves the session, too
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace("[sso-session corp]", "[sso-session other]"))

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("other", "corp", "not in the config, 5h left")
        await user.press("end", "x")
        await user.wait_for_text('Sign out of "corp", here and at AWS?')
        await user.press("y")
        await user.wait_for_message('signed out of "corp"')
        assert world.emulator.counters["Logout"] == 1

    run_scenario(services, scenario)
