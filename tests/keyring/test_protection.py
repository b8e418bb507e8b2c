"""Keyring storage is remembered: no call undoes it, and a sign-out ends the clear files beside it."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.test_sharing_with_aws_cli import Aws
from tests.conftest import SCRIPT
from tests.guards.world import Terminal
from tests.keyring.world import ACCOUNT, OTHER_ACCOUNT, ROLE
from tests.long_rows import long_after


class Situation(NamedTuple):
    """What may make a call forget the keyring, and the exit code of `whoami` then."""

    environ: dict[str, str]
    code: int = 0
    # Below the home; a "*" stands for each file of a folder.
    removed: tuple[str, ...] = ()
    written: tuple[str, str] | None = None


SETTINGS, TOKENS = ".config/ssohelper/config.toml", ".aws/sso/cache"
ELSEWHERE = {"XDG_CONFIG_HOME": "{home}/other"}
SITUATIONS = {
    "other state folder": Situation({"XDG_STATE_HOME": "{home}/other"}, removed=(SETTINGS,)),
    "below an allow-list": Situation({**ELSEWHERE, "SSOHELPER_ALLOW": f"{OTHER_ACCOUNT}/*"}, 9),
    "variable": Situation({"SSOHELPER_STORAGE": "file"}, 3),
    "damaged record": Situation(
        {},
        removed=(SETTINGS, ".local/state/ssohelper/storage.json"),
        written=(f"{TOKENS}/.ssohelper-storage", '{"storage": "'),
    ),
    "other config folder": Situation(ELSEWHERE),
    "other home of ssohelper": Situation({"SSOHELPER_HOME": "{home}/other"}),
    "no settings file": Situation({}, removed=(SETTINGS,)),
    "no token folder": Situation({}, 4, removed=(f"{TOKENS}/*", SETTINGS)),
    "setting edited": Situation({}, written=(SETTINGS, 'storage = "file"\n')),
}


@pytest.mark.parametrize("name", long_after(4, [*SITUATIONS]))
def test_no_call_writes_a_sign_in_in_clear(world, name):
    world.use_keyring()
    world.emulator.auto_approve = "ana"
    world.home.browser()
    home, situation = world.home.path, SITUATIONS[name]
    environ = {key: text.format(home=home) for key, text in situation.environ.items()}
    for pattern in situation.removed:
        removed = list(home.glob(pattern))
        assert removed
        for path in removed:
            path.unlink()
    if situation.written:
        (home / situation.written[0]).write_text(situation.written[1])
    calls = [world.run(*argv, **environ) for argv in (["whoami", f"{ACCOUNT}/{ROLE}"], ["status"])]
    calls.append(world.launch(**environ))
    assert calls[0].returncode == situation.code, calls[0].stderr
    calls.append(world.run("config", "set", "storage", "file", "--yes", **environ))
    assert calls[-1].returncode in (2, 3, 9), calls[-1].stderr
    calls.append(world.run("login", "corp", "--force", **environ))
    told = [done.stderr for done in calls]
    assert [path for path in world.find_plain() if Path(path).name != "response"] == [], told
    assert list(world.home.token_folder.glob("*.json")) == [], told


def test_only_the_typed_word_moves_sign_ins_out_and_the_journal_says_so(world):
    world.use_keyring()
    for argv in (["storage", "file"], ["storage", "file", "--yes"], ["storage", "--default"]):
        assert world.run("config", "set", *argv).returncode == 2
    terminal = Terminal(world.home)
    code, shown = terminal.run(f"{SCRIPT} config set storage file", "yes")
    terminal.close()
    assert (code, world.status()["storage"]) == (9, "keyring"), shown
    (world.home.path / SETTINGS).unlink()
    assert world.run("config", "get", "storage").stdout == "keyring\n"
    assert "in clear in" in world.move_to_files()
    assert (world.status()["storage"], world.launch().returncode) == ("file", 0)
    events = json.loads(world.run("audit", "--json").stdout)["data"]
    [found] = [line for line in events if line["event"] == "loosened"]
    assert (found["what"], found["before"], found["after"]) == ("storage", "keyring", "file")


@pytest.mark.parametrize(
    "how", long_after(2, ["logout --all", "expired", "logout corp", "without keyring"])
)
def test_a_sign_out_ends_the_clear_file_of_another_tool_too(world, how):
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
def test_the_aws_clis_sign_in_and_sign_out_beside_the_keyring(world):
    aws = Aws(world.home)
    native = [
        "region = eu-west-1",
        "sso_session = corp",
        f"sso_account_id = {ACCOUNT}",
        f"sso_role_name = {ROLE}",
    ]
    text = world.home.config_file.read_text()
    world.home.write_config("\n".join([text, "[profile native]", *native, ""]))
    world.use_keyring()
    world.emulator.auto_approve = "ana"
    world.home.browser()
    login = ["login", "--sso-session", "corp"]
    for call in (login, ["logout"], login):
        done = aws("sso", *call)
        assert done.returncode == 0, (call, done.stderr)
        assert world.launch().returncode == 0
    assert world.status()["storage"] == "keyring"
    assert world.run("logout", "--all").returncode == 0
    assert all(one.revoked for one in world.emulator.sign_ins)
    assert aws("configure", "export-credentials", "--profile", "native").returncode != 0
    assert (world.launch().returncode, world.find_plain()) == (4, [])
