"""Clients that AWS publishes get the right role from profiles of both forms.

ana's session has profiles in process form, ben's in sso form, so that a mix-up would show.
"""

import json
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests import node_sdk
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.programs import require_program

pytestmark = pytest.mark.network_client

DEV, PROD = "000040000001", "000030000001"
ALLOWED = string.ascii_letters + string.digits + "._-"
_BOTO3 = (
    "import boto3, sys; "
    "print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])"
)


class Case(NamedTuple):
    form: str
    person: str
    profile: str
    account: str
    role: str


CASES = [
    Case("process", "ana", "payments-prod.ReadOnlyAccess", PROD, "ReadOnlyAccess"),
    Case("process", "ana", ALLOWED, DEV, "Developer"),
    Case("sso", "ben", "ben.payments-prod.ReadOnlyAccess", PROD, "ReadOnlyAccess"),
    Case("sso", "ben", "9" + ALLOWED[::-1], DEV, "Developer"),
]


def aws_cli(home: Home, profile: str) -> str:
    who = ["sts", "get-caller-identity", "--output", "text", "--query", "Arn"]
    return run_and_read([require_program("aws"), *who, "--profile", profile], home)


def boto3(home: Home, profile: str) -> str:
    return run_and_read([sys.executable, "-c", _BOTO3, profile], home)


def javascript(home: Home, profile: str) -> str:
    done = node_sdk.run_node_script("whoami.mjs", "ini", profile, env=home.env)
    assert done.returncode == 0, done.stderr
    arn: str = json.loads(done.stdout)["Arn"]
    return arn


def run_and_read(argv: list[str], home: Home) -> str:
    done = subprocess.run(argv, env=home.env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory, emulator) -> Home:
    """A home after `setup` for two users: ana in process form, ben in sso form."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "run").mkdir(mode=0o700)
    env = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **emulator.environment(),
    }
    made = Home(folder, env)
    made.browser()
    for person, form in (("ana", "process"), ("ben", "sso")):
        emulator.auto_approve = person
        setup = ["setup", START_URL, "--region", "us-east-1", "--session", person, "--form", form]
        run_and_read([SCRIPT, *setup, "--role", "ReadOnlyAccess", "--yes"], made)
        for case in CASES:
            if case.person == person and case.role != "ReadOnlyAccess":
                role = f"{person}:{case.account}/{case.role}"
                add = ["profile", "add", role, "--name", case.profile, "--yes"]
                run_and_read([SCRIPT, *add], made)
    return made


CLIENTS = [boto3, aws_cli, javascript]


@pytest.mark.parametrize(
    ("case", "client"),
    # First each client, case and form once.
    long_after(len(CASES), pairs_with_each_value_first(CASES, CLIENTS)),
    ids=lambda one: f"{one.form}-{one.role}" if isinstance(one, Case) else one.__name__,
)
def test_every_client_gets_the_right_role(home, emulator, case, client):
    section = home.config_file.read_text().split(f"[profile {case.profile}]\n")[1].split("\n\n")[0]
    assert ("credential_process" in section) == (case.form == "process")
    assert ("sso_session = ben" in section) == (case.form == "sso")
    expected = emulator.world.session_arn(case.account, case.role, case.person)
    assert client(home, case.profile) == expected
