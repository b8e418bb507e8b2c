"""What the top bar tells of this shell and of sign-ins, and what another process changes."""

import os
from collections.abc import Callable

import pytest

from ssohelper.core.model import RoleKey
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.role_list import RoleList
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import NOW, DemoHome, until

# The sign-in of the demo's home began 3 hours ago.
_HOURS = "sessions.corp.session_hours = 3.5\n"


def set_settings(world: DemoHome, text: str) -> None:
    file = world.app().locations.settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def is_urgent(user: User) -> bool:
    return user.app.screen.query_one("#sign-in").has_class("urgent")


@pytest.mark.parametrize(("width", "height"), long_after(1, [(40, 12), (80, 24), (120, 40)]))
def test_a_sign_in_that_ends_soon_is_told_once_and_its_end_too(
    world: DemoHome, width: int, height: int
) -> None:
    set_settings(world, _HOURS)

    async def scenario(user: User) -> None:
        await user.wait_for_text("corp ▲ 30m")
        assert not is_urgent(user)
        assert user.messages == ""
        world.clock.now = NOW + 16 * 60
        for key in ("f3", "f4", "f2"):
            await user.press(key)
            await user.wait_for_text("corp ▲ 14m: space n")
            assert is_urgent(user)
        await user.wait_for_message("14m left")
        world.clock.now = NOW + 31 * 60
        await user.wait_for_text("corp ▲ ended: space n")
        await user.wait_for_message("probably ended")
        assert user.messages.splitlines() == [
            'the sign-in to "corp" has 14m left · $ ssohelper login corp',
            'the sign-in to "corp" has probably ended · $ ssohelper login corp',
        ]
        user.app.action_sign_in_soonest()
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text('Sign in to "corp"')
        await user.press("escape")

    run_scenario(world.app(), scenario, (width, height))


def test_an_assumed_end_is_neither_urgent_nor_told(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("corp ▲ 5h?")
        world.clock.now = NOW + 5 * 3600 - 60
        await user.wait_for_text("corp ▲ 1m?")
        world.clock.now = NOW + 5 * 3600 + 60
        await user.wait_for_text("corp ▲ ? ")
        assert not is_urgent(user)
        assert "sign-in" not in user.messages

    run_scenario(world.app(), scenario, (120, 30))


def test_of_several_sign_ins_the_top_bar_names_the_one_that_ends_first(world: DemoHome) -> None:
    services = world.app()
    lab = services.config.read().sso_session("lab")
    assert lab is not None
    world.clock.now = NOW - 60
    world._sign_in(services, lab)
    world.clock.now = NOW

    async def scenario(user: User) -> None:
        await user.wait_for_text("this shell: no role", "corp ▲ 5h? +1")
        set_settings(world, "sessions.lab.session_hours = 0.1\n")
        await user.wait_for_text("lab ▲ 5m +1: space n")

    run_scenario(services, scenario, (120, 30))


def add_session(world: DemoHome) -> None:
    with world.config_file.open("a") as config:
        config.write("\n[profile written-elsewhere]\nrole_arn = x\nsource_profile = audit\n")


def add_favourite(world: DemoHome) -> None:
    key, app = RoleKey("corp", "000030000001", "BreakGlassAdmin"), world.app()
    app.usage.update(key, lambda usage: usage._replace(favourite=True), app.clock.deadline())


def sign_out(world: DemoHome) -> None:
    [token] = (world.home / ".aws" / "sso" / "cache").glob("*.json")
    token.unlink()


def write_token_in_place(world: DemoHome) -> None:
    """Change the token as the AWS CLI does, which leaves the folder's time as it is."""
    [token] = (world.home / ".aws" / "sso" / "cache").glob("*.json")
    with token.open("r+") as file:
        content = file.read().replace("refreshToken", "otherToken")
        os.ftruncate(file.fileno(), 0)
        file.seek(0)
        file.write(content)


def set_color(world: DemoHome) -> None:
    set_settings(world, 'colors."*-dev" = "green mine"\n')


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (add_favourite, "★  ! BreakGlassAdmin"),
        (sign_out, "corp ▲ signed out: space n"),
        (write_token_in_place, "corp ▲ 41m "),
        (set_color, "[mine]"),
    ],
)
def test_the_change_of_another_process_is_shown(
    world: DemoHome, change: Callable[[DemoHome], None], text: str
) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("corp ▲ 5h?")
        await user.press("down", "down")
        before = user.app.screen.query_one(RoleList).row
        assert text not in user.screen
        change(world)
        await user.wait_for_text(text)
        assert user.app.screen.query_one(RoleList).row.key == before.key

    run_scenario(world.app(), scenario, (120, 40))


def test_profiles_shows_a_profile_that_another_process_has_written(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f4")
        await user.wait_for_text("5 profiles")
        add_session(world)
        await user.wait_for_text("written-elsewhere")

    run_scenario(world.app(), scenario, (120, 40))


def test_no_list_changes_under_a_running_action(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("corp ▲ 5h?")
        app, listed = user.app, user.app.screen.query_one(RoleList)
        changed_while_busy: list[bool] = []
        app.lists_changed.subscribe(
            app.screen, lambda _nothing: changed_while_busy.append(app.busy.is_running)
        )
        world.emulator.faults.set(latency_seconds={"GetCallerIdentity": 3.0})
        await user.press("f8")
        await until(lambda: app.busy.is_running)
        add_favourite(world)
        await until(lambda: changed_while_busy == [False])
        await until(lambda: any(row.role_name == "BreakGlassAdmin" for row in listed.rows[:2]))

    run_scenario(world.app(), scenario, (120, 40))


def test_settings_that_cannot_be_read_leave_the_earlier_ones(world: DemoHome) -> None:
    set_settings(world, _HOURS)

    async def scenario(user: User) -> None:
        await user.wait_for_text("corp ▲ 30m")
        set_settings(world, "no settings")
        await user.wait_for_message("config.toml")
        await user.wait_for_text("corp ▲ 30m")

    run_scenario(world.app(), scenario, (120, 30))
