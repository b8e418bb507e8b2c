"""Keyring storage is remembered: no call undoes it, and a sign-out ends the clear files beside it."""

import json
from pathlib import Path

import pytest

from tests.cli.test_sharing_with_aws_cli import Aws
from tests.conftest import SCRIPT
from tests.guards.world import Terminal
from tests.keyring.world import ACCOUNT, OTHER_ACCOUNT, ROLE, World
from tests.long_rows import long_after

ANCHOR = ".ssohelper-storage"


def settings(world: World) -> Path:
    return world.home.path / ".config" / "ssohelper" / "config.toml"


def state(world: World) -> Path:
    return world.home.path / ".local" / "state" / "ssohelper"


def other_config_folder(world: World) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(world.home.path / "other")}


def other_state_folder(world: World) -> dict[str, str]:
    settings(world).unlink()
    return {"XDG_STATE_HOME": str(world.home.path / "other")}


def other_home_of_ssohelper(world: World) -> dict[str, str]:
    return {"SSOHELPER_HOME": str(world.home.path / "other")}


def no_settings_file(world: World) -> dict[str, str]:
    settings(world).unlink()
    return {}


def no_token_folder(world: World) -> dict[str, str]:
    for path in world.home.token_folder.iterdir():
        path.unlink()
    settings(world).unlink()
    return {}


def setting_edited(world: World) -> dict[str, str]:
    settings(world).write_text('storage = "file"\n')
    return {}


def variable(world: World) -> dict[str, str]:
    return {"SSOHELPER_STORAGE": "file"}


def below_an_allow_list(world: World) -> dict[str, str]:
    return {**other_config_folder(world), "SSOHELPER_ALLOW": f"{OTHER_ACCOUNT}/*"}


def damaged_record(world: World) -> dict[str, str]:
    settings(world).unlink()
    (state(world) / "storage.json").unlink()
    (world.home.token_folder / ANCHOR).write_text('{"storage": "')
    return {}


SITUATIONS = {
    other_state_folder: 0,
    below_an_allow_list: 9,
    variable: 3,
    damaged_record: 0,
    other_config_folder: 0,
    other_home_of_ssohelper: 0,
    no_settings_file: 0,
    no_token_folder: 4,
    setting_edited: 0,
}


@pytest.mark.parametrize("situation", long_after(4, [*SITUATIONS]), ids=lambda one: one.__name__)
def test_no_call_writes_a_sign_in_in_clear(world: World, situation) -> None:
    world.use_keyring()
    world.emulator.auto_approve = "ana"
    world.home.browser()
    environ = situation(world)
    calls = [world.run(*argv, **environ) for argv in (["whoami", f"{ACCOUNT}/{ROLE}"], ["status"])]
    calls.append(world.launch(**environ))
    assert calls[0].returncode == SITUATIONS[situation], calls[0].stderr
    calls.append(world.run("config", "set", "storage", "file", "--yes", **environ))
    assert calls[-1].returncode in (2, 3, 9), calls[-1].stderr
    calls.append(world.run("login", "corp", "--force", **environ))
    told = [done.stderr for done in calls]
    assert [path for path in world.find_plain() if Path(path).name != "response"] == [], told
    assert list(world.home.token_folder.glob("*.json")) == [], told


def test_only_the_typed_word_moves_sign_ins_out_and_the_journal_says_so(world: World) -> None:
    world.use_keyring()
    for argv in (["storage", "file"], ["storage", "file", "--yes"], ["storage", "--default"]):
        assert world.run("config", "set", *argv).returncode == 2
    terminal = Terminal(world.home)
    code, shown = terminal.run(f"{SCRIPT} config set storage file", "yes")
    terminal.close()
    assert (code, world.status()["storage"]) == (9, "keyring"), shown
    settings(world).unlink()
    assert world.run("config", "get", "storage").stdout == "keyring\n"
    assert "in clear in" in world.move_to_files()
    assert (world.status()["storage"], world.launch().returncode) == ("file", 0)
    events = json.loads(world.run("audit", "--json").stdout)["data"]
    [found] = [line for line in events if line["event"] == "loosened"]
    assert (found["what"], found["before"], found["after"]) == ("storage", "keyring", "file")


@pytest.mark.parametrize(
    "how", long_after(2, ["logout --all", "expired", "logout corp", "without keyring"])
)
def test_a_sign_out_ends_the_clear_file_of_another_tool_too(world: World, how: str) -> None:
    world.use_keyring()
    seconds = -1 if how == "expired" else 3600
    clear = world.home.write_token(world.emulator.issue_token("ana", seconds=seconds))
    assert str(clear) in world.run("status").stderr
    [named] = [
        row["subject"]
        for row in json.loads(world.run("doctor", "--json").stdout)["data"]["findings"]
        if row["id"] == "clear-sign-in"
    ]
    assert named == str(clear)
    if how == "without keyring":
        world.desktop.kill()
    done = world.run(*(how.split() if how.startswith("logout") else ["logout", "corp"]))
    assert done.returncode == (8 if how == "without keyring" else 0), done.stderr
    revoked = [one.revoked for one in world.emulator.sign_ins]
    assert revoked == ([False, True] if how == "without keyring" else [True, True])
    assert not [path for path in world.home.token_folder.iterdir() if path.name.startswith("ee0")]
    assert world.launch().returncode == 4


@pytest.mark.long
@pytest.mark.network_client
def test_the_aws_clis_sign_in_and_sign_out_beside_the_keyring(world: World) -> None:
    aws = Aws(world.home)
    native = ["sso_session = corp", f"sso_account_id = {ACCOUNT}", f"sso_role_name = {ROLE}"]
    text = world.home.config_file.read_text()
    world.home.write_config(
        "\n".join([text, "[profile native]", "region = eu-west-1", *native, ""])
    )
    world.use_keyring()
    world.emulator.auto_approve = "ana"
    world.home.browser()
    for call in (
        ["login", "--sso-session", "corp"],
        ["logout"],
        ["login", "--sso-session", "corp"],
    ):
        done = aws("sso", *call)
        assert done.returncode == 0, (call, done.stderr)
        assert world.launch().returncode == 0
    assert world.status()["storage"] == "keyring"
    assert world.run("logout", "--all").returncode == 0
    assert all(one.revoked for one in world.emulator.sign_ins)
    assert aws("configure", "export-credentials", "--profile", "native").returncode != 0
    assert (world.launch().returncode, world.find_plain()) == (4, [])
