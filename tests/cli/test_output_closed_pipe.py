"""`ssohelper … | head -1`: when the reader ends, the command ends without a message."""

import os
import subprocess

import pytest

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after
from tests.programs import run_program

START_URL = "https://d-0000000000.awsapps.com/start"
ROWS = 20_000
# More than a pipe's buffer (64 KiB on Linux, 16 KiB on macOS): the writer must wait.
LARGE = [
    ["list", "--session", "corp"],
    ["list", "--json", "--session", "corp"],
    ["profile", "list"],
    ["profile", "sync", "--dry-run", "--session", "corp"],
    ["list", "--accounts", "--session", "corp"],
    ["ls", "prod", "--session", "corp"],
    ["profile", "list", "--json"],
    ["status"],
    ["status", "--json"],
]
SMALL = [
    *(["--help"], ["config", "list"], ["profile", "show", "p0"], ["list", "--help"], ["--version"]),
    *(["cache", "list"], ["completion", "zsh"], ["shell-init", "bash"]),
]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory) -> Home:
    """A home with a saved list of 20,000 roles, as many profiles and 4,000 sessions."""
    folder = tmp_path_factory.mktemp("crowded")
    env = {
        "HOME": str(folder),
        "SSOHELPER_HOME": str(folder / "own"),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    home = Home(folder, env)
    session = f"sso_start_url = {START_URL}\nsso_region = us-east-1\n"
    more = "".join(f"[sso-session more-{n}]\n{session}" for n in range(4000))
    profiles = (
        f"[profile p{n}]\nsso_session = corp\nsso_account_id = {n:012}\nsso_role_name = R\n"
        for n in range(ROWS)
    )
    home.write_config(f"[sso-session corp]\n{session}{more}{''.join(profiles)}")
    app = App(env)
    listed = (
        ListedAccount(Account(f"{n:012}", f"prod-{n}", f"prod-{n}@example.com"), ("A", "B"))
        for n in range(ROWS // 2)
    )
    app.directory.save("corp", Listing(START_URL, "us-east-1", app.clock.now(), tuple(listed)))
    return home


def read_first_line(home: Home, argv: list[str], **environ: str) -> tuple[int, str, bytes]:
    """Return exit code, stderr and the first line, after which nothing more is read."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([SCRIPT, *argv], env={**home.env, **environ}, **streams) as process:
        assert process.stdout
        assert process.stderr
        # Unbuffered, and exactly one line: `head` would read more, and so hide errors.
        line = b""
        while not line.endswith(b"\n") and (part := os.read(process.stdout.fileno(), 1)):
            line += part
        process.stdout.close()
        said = process.stderr.read().decode()
    return process.returncode, said, line


def crashes(home: Home) -> list[str]:
    """Return the logs of internal errors, and remove them for the next test."""
    found = []
    for log in (home.path / "own" / "state").glob("crashes/*"):
        found.append(log.read_text())
        log.unlink()
    return found


def messages(said: str) -> list[str]:
    """Return a command's messages, without those of `profile sync` about existing profiles."""
    lines = said.splitlines()
    if lines[:1] == ["profiles that other tools or you wrote:"]:
        told = ("20000 profiles of", "    p0, p1, ", "--adopt")
        return [line for line in lines[1:] if not any(text in line for text in told)]
    return lines


@pytest.mark.parametrize("environ", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["", "unbuffered"])
@pytest.mark.parametrize("argv", long_after(1, LARGE), ids=" ".join)
def test_a_reader_of_one_line_ends_the_command_without_a_message(crowded, argv, environ):
    code, said, line = read_first_line(crowded, argv, **environ)
    assert line
    assert (code, messages(said), crashes(crowded)) == (141, [], [])


@pytest.mark.parametrize("argv", [*long_after(0, LARGE), *long_after(2, SMALL)], ids=" ".join)
def test_a_reader_that_is_gone_at_the_start_ends_the_command_without_a_message(crowded, argv):
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdin": subprocess.DEVNULL, "stdout": writing, "stderr": subprocess.PIPE}
    done = subprocess.run([SCRIPT, *argv], env=crowded.env, text=True, timeout=120, **streams)
    os.close(writing)
    assert (done.returncode, messages(done.stderr), crashes(crowded)) == (141, [], [])


@pytest.mark.long
def test_list_in_a_pipeline_whose_reader_ends_prints_no_error(crowded):
    line = f"set -o pipefail; {SCRIPT} list --session corp | head -1"
    done = run_program(["bash", "-c", line], crowded.env)
    assert (done.returncode, done.stderr) == (141, "")
    assert done.stdout.split("\t")[:3] == ["000000000000", "prod-0", "A"]
