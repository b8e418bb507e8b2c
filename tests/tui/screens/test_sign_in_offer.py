"""Actions that need a sign-in: they are carried out after it. A failed sign-in has Retry."""

import pytest
from textual.widgets import Button

from ssohelper.actions import directory, login
from ssohelper.app import App
from ssohelper.errors import LoginRequired
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.screens.test_set_up import quick
from tests.tui.screens.test_sign_in import waiting
from tests.tui.world import NOW, DemoHome, until


def sign_out(world: DemoHome) -> App:
    """Return the App of a home with one session, whose user has signed out."""
    world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
    services = world.app(sleep=quick)
    session = services.config.read().sso_session("corp")
    assert session is not None
    login.log_out(services, session)
    return services


async def sign_in_now(user: User, world: DemoHome) -> None:
    await user.wait_for_screen(SignInScreen)
    await user.wait_for_text("PQRS-TVWX")
    world.emulator.approve_device("PQRS-TVWX", "ana")
    await user.close_sign_in()


@pytest.mark.parametrize(
    ("key", "done"),
    long_after(
        1,
        [
            ("f8", "ana: arn:aws:sts::000040000001:assumed-role/"),
            ("f7", "no shell could be started here"),
        ],
    ),
)
def test_an_action_is_carried_out_after_the_sign_in(world: DemoHome, key: str, done: str) -> None:
    services = sign_out(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press(*"payments-dev developer")
        await user.press(key)
        await sign_in_now(user, world)
        await user.wait_for_message('signed in to "corp"', done)
        await user.wait_for_screen(AccountsScreen)

    run_scenario(services, scenario)


@pytest.mark.long
def test_a_profile_is_added_after_the_sign_in(world: DemoHome) -> None:
    services = sign_out(world)
    world.clock.now = NOW + 25 * 3600  # the list is too old to write from

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press(*"payments-dev developer")
        await user.press("f9")
        await sign_in_now(user, world)
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text("+[profile payments-dev.Developer]")

    run_scenario(services, scenario)


def test_without_the_sign_in_the_action_is_not_carried_out(world: DemoHome) -> None:
    services = sign_out(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press("f8")
        await user.wait_for_screen(SignInScreen)
        await user.press("escape")
        await user.wait_for_message('the sign-in to "corp" was stopped: nothing was done')
        await user.wait_for_screen(AccountsScreen)

    run_scenario(services, scenario)
    assert world.emulator.counters["GetCallerIdentity"] == 0


def test_profiles_are_listed_after_the_sign_in(world: DemoHome) -> None:
    services = sign_out(world)
    world.clock.now = NOW + 25 * 3600

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("space", "A")
        await sign_in_now(user, world)
        await user.wait_for_screen(ConfirmScreen)
        await user.wait_for_text("20 profiles to add")

    run_scenario(services, scenario)


@pytest.mark.long
def test_a_failed_sign_in_has_retry_and_enter_goes_on(world: DemoHome) -> None:
    services = sign_out(world)
    world.emulator.faults.fail("StartDeviceAuthorization", "AccessDeniedException", times=1)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press("f8")
        await user.wait_for_text("refused", "Retry (N)")
        assert focused_button(user) == "retry"
        assert not user.app.screen.query_one("#why").display
        await user.press("enter")
        await sign_in_now(user, world)
        await user.wait_for_message("ana: arn:aws:sts::")

    run_scenario(services, scenario)


def test_enter_in_the_dialog_does_not_cancel(world: DemoHome) -> None:
    services = sign_out(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("signed out")
        await user.press("f8")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("PQRS-TVWX")
        assert "Retry" not in user.screen
        assert focused_button(user) == "copy"
        await user.press("N", "enter")
        await user.wait_for_message("copied the address")
        assert isinstance(user.app.screen, SignInScreen)

    run_scenario(services, scenario)


def focused_button(user: User) -> str:
    assert isinstance(user.app.focused, Button)
    return user.app.focused.id or ""


@pytest.mark.parametrize("is_ended", long_after(1, [False, True]))
def test_enter_on_a_role_of_a_signed_out_session_signs_in_and_then_uses_it(world, is_ended):
    if is_ended:  # overnight: the refresh of the list finds that AWS renews the token no more
        services = world.app(sleep=quick)
        world.emulator.end_sign_ins()
        world.clock.now = NOW + 3600
    else:
        services = sign_out(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("sign-in needed" if is_ended else "signed out")
        await user.press(*"payments-dev developer", "enter")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text('the session "corp" ' + ("expired" if is_ended else "is signed"))
        await user.press("escape")
        await user.wait_for_message('the sign-in to "corp" was stopped: nothing was done')
        await user.wait_for_screen(AccountsScreen)
        assert user.app.chosen is None
        world.emulator.faults.set(user_code="ABCD-EFGH")
        await user.press("enter")
        await user.wait_for_text("ABCD-EFGH")
        world.emulator.approve_device("ABCD-EFGH", "ana")
        await user.close_sign_in()
        await until(lambda: user.app.chosen is not None)

    app = run_scenario(services, scenario)
    assert app.return_value == "ssohelper use corp:000040000001/Developer"


@pytest.mark.long
def test_enter_offers_the_sign_in_that_another_program_has_found_necessary(world):
    """The token's file says that it has an hour left. Only Sessions says that AWS refused it."""
    services = world.app(sleep=waiting)
    session = services.config.read().sso_session("corp")
    assert session is not None
    world.emulator.end_sign_ins()
    with pytest.raises(LoginRequired):
        directory.fetch_listing(world.app(sleep=quick), session, refresh=True)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("Press n to sign in")
        await user.press("f2", *"payments-dev developer", "enter")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text('the session "corp" expired')
        assert user.app.chosen is None

    run_scenario(services, scenario)


def test_enter_on_a_role_of_a_signed_in_session_asks_aws_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        world.emulator.stop()
        await user.press(*"payments-dev developer", "enter")
        await until(lambda: user.app.chosen is not None)
        assert "SignInScreen" not in str(user.app.screen_stack)

    run_scenario(world.app(), scenario)
