"""A profile that is edited while a list is on the screen does not change which role is used."""

import json
from pathlib import Path

from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome, until

SAFE, ADMIN = "ReadOnlyAccess", "DatabaseAdmin"


def test_the_full_screen_uses_the_role_of_the_row(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"orders-dev.developer")
        await user.wait_for_text("1/", "orders-dev.Developer")
        config = world.config_file.read_text()
        before = "--account-id 000040000002 --role-name Developer"
        assert config.count(before) == 1
        world.config_file.write_text(
            config.replace(before, f"--account-id 000030000001 --role-name {ADMIN}")
        )
        await user.press("f8")
        await user.wait_for_message(
            "000040000002:assumed-role/AWSReservedSSO_Developer_",
            "$ ssohelper whoami corp:000040000002/Developer",
        )

    run_scenario(world.app(), scenario)


def test_enter_on_a_role_that_is_gone_says_so_in_the_screen(world: DemoHome) -> None:
    services = world.app()

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"orders-prod database")
        await user.wait_for_text("1/21", ADMIN)
        # Another terminal refreshes the list, after the role was taken away.
        found = services.directory.load("corp")
        assert found is not None
        accounts = [
            one._replace(roles=tuple(name for name in one.roles if name != ADMIN))
            for one in found.accounts
        ]
        services.directory.save("corp", found._replace(accounts=tuple(accounts)))
        await user.press("enter")
        await until(lambda: user.messages != "" or user.app.chosen is not None)
        assert f'no role "{ADMIN}" in account 000030000002 for session "corp"' in user.messages
        assert "space u refreshes the list" in user.messages

    assert run_scenario(services, scenario).chosen is None


def test_the_picker_uses_the_role_of_the_row(tmp_path: Path) -> None:
    profile = (
        "\n[profile safe]\nsso_session = corp\nsso_account_id = 000030000001\nsso_role_name = {}\n"
    )
    with Emulator() as emulator:
        shell = Shell(tmp_path, emulator)
        assert shell.run("list").returncode == 0
        shell.write_config(profile.format(SAFE))
        line = f'x=$({SCRIPT} whoami --json); echo "$x" > {shell.home}/out; echo done'
        environ = {**shell.environ, "TERM": "xterm-256color", "PS1": "$ "}
        inside = Terminal(("/bin/sh", "-c", line), environ, size=(100, 30))
        inside.until("type to search")
        inside.send("safe")
        inside.until("1/20")
        config = shell.home / ".aws" / "config"
        config.write_text(config.read_text().replace(f"= {SAFE}", f"= {ADMIN}"))
        inside.send("\r")
        inside.until("done")
        assert inside.wait() == 0
        found = json.loads((shell.home / "out").read_text())["data"]
        assert (found["role_name"], found["confirmed"]) == (SAFE, True)
        assert f"AWSReservedSSO_{SAFE}_" in found["arn"]
