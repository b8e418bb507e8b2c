"""Lists that are read again while they are open: cursor and options stay with what they were for."""

import random
import re

from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.tui.driving import User, run_scenario
from tests.tui.test_profiles import open_screen
from tests.tui.world import DemoHome, until

# The sessions that a random edit adds, some of them before the others in the config's order.
_OTHER = "[sso-session {name}]\nsso_start_url = https://{name}.awsapps.com/start\nsso_region = us-east-1\n"


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
    before = screen._planner.found
    screen._planner.read_config_and_plan()
    await until(lambda: screen.is_planned and screen._planner.found is not before)


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
        await until(lambda: screen.is_planned)
        put_first(world, other_session("aaa"))
        await plan_again(screen)
        assert screen._planner.session is not None and screen._planner.session.name == "lab"

    run_scenario(world.app(), scenario)


def test_the_next_session_begins_without_options(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await user.press("ctrl+g", "ctrl+t")
        await until(lambda: screen.is_planned)
        assert "--prune" not in user.screen and "--session lab" in user.screen

    run_scenario(world.app(), scenario)
