"""The emulator's secrets all begin with a canary. None is outside its place, in either storage.

Searched are the home, the runtime folder and all that commands print, after every command with
-vv, faults of AWS, internal errors and killed processes.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.keyring.world import ACCOUNT, ROLE, arguments
from tests.long_rows import long_after
from tests.programs import run_program

PROFILE = "payments-prod.ReadOnlyAccess"
# Commands that print credentials because they are asked to are in ALLOWED_TO_PRINT.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("login", "corp", "--force"),
    ("status",),
    ("status", "--check", "--min", "2h"),
    ("list", "--refresh"),
    ("profile", "sync", "--yes"),
    ("profile", "list"),
    ("profile", "undo", "--yes"),
    ("profile", "sync", "--yes"),
    ("session", "list"),
    ("whoami", PROFILE),
    ("console", PROFILE, "--print"),
    ("env", PROFILE, "--format", "json", "--missing-option"),
    ("exec", PROFILE, "--", "true"),
    ("use", PROFILE),
    ("prompt",),
    ("config", "list"),
    ("cache", "list"),
    ("audit",),
    ("guard", "list"),
    ("agent", "install", "claude", "--dry-run"),
    ("inspect", PROFILE),
)
CREDENTIALS = ("credential-process", *arguments())
STORAGES = ["file", "keyring"]
FAULTS = ("token", "role", "lost")

# Runs a command in which asking AWS fails with an exception that shows the secret.
_CRASH = """
import sys
from ssohelper.wire import role_credentials
def crash(portal, token, role, deadline):
    raise ZeroDivisionError(token.value.reveal())
role_credentials.get_role_credentials = crash
from ssohelper.__main__ import main
sys.exit(main())
"""


def cause_fault(world, fault: str) -> None:
    faults = world.emulator.faults
    if fault == "token":
        faults.fail("CreateToken", "InternalServerException", times=2)
    elif fault == "role":
        faults.fail("GetRoleCredentials", "TooManyRequestsException", times=2)
    else:
        faults.token_seconds = 900


@pytest.fixture
def storage(world, request) -> str:
    world.home.browser()
    if request.param == "keyring":
        world.use_keyring()
    return request.param


def print_secret(world, commands: tuple[tuple[str, ...], ...]) -> list[str]:
    """Run the commands, then ask for credentials; return those that print a secret."""
    printed = {}
    for argv in commands:
        done = world.run(*argv, "-vv")
        printed[" ".join(argv)] = done.stdout + done.stderr
    printed["credential-process"] = world.run(*CREDENTIALS, SSOHELPER_LOG="debug").stderr
    return [name for name, text in printed.items() if "CNRY" in text]


@pytest.mark.parametrize("storage", long_after(1, STORAGES), indirect=True)
def test_no_secret_is_anywhere_else(world, storage):
    assert print_secret(world, COMMANDS) == []
    assert misplaced(world, storage) == []


@pytest.mark.parametrize("storage", long_after(1, STORAGES), indirect=True)
@pytest.mark.parametrize("fault", long_after(1, list(FAULTS)))
def test_a_fault_of_aws_shows_none(world, storage, fault):
    cause_fault(world, fault)
    commands = ("profile", "sync", "--yes"), ("login", "corp", "--force"), ("whoami", PROFILE)
    assert print_secret(world, commands) == []
    assert misplaced(world, storage) == []


@pytest.mark.long
@pytest.mark.parametrize("storage", STORAGES, indirect=True)
def test_an_internal_error_and_a_killed_broker_leave_none(world, storage):
    assert world.run("profile", "sync", "--yes").returncode == 0
    assert "CNRY" not in crash(world)
    kill_a_broker(world)
    assert misplaced(world, storage) == []


def crash(world) -> str:
    """Let a command end with an internal error whose text has the token; return what it prints."""
    world.run("cache", "clear", "--yes")
    environ = {**world.home.env, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = run_program([sys.executable, "-c", _CRASH, "whoami", PROFILE, "-vv"], environ)
    assert done.returncode == 1, done.stderr
    return done.stdout + done.stderr


def kill_a_broker(world) -> None:
    """Kill the broker that has the key, so that it would leave a core dump if it could."""
    world.launch()
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().split(b"\0")
            mine = str(world.runtime).encode() in b" ".join(words)
        except OSError:
            continue
        if b"broker-process" in words and mine:
            os.kill(int(status.parent.name), signal.SIGABRT)


def misplaced(world, storage: str) -> list[str]:
    """Return the files with a secret in clear that should have none."""
    credentials = world.runtime / "credentials" / "corp"
    allowed = set(credentials.rglob("response"))
    if storage == "file":
        allowed |= {*credentials.rglob("cached.json"), *world.home.token_folder.glob("*.json")}
    found = set(map(Path, world.find_plain())) - allowed
    # The browser's notes are the test's own: the sign-in page's address is not a secret.
    return sorted(str(path) for path in found if path.name not in ("opened", "fake-browser"))


def test_the_search_finds_a_secret(world):
    """The canary of a sign-in in files is found where it may be, so it would be found elsewhere."""
    assert world.find_plain() == [str(world.token)]
    world.launch()
    cached = world.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "cached.json"
    assert str(cached) in world.find_plain()
