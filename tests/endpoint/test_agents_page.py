"""The how-to page for agents: its sandbox, run as printed, gives one role and nothing else."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SCRIPT, Home
from tests.endpoint.test_recipes import blocks, typed
from tests.endpoint.world import ACCOUNT, Program
from tests.long_rows import long_after
from tests.programs import require_program, run_program

PROFILE = "payments-dev.ReadOnlyAccess"
PAGE = "agents.md"


@pytest.fixture
def box(home, emulator) -> Iterator[Path]:
    """The page's script, while its `serve` runs; and a folder of a project's in the home."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap is Linux's")
    for program in ("bwrap", "curl", "aws"):
        require_program(program)
    tried = run_program(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"])
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


def run(home: Home, line: str, folder: str = "project") -> "subprocess.CompletedProcess[str]":
    return run_program(["/bin/sh", "-c", line], home.env, cwd=home.path / folder)


def inside(home: Home, script: str) -> "subprocess.CompletedProcess[str]":
    return run(home, f"agent-box sh -c '{script}'")


def test_the_program_gets_the_one_role(home, box):
    done = run(home, typed(PAGE, "agent-box aws"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["SessionToken"]
    asked = inside(home, "curl -sS --unix-socket /run/sso.sock http://localhost/")
    assert json.loads(asked.stdout)["AccountId"] == ACCOUNT


def test_there_is_nothing_else_of_the_home(home, box):
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
def test_the_socket_gives_no_other_role(home, box, path):
    line = f"curl -sS --path-as-is --unix-socket /run/sso.sock http://localhost/{path}"
    asked = inside(home, line)
    assert json.loads(asked.stdout).get("AccountId") in (None, ACCOUNT)
    if path != "?role=Admin":
        assert json.loads(asked.stdout)["code"] == "Forbidden"


def test_it_does_not_start_where_the_home_would_be_visible(home, box):
    for folder in (".", "..", "/"):
        done = run(home, "agent-box true", folder)
        assert (done.returncode, "your home would be visible" in done.stderr) == (2, True)


def test_a_linked_home_shows_no_token(home, box):
    """Folders are compared by their physical paths."""
    link = home.path.with_name(home.path.name + "-link")
    link.symlink_to(home.path)
    token = "cat $HOME/.aws/sso/cache/*.json"
    linked = Home(home.path, {**home.env, "HOME": str(link)})
    done = run(linked, f"agent-box sh -c '{token}'", ".")
    assert (done.returncode, "your home would be visible" in done.stderr) == (2, True)
    for folder in (link / "project", home.path / "project"):
        done = run(linked, f"cd {folder} && agent-box sh -c '{token}; ls -A ~'")
        assert done.stdout == "project\n", done.stderr
    home.path.joinpath(".aws").rename(home.path / "project" / "aws")  # dotfiles in a repository
    home.path.joinpath(".aws").symlink_to("project/aws")
    done = run(home, "agent-box true")
    assert (done.returncode, "your home would be visible" in done.stderr) == (2, True)


def test_it_cannot_connect_to_an_abstract_socket(home, box):
    """X11 listens on one: who connects can type into the user's terminals."""
    name = f"ssohelper-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")
        listening.listen()
        ask = f"curl -sS --max-time 1 --abstract-unix-socket {name} http://localhost/"
        refused, timed_out = 7, 28
        assert inside(home, ask).returncode == refused
        # The page says so of --net.
        assert run(home, f"agent-box --net sh -c '{ask}'").returncode == timed_out


_ATTACK = """
printf '#!/bin/sh\\ntouch ~/escaped\\n' > hook; chmod +x hook
git init -q .
attack() {
    mkdir -p .git/hooks
    for one in pre-commit post-commit fsmonitor-watchman; do cp hook .git/hooks/$one; done
    git config core.fsmonitor 'touch ~/escaped; false'
    printf '[core]\\n\\thooksPath = .\\n' >> .git/config
}
attack; rm -rf .git/hooks; attack
mv .git gone && cp -r gone .git; attack
mv .envrc gone; rm -f .envrc; echo 'touch ~/escaped' > .envrc
cp -r .git evil; git config -f evil/config core.fsmonitor 'touch ~/escaped; false'
echo ../evil > .git/commondir
cp evil/config .git/config.worktree
git add hook && git commit -qm inside
"""


@pytest.mark.parametrize("is_repository", [True, False])
def test_what_runs_outside_cannot_be_written_inside(home, box, is_repository):
    require_program("git")
    project = home.path / "project"
    for name in ("user.name", "user.email"):
        assert run(home, f"git config --global {name} ana@example.com").returncode == 0
    if is_repository:
        before = "git init -q . && git config extensions.worktreeConfig true"
        assert run(home, f"{before} && echo 'export A=1' > .envrc").returncode == 0
    project.joinpath("attack").write_text(_ATTACK)
    run(home, "agent-box sh ./attack")
    if is_repository:
        assert run(home, "git log --format=%s").stdout == ""  # commits are made outside
        assert project.joinpath(".envrc").read_text() == "export A=1\n"
    else:
        assert sorted(path.name for path in project.iterdir()) == ["attack", "evil", "hook"]
        assert run(home, "git init -q .").returncode == 0
    done = run(home, "git status; git add .; git commit -qm outside")
    assert done.returncode == 0, done.stderr
    assert not home.path.joinpath("escaped").exists()


def test_the_documented_commands_exist(home, box):
    for words in ("exec --allow", "agent install"):
        line = typed(PAGE, words).partition(" -- ")[0]
        assert line.startswith("ssohelper ")
    done = run(home, typed(PAGE, "agent install") + " --dry-run")
    assert (done.returncode, "awsAuthRefresh" in done.stdout) == (0, True), done.stderr
