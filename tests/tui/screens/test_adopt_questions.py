"""The Profiles screen takes over profiles of other tools, as `profile sync --adopt` does."""

import pytest

from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_profiles import answer, open_screen
from tests.tui.world import DemoHome

PORTAL = "https://d-0000000000.awsapps.com/start"
_IDENTITY = "sso_account_id = 000040000001\nsso_role_name = ReadOnlyAccess\n"
# The first does not work: it has no sso_region. The second works.
BROKEN = f"[profile old/reader]\nsso_start_url = {PORTAL}\n{_IDENTITY}output = table\n"
WORKING = f"[profile by-hand]\nsso_session = corp\n{_IDENTITY}region = eu-west-1\n"


def add_sections(world: DemoHome, text: str) -> bytes:
    with world.config_file.open("a") as file:
        file.write(f"\n{text}")
    return world.config_file.read_bytes()


def section_of(world: DemoHome, name: str) -> str:
    text = world.config_file.read_text()
    return text.partition(f"[profile {name}]\n")[2].partition("\n[")[0]


def test_profiles_that_need_ssohelper_are_adopted_after_the_question_of_setup(world):
    before = add_sections(world, BROKEN + WORKING)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.wait_for_text("2 profiles of other tools, 1 needs ssohelper to work: F6 adopts")
        await user.press("f6")
        await user.wait_for_text(
            "profiles that other tools or you wrote:", '"sso_region" is missing'
        )
        await answer(
            user, "enter", "adopt 1 profile that cannot work without ssohelper, names unch"
        )
        await user.wait_for_text(
            "17 to add, 1 to adopt, 1 to change",
            "profile sync --session corp --adopt old/reader",
            "▾ ~ 1 to adopt",
            "1 profile of 2 to adopt: F9 writes, F6 leaves them",
        )
        assert world.config_file.read_bytes() == before
        await user.press("f9")
        await answer(
            user, "y", "$ ssohelper profile sync --session corp --adopt old/reader", "1 to adopt"
        )
        await user.wait_for_message("17 profiles added, 1 adopted, 1 changed")
        await user.wait_for_text("1 profile of other tools: F6 adopts", "nothing to change")

    run_scenario(world.app(), scenario, size=(120, 40))
    assert "sso_start_url" not in section_of(world, "old/reader")
    assert "output = table" in section_of(world, "old/reader")
    assert section_of(world, "by-hand") == WORKING.partition("\n")[2]


@pytest.mark.long
def test_after_a_no_all_can_be_adopted_and_f6_leaves_them_again(world: DemoHome) -> None:
    before = add_sections(world, BROKEN + WORKING)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("f6")
        await answer(user, "n", "adopt 1 profile that cannot work without ssohelper")
        await answer(user, "y", "adopt 2 profiles of other tools, names unchanged?")
        await user.wait_for_text("2 to adopt", "profile sync --session corp --adopt by-hand ")
        await user.press("f6")
        await user.wait_for_text("2 profiles of other tools")
        assert "corp --adopt" not in user.screen

    run_scenario(world.app(), scenario, size=(120, 40))
    assert world.config_file.read_bytes() == before


def test_all_that_aws_sso_cli_wrote_is_adopted_together(world: DemoHome) -> None:
    program = world.home / "aws-sso"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    arn = "arn:aws:iam::000040000001:role"
    add_sections(
        world,
        "# BEGIN_AWS_SSO_CLI\n"
        f"[profile a]\ncredential_process = /gone/aws-sso -S X process --arn {arn}/Developer\n"
        f"[profile b]\ncredential_process = {program} -S X process --arn {arn}/ReadOnlyAccess\n"
        "# END_AWS_SSO_CLI\n",
    )

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("f6")
        await answer(user, "y", "adopt 2 profiles that cannot work without ssohelper")
        await user.wait_for_text("--adopt a --adopt b", "2 to adopt")

    run_scenario(world.app(), scenario, size=(120, 40))


def test_without_a_list_of_roles_f6_says_what_is_needed_first(world: DemoHome) -> None:
    add_sections(world, WORKING)

    async def scenario(user: User) -> None:
        await open_screen(user)
        await user.press("ctrl+t")
        await user.wait_for_text("profile sync --session lab: no list of roles yet")
        await user.press("f6")
        await user.wait_for_message("Press F5 to ask AWS for your roles")

    run_scenario(world.app(), scenario, size=(120, 40))
