"""`ssohelper env`: prints all exports, or nothing."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.actions import environment
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.terminal import Conversation

PROFILE = """
[profile dev]
credential_process = /x/ssohelper credential-process --session corp --account-id 000000000001 --role-name Role00
region = eu-west-1

[profile broken]
sso_session = nix
sso_account_id = 000000000001
sso_role_name = Role00

[profile bad-region]
credential_process = /x/ssohelper credential-process --session corp --account-id 000000000001 --role-name Role00
region = eu\x1b]0;x\x07west
"""
NAMES = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory) -> Iterator["Keys"]:
    with Emulator(World.of_size(2, 1)) as emulator:
        made = Keys(tmp_path_factory.mktemp("home"), emulator)
        made.write_config(PROFILE)
        yield made


class Keys(Shell):
    """A Shell whose stdout may hold secrets, unlike that of other commands."""

    def print(self, *argv: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return run_program([SCRIPT, *argv], {**self.environ, **environ})


@pytest.mark.parametrize("name", long_after(2, ["sh", "fish", "bash", "zsh"]))
def test_each_shell_evaluates_the_exports(shell, name):
    line = 'eval "$(ssohelper env dev --shell $NAME)"; env -0'
    if name == "fish":
        line = "ssohelper env dev --shell fish | source; env -0"
    path = f"{SCRIPT.parent}:/usr/bin:/bin"
    stale = {"AWS_PROFILE": "x", "AWS_SECURITY_TOKEN": "stale", "AWS_VAULT": "stale"}
    environ = {**shell.environ, **stale, "PATH": path, "NAME": name}
    done = run_program([require_program(name), "-c", line], environ)
    assert "error" not in done.stderr
    found = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    assert set(found) >= NAMES
    assert not set(stale) & set(found)
    issued = shell.emulator.issued.get(found["AWS_ACCESS_KEY_ID"])
    assert issued is not None
    assert found["AWS_SECRET_ACCESS_KEY"] == issued.secret_access_key
    assert found["AWS_REGION"] == "eu-west-1"


def test_powershell_and_json_have_their_own_forms(shell):
    lines = shell.print("env", "dev", "--shell", "pwsh").stdout.splitlines()
    assert "$env:AWS_REGION = 'eu-west-1'" in lines
    assert "Remove-Item -LiteralPath Env:AWS_PROFILE -ErrorAction Ignore" in lines
    plain = json.loads(shell.print("env", "dev", "--format", "json").stdout)
    assert set(plain) == NAMES
    assert plain["AWS_ACCOUNT_ID"] == "000000000001"
    enveloped = json.loads(shell.print("env", "dev", "--json").stdout)
    assert (enveloped["version"], enveloped["data"]) == (1, plain)


@pytest.mark.parametrize(
    ("argv", "environ", "code"),
    long_after(
        4,
        [
            (["nothing"], {}, 2),
            (["broken"], {}, 3),
            (["dev"], {"AWS_CONFIG_FILE": "/"}, 7),
            (["000000000009/Role00"], {}, 5),
            ([], {}, 2),
            (["dev", "--shell", "tcsh"], {}, 2),
            (["dev", "--format", "yaml"], {}, 2),
            (["bad-region"], {}, 3),
            ([], {"AWS_PROFILE": "nothing"}, 3),
            (["dev"], {"AWS_CONFIG_FILE": "/nowhere"}, 2),
        ],
    ),
)
def test_nothing_is_printed_on_failure(shell, argv, environ, code):
    done = shell.print("env", *argv, **environ)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith("ssohelper: error: ")
    assert not set(done.stderr) & set("\x1b\x07")


def test_a_full_stdout_is_exit_7_and_no_sign_in_exit_4(shell):
    for argv in ("dev >&-", "dev --format json >/dev/full"):
        done = run_program(["sh", "-c", f"{SCRIPT} env {argv}"], shell.environ)
        assert (done.returncode, "stdout cannot be written" in done.stderr) == (7, True)
    home = str(shell.home / "elsewhere")
    environ = {"HOME": home, "SSOHELPER_HOME": home, "AWS_CONFIG_FILE": str(shell.config)}
    done = shell.print("env", "dev", **environ)
    assert (done.returncode, done.stdout) == (4, "")


def test_no_secret_on_a_terminal_unless_revealed(shell):
    for argv, code in (([], 2), (["--json"], 2), (["--format", "json"], 2), (["--reveal"], 0)):
        ended, said = Conversation([SCRIPT, "env", "dev", *argv], shell.environ).ended()
        assert ended == code
        assert ("CNRY" in said) == (code == 0)
        if code:
            assert "ssohelper exec PROFILE -- COMMAND" in said


def test_the_reference_names_every_variable_that_is_unset():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "environment.md").read_text()
    assert {name for name in environment.TOUCHED if f"`{name}`" not in page} == set()
