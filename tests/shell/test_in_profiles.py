"""The launcher in profiles: the command that sync writes runs, and so do older commands."""

import json
import os
import shlex
import time
from pathlib import Path

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.programs import run_program
from tests.published import date_back

LAUNCHER = f"{SCRIPT}-credentials"
OLDER = f"{SCRIPT} credential-process"
SYNC = ("profile", "sync", "--session", "corp")


@pytest.fixture
def synced(home, emulator, run) -> Emulator:
    """ana is signed in and her profiles are written."""
    home.add_session("corp")
    home.browser()
    assert run("login", "corp").returncode == 0
    assert run(*SYNC, "--yes").returncode == 0
    emulator.reset_counters()
    return emulator


def commands(home: Home) -> dict[str, str]:
    config = ConfigFile.parse(home.config_file.read_bytes(), "config")
    return {entry.name: entry.keys["credential_process"] for entry in config.profiles()}


def answer(home: Home, command: str) -> str:
    done = run_program(shlex.split(command), home.env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_written_command_runs_on_a_miss_and_on_a_hit(home, synced):
    command = next(iter(commands(home).values()))
    assert command.startswith(f"{LAUNCHER} --session corp --account-id ")
    miss, hit = answer(home, command), answer(home, command)
    assert miss == hit
    assert json.loads(hit)["Version"] == 1
    assert hit == answer(home, command.replace(LAUNCHER, OLDER))
    assert synced.counters["GetRoleCredentials"] == 1


def test_the_older_command_stays_managed_and_sync_updates_it(home, synced, run):
    written = home.config_file.read_text()
    older = written.replace(LAUNCHER, OLDER)
    assert older != written
    home.config_file.write_text(older)
    name, command = next(iter(commands(home).items()))
    assert json.loads(answer(home, command))["Version"] == 1
    assert run("credential-process", "--profile", name).returncode == 0

    plan = json.loads(run(*SYNC, "--dry-run", "--json").stdout)["data"]
    assert {change["profile"] for change in plan["change"]} == set(commands(home))
    assert (plan["add"], plan["remove"]) == ([], [])
    diff = run(*SYNC, "--dry-run").stdout
    assert f"-credential_process = {OLDER} " in diff
    assert f"+credential_process = {LAUNCHER} " in diff
    assert home.config_file.read_text() == older

    assert run(*SYNC, "--yes").returncode == 0
    assert home.config_file.read_text() == written
    assert json.loads(run(*SYNC, "--dry-run", "--json").stdout)["data"]["change"] == []


def test_the_next_call_sees_a_change_of_the_settings(home, synced, run):
    date_back(home.config_file)
    command = next(iter(commands(home).values()))
    answer(home, command)
    document = next(home.runtime.glob("credentials/*/*/*/response"))
    settings = Path(run("config", "path").stdout.strip())
    settings.parent.mkdir(parents=True, exist_ok=True)
    an_hour_ago = int(time.time()) - 3600
    for minutes, each in enumerate((command, command.replace(LAUNCHER, OLDER))):
        marked = int(time.time()) + 600
        os.utime(document, (marked, marked))
        answer(home, each)
        assert document.stat().st_mtime == marked  # a hit: the document stays as it is
        settings.write_text("renew_ahead = true\n")
        os.utime(settings, (an_hour_ago + minutes * 60,) * 2)
        answer(home, each)
        assert document.stat().st_mtime != marked  # the program checked, and published it again
    assert synced.counters["GetRoleCredentials"] == 1
