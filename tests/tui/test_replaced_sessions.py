"""A session or profile that another program replaces between the user's look and the action.

The name stays and means another portal, another session or another role: nothing that the user did
not see is changed.
"""

import pytest

from ssohelper.app import App
from ssohelper.collaborators.stores import Stores
from ssohelper.tui import file_watch
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.test_lists_read_again import read_again, remove_section
from tests.tui.world import DemoHome, until

_ELSEWHERE = "https://d-2222222222.awsapps.com/start"
_CHANGED = 'the session "corp" was removed, renamed or changed'


@pytest.fixture(autouse=True)
def without_file_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screens keep what they read: the change comes right before the user's key."""
    monkeypatch.setattr(Stores, "read_change_marks", lambda _app: (0, 0))


def repoint(world: DemoHome) -> None:
    """Give the name "corp" to another portal."""
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace(world.emulator.world.start_url, _ELSEWHERE))


def rename(world: DemoHome) -> None:
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace("sso-session corp]", "sso-session zcorp]"))


def remove(world: DemoHome) -> None:
    remove_section(world, "sso-session corp")


EDITS = pytest.mark.parametrize("edit", long_after(1, [repoint, rename, remove]))


@pytest.fixture(autouse=True)
def _no_read_in_between(world: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_watch.FileWatch, "check", lambda _watch: None)
    remove_section(
        world, "profile audit"
    )  # the user's own: "corp" cannot be removed while it uses it


def recorded(world: DemoHome) -> App:
    """Return services in which the sign-in to corp is recorded, as by `ssohelper login`."""
    services = world.app()
    corp = services.config.read().sso_session("corp")
    assert corp is not None
    services.tokens.save_session(corp)
    return services


async def show_sessions(user: User) -> SessionsScreen:
    await user.press("f3")
    await user.wait_for_text("signed in")
    screen = user.app.screen
    assert isinstance(screen, SessionsScreen)
    return screen


async def done(user: User, message: str) -> None:
    await user.wait_for_message(message)
    assert isinstance(user.app.screen, SessionsScreen)


def check_nothing_happened(world: DemoHome, services: App, config: bytes) -> None:
    assert world.config_file.read_bytes() == config
    assert world.emulator.counters["Logout"] == 0
    assert services.directory.load("corp") is not None
    assert services.credentials.list_session_names() == ["corp"]


@pytest.mark.parametrize("is_recorded", long_after(1, [True, False]))
@EDITS
def test_a_session_that_is_replaced_before_the_key_is_not_changed(world, edit, is_recorded):
    services = recorded(world) if is_recorded else world.app()

    async def scenario(user: User) -> None:
        await show_sessions(user)
        edit(world)
        await user.press("X")
        if is_recorded and edit is not repoint:  # what is kept for the name may still be removed
            await user.wait_for_text('the session "corp" is not in the config')
            await user.press("escape")
        else:
            await done(user, _CHANGED)

    run_scenario(services, scenario)
    edited = world.config_file.read_bytes()
    assert b"corp" in edited
    check_nothing_happened(world, services, edited)


@EDITS
@pytest.mark.parametrize("key", ["x"])
def test_what_is_kept_for_a_name_is_not_removed_for_another_session(world, key, edit):
    services = world.app()

    async def scenario(user: User) -> None:
        screen = await show_sessions(user)
        text = world.config_file.read_bytes()
        edit(world)
        await user.press(key)
        await done(user, _CHANGED)
        world.config_file.write_bytes(text)
        await read_again(screen)
        await user.press("g", key)
        await user.wait_for_screen(ConfirmScreen)
        edit(world)
        user.app.messages.all.clear()
        await user.press("y")
        await done(user, _CHANGED)

    run_scenario(services, scenario)
    check_nothing_happened(world, services, world.config_file.read_bytes())


@EDITS
def test_a_session_that_is_replaced_during_the_question_is_not_changed(world, edit):
    services = recorded(world)

    async def scenario(user: User) -> None:
        await show_sessions(user)
        await user.press("X")
        await user.wait_for_screen(ConfirmScreen)
        edit(world)
        await user.press("y")
        await done(user, "has changed since the diff was shown")

    run_scenario(services, scenario)
    check_nothing_happened(world, services, world.config_file.read_bytes())


@pytest.mark.parametrize("edit", long_after(1, [repoint, rename]))
def test_of_a_line_that_is_not_in_the_config_only_the_sign_in_is_removed(world, edit):
    services = recorded(world)
    edit(world)
    edited = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        screen = await show_sessions(user)
        await user.wait_for_text("not in the config, 5h left")
        await user.press("G", "X")
        await user.wait_for_text('Sign out of "corp", here and at AWS?', "$ ssohelper logout corp")
        await user.press("y")
        await done(user, 'signed out of "corp"')
        await until(lambda: not screen._is_reading and "not in the config" not in user.screen)
        assert "no longer in the list" not in user.messages

    run_scenario(services, scenario)
    assert world.config_file.read_bytes() == edited
    assert world.emulator.counters["Logout"] == 1


@pytest.mark.parametrize("key", long_after(1, ["X", "x"]))
def test_a_session_whose_name_has_a_sign_in_elsewhere_waits_for_its_end(world, key):
    services = recorded(world)
    repoint(world)
    edited = world.config_file.read_bytes()

    async def scenario(user: User) -> None:
        screen = await show_sessions(user)
        assert screen.session is not None
        assert screen.session.start_url == _ELSEWHERE
        await user.press(key)
        await done(user, 'the session "corp" is signed in at ')

    run_scenario(services, scenario)
    check_nothing_happened(world, services, edited)


def point_at_other_role(world: DemoHome) -> None:
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace("000040000002", "000010000002"))


@pytest.mark.parametrize("edit", long_after(1, [point_at_other_role, repoint]))
@pytest.mark.parametrize("is_ticked", long_after(1, [False, True]))
def test_a_profile_of_another_role_than_its_row_shows_is_not_removed(world, edit, is_ticked):
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type("orders-dev.developer")
        await until(lambda: screen.pane.find_row() is not None)
        if is_ticked:
            await user.press("tab")
        edit(world)
        await user.press("right", "X")
        await user.wait_for_message("has changed since this list was read")
        assert user.app.screen is screen

    run_scenario(world.app(), scenario)
    assert "[profile orders-dev.Developer]" in world.config_file.read_text()


@pytest.mark.parametrize(
    ("edit", "message"),
    [(point_at_other_role, "has changed since this list was read"), (repoint, _CHANGED)],
)
def test_accounts_removes_no_profile_of_another_role_or_session(world, edit, message):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.type("orders-dev developer")
        await user.wait_for_text("corp · orders-dev.Developer")
        edit(world)
        await user.press("f9")
        await user.wait_for_message(message)
        assert isinstance(user.app.screen, AccountsScreen)

    run_scenario(world.app(), scenario)
    assert "[profile orders-dev.Developer]" in world.config_file.read_text()


def test_a_profile_name_with_a_star_removes_no_other_profile(world: DemoHome) -> None:
    text = world.config_file.read_text()
    world.config_file.write_text(text.replace("[profile orders-dev.", "[profile order*."))

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.type("order*.developer")
        await until(lambda: screen.pane.find_row() is not None)
        world.config_file.write_text(text)
        await user.press("right", "X")
        await user.wait_for_message("has changed since this list was read")
        assert user.app.screen is screen

    run_scenario(world.app(), scenario)
