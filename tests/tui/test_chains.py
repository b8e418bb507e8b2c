"""A role on top of an SSO role is a row of the full screen and of the picker, as any other."""

import json
from pathlib import Path

from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome

ACCOUNT, SSO_ACCOUNT = "000010000002", "000040000001"


def test_the_full_screen_shows_a_chain_and_uses_it(world: DemoHome) -> None:
    world.emulator.world.add_iam_role(ACCOUNT, "Auditor", trusts=[SSO_ACCOUNT])

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"auditor")
        await user.wait_for_text("1/", "Auditor", "audit")
        await user.press("f8")
        await user.wait_for_message(f"{ACCOUNT}:assumed-role/Auditor/", "$ ssohelper whoami audit")

    run_scenario(world.app(), scenario)


def test_the_picker_offers_a_chain_and_its_role_is_used(tmp_path: Path) -> None:
    profiles = (
        f"\n[profile base]\nsso_session = corp\nsso_account_id = {SSO_ACCOUNT}\n"
        "sso_role_name = ReadOnlyAccess\n\n[profile jump]\n"
        f"role_arn = arn:aws:iam::{ACCOUNT}:role/Auditor\nsource_profile = base\n"
    )
    with Emulator() as emulator:
        emulator.world.add_iam_role(ACCOUNT, "Auditor", trusts=[SSO_ACCOUNT])
        shell = Shell(tmp_path, emulator)
        assert shell.run("list").returncode == 0
        shell.write_config(profiles)
        line = f'x=$({SCRIPT} whoami --json); echo "$x" > {shell.home}/out; echo done'
        environ = {**shell.environ, "TERM": "xterm-256color", "PS1": "$ "}
        inside = Terminal(("/bin/sh", "-c", line), environ, size=(100, 30))
        inside.until("type to search")
        inside.until("21/21")
        inside.send("auditor")
        inside.until("1/21")
        inside.until("jump")
        inside.send("\r")
        inside.until("done")
        assert inside.wait() == 0
        found = json.loads((shell.home / "out").read_text())["data"]
        assert (found["account_id"], found["role_name"], found["confirmed"]) == (
            ACCOUNT,
            "Auditor",
            True,
        )
