"""Terraform with many provider aliases: 30 processes of boto3 at once, over profiles of six roles.

Each alias asks for credentials by itself, all of them in the first second.
"""

import json
import sys

import pytest

from tests.conftest import Home
from tests.programs import run_program

pytestmark = pytest.mark.network_client

ALIASES = 30
ROLES = {
    f"payments-{stage}.{role}": account
    for stage, account, last in (
        ("dev", "000040000001", "Developer"),
        ("prod", "000030000001", "BreakGlassAdmin"),
    )
    for role in ("ReadOnlyAccess", "DatabaseAdmin", last)
}
# Forked from one process, which has imported boto3 for all of them; the closing of a pipe is the
# word to go. Each then is a process of its own with a session of its own.
_TERRAFORM = """
import json, os, sys
import boto3
read_go, write_go = os.pipe()
for profile in sys.argv[1:]:
    if os.fork() == 0:
        os.close(write_go)
        os.read(read_go, 1)
        try:
            said = boto3.Session(profile_name=profile).client("sts").get_caller_identity()["Arn"]
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        os.write(1, (json.dumps([profile, said]) + "\\n").encode())
        os._exit(0)
os.close(write_go)
for _ in sys.argv[1:]:
    os.wait()
"""


@pytest.fixture
def synced(home, emulator, run) -> Home:
    """All of ana's profiles are written, and the access token has ended since."""
    home.add_session("corp")
    token = emulator.issue_token("ana")
    home.write_token(token)
    assert run("profile", "sync", "--yes").returncode == 0
    home.write_token(token | {"expiresAt": "2020-01-01T00:00:00Z"})
    emulator.reset_counters()
    return home


@pytest.mark.long
def test_each_is_the_right_role_with_one_refresh_and_one_call_for_each_role(synced, emulator):
    aliases = [list(ROLES)[number % len(ROLES)] for number in range(ALIASES)]
    done = run_program([sys.executable, "-c", _TERRAFORM, *aliases], synced.env)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(profile for profile, _ in answers) == sorted(aliases)
    wrong = [
        (profile, arn)
        for profile, arn in answers
        if arn != emulator.world.session_arn(ROLES[profile], profile.partition(".")[2], "ana")
    ]
    assert wrong == []
    assert emulator.counters["CreateToken.refresh_token"] == 1
    assert emulator.counters["GetRoleCredentials"] == len(ROLES)
    assert emulator.counters["GetCallerIdentity"] == ALIASES
