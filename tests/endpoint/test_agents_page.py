"""The how-to page for agents: its sandbox, run as printed, gives one role and nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.endpoint.test_recipes import blocks, typed
from tests.endpoint.world import ACCOUNT, Program
from tests.long_rows import long_after
from tests.programs import require_program

PROFILE = "payments-dev.ReadOnlyAccess"
PAGE = "agents.md"


@pytest.fixture
def box(home: Home, emulator: Emulator) -> Iterator[Path]:
    """The page's script, while its `serve` runs; and a folder of a project's in the home."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap is Linux's")
    for program in ("bwrap", "curl", "aws"):
        require_program(program)
    tried = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"this kernel allows no sandbox: {tried.stderr.strip()}")
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("[profile job]", f"[profile {PROFILE}]"))
    programs = home.path / ".local" / "bin"
    programs.mkdir(parents=True)
    (programs / "ssohelper").symlink_to(SCRIPT)
    home.env["PATH"] = f"{programs}:/usr/bin:/bin"
    [script] = blocks(PAGE, "sh")
    path = programs / "agent-box"
    path.write_text(script)
    path.chmod(0o755)
    (home.path / "project").mkdir()
    with Program(["/bin/sh", "-c", f"exec {typed(PAGE, '--socket')}"], home) as serve:
        serve.says("credential_process = ")
        yield path
        serve.ends(15)


def run(home: Home, line: str, folder: str = "project") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env=home.env,
        cwd=home.path / folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def inside(home: Home, script: str) -> "subprocess.CompletedProcess[str]":
    return run(home, f"agent-box sh -c '{script}'")


def test_the_program_gets_the_one_role(home: Home, box: Path) -> None:
    done = run(home, typed(PAGE, "agent-box aws"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["SessionToken"]
    asked = inside(home, "curl -sS --unix-socket /run/sso.sock http://localhost/")
    assert json.loads(asked.stdout)["AccountId"] == ACCOUNT


def test_there_is_nothing_else_of_the_home(home: Home, box: Path) -> None:
    home.path.joinpath("secret").write_text("x")
    seen = inside(home, 'ls -A ~; ls -A /run; cat /proc/[0-9]*/cmdline | tr \\\\0 " "; env')
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout.split("\n")[:3] == ["project", "aws-config", "sso.sock"]
    assert "serve" not in seen.stdout
    for name in (".aws", "secret", ".local/bin/ssohelper"):
        assert inside(home, f"cat ~/{name}").returncode != 0
    assert inside(home, f"ls {home.runtime}").returncode != 0
    assert inside(home, "echo x > ~/project/made").returncode == 0
    assert home.path.joinpath("project", "made").read_text() == "x\n"


@pytest.mark.parametrize(
    "path", long_after(1, ["?role=Admin", "../brokers", "other", "credentials"])
)
def test_the_socket_gives_no_other_role(home: Home, box: Path, path: str) -> None:
    line = f"curl -sS --path-as-is --unix-socket /run/sso.sock http://localhost/{path}"
    asked = inside(home, line)
    assert json.loads(asked.stdout).get("AccountId") in (None, ACCOUNT)
    if path != "?role=Admin":
        assert json.loads(asked.stdout)["code"] == "Forbidden"


def test_it_does_not_start_where_the_home_would_be_visible(home: Home, box: Path) -> None:
    for folder in (".", "..", "/"):
        done = run(home, "agent-box true", folder)
        assert (done.returncode, "your home would be visible" in done.stderr) == (2, True)


def test_the_documented_commands_exist(home: Home, box: Path) -> None:
    for words in ("exec --allow", "agent install"):
        line = typed(PAGE, words).partition(" -- ")[0]
        assert line.startswith("ssohelper ")
    done = run(home, typed(PAGE, "agent install") + " --dry-run")
    assert (done.returncode, "awsAuthRefresh" in done.stdout) == (0, True), done.stderr
