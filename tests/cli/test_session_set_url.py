"""`session set-url` moves a session to another address of its portal, or changes nothing."""

import signal
import subprocess
import sys

import pytest

from ssohelper.app import App
from ssohelper.core.model import RoleKey
from ssohelper.emulator.organization import START_URL, World
from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from tests.cli.test_setup_command import DEV, session_keys
from tests.conftest import Home, Run
from tests.long_rows import long_after

NEW_URL = "https://corp.awsapps.com/start"
PROFILE = "payments-dev.Developer"
SET_URL = ("session", "set-url", "corp", NEW_URL, "--yes")


@pytest.fixture
def other(emulator) -> World:
    """Return the portal at the new address: with the same users, accounts and roles."""
    found = demo_world()
    found.start_url, found.name = NEW_URL, "Other"
    emulator.add_organization(found)
    return found


@pytest.fixture
def corp(home, run, emulator, other) -> Home:
    """Return a home where ana has set up the session "corp", with a filter."""
    home.browser()
    filters = ("--account", "payments-dev", "--role", "Dev*")
    run.ok("setup", START_URL, "--session", "corp", "--region", "us-east-1", *filters, "--yes")
    return home


def ok(run: Run, *command: str) -> str:
    done = run.ok(*command)
    return done.stdout + done.stderr


def state(home: Home) -> dict[str, bytes]:
    """Return the config, and all files of the sign-in."""
    return {
        str(path): path.read_bytes() for path in (home.config_file, *home.token_folder.iterdir())
    }


def test_everything_stays_but_the_sign_in(corp, run, emulator):
    run.ok("favourite", "add", PROFILE)
    run.ok("config", "set", "guard.rules", "corp:*-prod/*")
    run.ok("config", "set", "sessions.corp.session_hours", "4")
    native = (
        f"[profile own]\nsso_session = corp\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
    )
    corp.config_file.write_text(corp.config_file.read_text() + native)
    app, before = App(corp.env), corp.config_file.read_bytes()
    choices, used = app.choices.load("corp"), app.usage.load_all()
    old, listed = run("credential-process", "--profile", PROFILE).stdout, run("list").stdout
    emulator.reset_counters()
    said = ok(run, *SET_URL)
    emulator.faults.set(down={"ListAccounts": 503})
    assert run("list").stdout == listed  # the saved list is used at once
    emulator.faults.clear()
    assert f'session "corp" moved to {NEW_URL}' in said
    assert f'the earlier sign-in to "corp", at {START_URL} in us-east-1, was ended' in said
    assert emulator.counters["Logout"] == 1
    assert corp.config_file.read_text() == before.decode().replace(START_URL, NEW_URL)
    app = App(corp.env)
    assert (app.choices.load("corp"), app.usage.load_all()) == (choices, used)
    assert used[RoleKey("corp", DEV, "Developer")].favourite
    assert app.settings.get("session_hours", session="corp") == 4
    assert ok(run, "whoami", PROFILE).count("ana") >= 1
    new = run("credential-process", "--profile", PROFILE).stdout
    assert new != old
    assert living(emulator) == [("ana", NEW_URL)]
    assert ["session set-url" in line for line in ok(run, "audit").splitlines()].count(True) == 1
    [session] = run.data("status")["sessions"]
    assert session["name"] == "corp"
    assert "is at https://corp.awsapps.com/start already" in ok(run, *SET_URL)
    run.ok("profile", "undo", "--yes")
    assert corp.config_file.read_bytes() == before


def test_a_device_code_moves_it_to_another_region(corp, run, emulator, other):
    other.region = "eu-west-1"
    opened = (corp.path / "opened").read_text()
    said = ok(run, *SET_URL, "--region", "eu-west-1", "--device-code", "--no-browser")
    assert "open this page in a browser on this machine" in said
    assert (corp.path / "opened").read_text() == opened
    assert session_keys(corp, "corp")["sso_region"] == "eu-west-1"
    assert living(emulator) == [("ana", NEW_URL)]


def sign_in_as_ben(_home: Home, emulator: Emulator, _other: World) -> None:
    emulator.auto_approve = "ben"


def add_account(_home: Home, _emulator: Emulator, other: World) -> None:
    other.add_account("000040000009", "new-dev", ou="Workloads/Development")


def guard_all(home: Home, _emulator: Emulator, _other: World) -> None:
    """So that STS cannot be asked who the user is."""
    settings = App(home.env).locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('guard.rules = ["*/*"]\n')


def limit(home: Home, _emulator: Emulator, _other: World) -> None:
    home.env["SSOHELPER_ALLOW"] = "*/*"


def forget_user(home: Home, _emulator: Emulator, _other: World) -> None:
    for path in (home.path / ".local/state/ssohelper/sign-ins").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("prepare", "options", "code", "message"),
    long_after(
        4,
        [
            (sign_in_as_ben, ["--yes"], 2, '"ben" signed in there, not "ana"'),
            (add_account, ["--yes"], 2, "the accounts there differ: 1 more, 0 fewer"),
            (guard_all, ["--yes"], 2, "the user who signed in there is not known"),
            (limit, ["--yes"], 9, "cannot change sessions"),
            (forget_user, ["--yes"], 4, "sign in at the present address first"),
            (lambda *_: None, [], 2, "--yes"),
            (lambda *_: None, ["--dry-run"], 0, f"+sso_start_url = {NEW_URL}"),
            (lambda *_: None, ["--yes", "--region", "nowhere"], 3, "nowhere"),
        ],
    ),
)
def test_otherwise_nothing_changes(corp, run, emulator, other, prepare, options, code, message):
    prepare(corp, emulator, other)
    before = state(corp)
    done = run("session", "set-url", "corp", NEW_URL, *options)
    assert (done.returncode, message in done.stdout + done.stderr) == (code, True), done.stderr
    present = state(corp)
    assert {path: present[path] for path in before} == before
    corp.env.pop("SSOHELPER_ALLOW", None)
    run.ok("list", "--refresh")
    assert living(emulator) == [("ana", START_URL)]


def living(emulator: Emulator) -> list[tuple[str, str]]:
    """Return user and portal of the sign-ins that have not ended."""
    return [(one.person, one.world.start_url) for one in emulator.sign_ins if not one.revoked]


# A program that is killed before a step of the move: SIGKILL, so that it can restore nothing.
_KILLED = """
import os, signal, sys
from ssohelper import __main__
from ssohelper.actions import {module}
from ssohelper.cli import run
{module}.{step} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("module", "step", "is_moved", "is_signed_in"),
    long_after(
        2,
        [
            ("session_edit", "write_session_plan", False, True),
            ("login", "_save_sign_in", True, False),
            ("tokens", "end_sign_in", True, True),
            ("session_move", "move_listing", True, True),
        ],
    ),
)
def test_a_kill_leaves_the_old_or_the_new_address(
    corp, run, emulator, module, step, is_moved, is_signed_in
):
    code = _KILLED.format(module=module, step=step)
    done = subprocess.run(
        [sys.executable, "-c", code, *SET_URL], env=corp.env, capture_output=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    url = NEW_URL if is_moved else START_URL
    assert session_keys(corp, "corp")["sso_start_url"] == url
    asked = run("credential-process", "--profile", PROFILE)
    assert asked.returncode == (0 if is_signed_in else 4), asked.stderr
    if not is_signed_in:
        run.ok("login", "corp")  # which ends the sign-in at the earlier address
        assert ("ana", START_URL) not in living(emulator)
        run.ok("credential-process", "--profile", PROFILE)


def test_an_address_that_aws_does_not_know_is_said_with_this_command(corp, run):
    url = "https://unknown.awsapps.com/start"
    done = run("session", "set-url", "corp", url, "--yes")
    assert done.returncode == 6
    assert f"ssohelper session set-url corp {url} --region REGION" in done.stderr
    assert "ssohelper setup" not in done.stderr


def test_setup_names_the_command_for_the_same_roles_and_user(corp, run):
    taken = run("setup", NEW_URL, "--region", "us-east-1", "--yes")
    assert f"ssohelper session set-url corp {NEW_URL}; else choose" in taken.stderr
    said = ok(run, "setup", NEW_URL, "--session", "two", "--region", "us-east-1", "--yes")
    assert f"ssohelper session set-url corp {NEW_URL}\n" in said
    assert session_keys(corp, "corp")["sso_start_url"] == START_URL
    assert 'the session "two" has this address too' in ok(run, *SET_URL)
