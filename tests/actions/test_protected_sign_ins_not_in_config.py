"""A sign-in that ssohelper made is seen and ended, also when the config lacks its session."""

import json
import signal
import subprocess
from typing import Any

import pytest

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after

NAME = "d-0000000000"
SETUP = ("setup", START_URL, "--region", "us-east-1", "--account", "payments-dev", "--yes")


@pytest.fixture
def undone(home, run, emulator) -> Home:
    """The home after a setup whose writing was undone: the sign-in alone is left."""
    home.browser()
    assert run(*SETUP).returncode == 0
    done = run("profile", "undo", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"sign out with: ssohelper logout {NAME}" in done.stderr
    return home


def data_of(run: Run, *command: str) -> Any:
    done = run(*command, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["data"]


def assert_nothing_is_left(home: Home, emulator: Emulator) -> None:
    assert emulator.counters["Logout"] == 1
    assert not list(home.token_folder.glob("*.json"))
    assert not list((home.path / ".local/state/ssohelper/signed-in").iterdir())


def test_every_list_shows_it_as_not_in_the_config(undone, run):
    for command in (("status",), ("session", "list"), ("cache", "list")):
        printed = run(*command).stdout
        assert NAME in printed
        assert "not in the config" in printed
    [one] = data_of(run, "status")["sessions"]
    assert (one["name"], one["state"], one["in_config"]) == (NAME, "valid", False)
    [one] = data_of(run, "session", "list")
    assert (one["name"], one["start_url"], one["in_config"]) == (NAME, START_URL, False)
    assert run("status", NAME).returncode == 0
    assert "token" in run("session", "show", NAME).stdout
    found = data_of(run, "cache", "list", "--session", NAME)
    # The files of token, client and facts.
    assert sum(item["kind"] == "sign_in" for item in found) == 3


@pytest.mark.parametrize(
    "command",
    long_after(1, [["login", NAME], ["list"], ["login"], ["profile", "sync", "--session", NAME]]),
)
def test_commands_that_need_the_session_name_the_sign_in(undone, run, command):
    done = run(*command)
    assert done.returncode == 2
    assert f'you are signed in to "{NAME}", but the session is not in the config' in done.stderr
    restore = f"ssohelper setup {START_URL} --session {NAME} --region us-east-1"
    assert (
        f"session back with: {restore}; or end the sign-in: ssohelper logout {NAME}" in done.stderr
    )
    assert run(*restore.split()[1:], "--yes").returncode == 0
    assert (
        run(*command[:1], *command[1:], *(("--yes",) if "sync" in command else ())).returncode == 0
    )


@pytest.mark.parametrize(
    "command",
    long_after(
        1, [["logout", "--all"], ["session", "rm", NAME, "--yes"], ["logout", NAME], ["logout"]]
    ),
)
def test_it_is_ended_at_aws_and_removed(undone, run, emulator, command):
    assert run(*command).returncode == 0
    assert_nothing_is_left(undone, emulator)
    assert data_of(run, "status")["sessions"] == []


def test_a_setup_after_it_needs_no_new_sign_in(undone, run, emulator):
    assert run(*SETUP).returncode == 0
    assert emulator.counters["authorize"] == 1
    [one] = data_of(run, "status")["sessions"]
    assert one["in_config"] is True


def test_a_setup_killed_after_the_sign_in_leaves_one_that_logout_sees(home, run, emulator):
    home.browser()
    emulator.faults.hang("ListAccounts")
    with subprocess.Popen(
        [SCRIPT, *SETUP], env=home.env, stderr=subprocess.PIPE, text=True
    ) as setup:
        assert setup.stderr is not None
        for line in setup.stderr:
            if "signed in to" in line:
                break
        setup.send_signal(signal.SIGKILL)
    assert run("logout", "--all").returncode == 0
    assert_nothing_is_left(home, emulator)
