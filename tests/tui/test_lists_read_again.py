"""Lists that are read again while they are open: cursor and options stay with what they were for."""

import re

from ssohelper.tui.commands import list_commands
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.widgets.lines import Chooser
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import open_screen
from tests.tui.world import DemoHome, until

# Each of these seeds makes so many random edits of the config.
_SEEDS, _EDITS = range(10), 20
_OTHER = """\
[sso-session {name}]
sso_start_url = https://{name}.awsapps.com/start
sso_region = us-east-1
"""


def other_session(name: str) -> str:
    return _OTHER.format(name=name)


async def open_sessions(user: User, cursor_on: str = "") -> SessionsScreen:
    await user.press("f3")
    await user.wait_for_text("signed in")
    screen = user.app.screen
    assert isinstance(screen, SessionsScreen)
    if cursor_on:
        await user.press(*(["down"] if cursor_on == "lab" else []))
        assert name_of_session(screen) == cursor_on
    return screen


def name_of_session(screen: SessionsScreen) -> str:
    return screen.session.name if screen.session is not None else ""


async def read_again(screen: SessionsScreen) -> None:
    before = screen._snapshot
    screen.read_clocks()
    await until(lambda: screen._snapshot is not before and not screen._is_reading)


async def plan_again(screen: ProfilesScreen) -> None:
    before = screen._found
    screen.read_again()
    await until(lambda: screen.is_planned and screen._found is not before)


def put_first(world: DemoHome, section: str) -> None:
    world.config_file.write_text(section + "\n" + world.config_file.read_text())


def test_the_cursor_of_sessions_stays_on_its_session(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_sessions(user, "corp")
        put_first(world, other_session("aaa"))
        await read_again(screen)
        assert name_of_session(screen) == "corp"

    run_scenario(world.app(), scenario)


def test_the_sync_stays_with_its_session(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.press("ctrl+t")
        await user.wait_for_text("lab: ")
        put_first(world, other_session("aaa"))
        await plan_again(screen)
        assert screen._session_name == "lab"

    run_scenario(world.app(), scenario)


def remove_section(world: DemoHome, name: str) -> None:
    text = world.config_file.read_text()
    world.config_file.write_text(re.sub(rf"\[{re.escape(name)}\]\n([^\[]+)?", "", text))


def test_a_session_keeps_the_cursor_while_it_cannot_be_used(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_sessions(user, "corp")
        text = world.config_file.read_text()
        url = world.emulator.world.start_url
        world.config_file.write_text(text.replace(f"sso_start_url = {url}\n", "", 1))
        await read_again(screen)
        assert screen.session is None
        assert screen.query_one("#sessions", Chooser).cursor_key == "corp"
        world.config_file.write_text("[[nonsense\n")
        screen.read_clocks()
        await until(lambda: screen._snapshot is None)
        # Draw a line after the list was emptied.
        screen.query_one("#sessions", Chooser).render_line(0)
        world.config_file.write_text(f"{other_session('aaa')}\n{text}")
        screen.read_clocks()
        await until(lambda: screen._snapshot is not None)
        assert name_of_session(screen) == "corp"

    run_scenario(world.app(), scenario)


def test_the_palette_acts_on_the_session_that_its_lines_name(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_sessions(user, "lab")
        commands = {command.name: command for command in list_commands(user.app, screen)}
        put_first(world, other_session("aaa"))
        await read_again(screen)
        await commands["logout lab"].run()
        await user.wait_for_text('Sign out of "lab"')
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)
        remove_section(world, "sso-session lab")
        await read_again(screen)
        await commands["logout lab"].run()
        await user.wait_for_message("no session is selected")
        assert user.app.screen is screen

    run_scenario(world.app(), scenario)


def test_a_sync_of_a_session_that_is_gone_by_then_writes_nothing(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_screen(user)
        remove_section(world, "sso-session corp")
        await user.press("space", "A")
        await user.wait_for_message('the session "corp" was removed, renamed or changed')

    run_scenario(world.app(), scenario)
    assert "[profile sandbox" not in world.config_file.read_text()


def test_an_account_that_is_gone_is_named(world: DemoHome) -> None:
    services = world.app()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        screen = user.app.screen
        assert isinstance(screen, AccountsScreen)
        await user.press("left")
        heading = screen.roles.heading
        assert heading is not None
        rows = [row for row in screen.roles.rows if row.key != heading.row.key]
        screen.show_rows_read_again(rows)  # another of its roles is the first one now
        assert screen.roles.heading is not None
        assert screen.roles.heading.row.account == heading.row.account
        assert not user.messages
        rows = [row for row in screen.roles.rows if row.account.id != heading.row.account.id]
        screen.show_rows_read_again(rows)
        name = heading.row.account.name or heading.row.account.id
        await user.wait_for_message(f'"{name}" is no longer in the list')

    run_scenario(services, scenario)


# -- random edits between the choice and the action ------------------------------------------------
