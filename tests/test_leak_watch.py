"""The watcher over the whole run sees what it is there for: planted secrets, here of its own."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssohelper.emulator.core import Center
from ssohelper.emulator.world import demo_world
from tests.leak_watch import CANARY, Finding, LeakWatch
from tests.long_rows import long_after
from tests.programs import run_program

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

# Not the emulator's: those the watcher over this very run would find.
PLANTED = "PLANTED-AT-abc123"
SLEEP = "import sys; sys.stdin.read()"


def seen(argv: list[str], env: dict[str, str] | None = None) -> set[Finding]:
    """Run a program below us, look at it until it has been seen; return what was found."""
    watch = LeakWatch(os.getpid(), "/no/such", PLANTED.encode())
    env = {"PATH": os.defpath, **(env or {})}
    child = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, text=True)
    ends_at = time.monotonic() + 60
    watch.look()
    while watch.ticks < 5:
        assert time.monotonic() < ends_at
        time.sleep(0.02)
        watch.look()
    child.communicate(timeout=60)
    return watch.findings


def test_a_secret_in_an_argv():
    [finding] = seen([sys.executable, "-c", SLEEP, f"--token={PLANTED}-and-more"])
    assert finding.where == "argv"
    assert "--token=(canary)-and-more" in finding.command
    assert finding.folder == os.getcwd()


@pytest.mark.parametrize("name", ["TOKEN", "AWS_SESSION_TOKEN"])
def test_a_secret_in_an_environment_and_keys_that_no_command_gave(name):
    [finding] = seen([sys.executable, "-c", SLEEP], {name: PLANTED})
    assert finding.where == f"{name} in environ"


def test_an_orphan_is_known_by_the_folder_in_its_environment(tmp_path):
    argv, env = [sys.executable, "-c", SLEEP, PLANTED], {"HOME": str(tmp_path / "home")}
    child = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE)
    # Nobody of this run: only the folder leads to it.
    watch = LeakWatch(-1, str(tmp_path), PLANTED.encode())
    ends_at = time.monotonic() + 60
    while not watch.findings:
        assert time.monotonic() < ends_at
        watch.look()
        time.sleep(0.02)
    child.communicate(timeout=60)
    elsewhere = LeakWatch(-1, "/no/such", PLANTED.encode())
    elsewhere.look()
    assert elsewhere.findings == set()


def test_a_process_that_has_not_ended_after_the_run(tmp_path):
    watch = LeakWatch(-1, str(tmp_path), PLANTED.encode())
    argv = [sys.executable, "-c", SLEEP]
    with subprocess.Popen(argv, env={"HOME": str(tmp_path)}, stdin=subprocess.PIPE) as child:
        watch.look_until_all_have_ended(0)
        [finding] = watch.findings
        assert (finding.where, finding.command) == ("not ended", " ".join(argv))
        child.kill()
        watch.findings.clear()
        watch.look_until_all_have_ended(60)
    assert watch.findings == set()


def wait_for(path: Path, part: bytes) -> None:
    ends_at = time.monotonic() + 60
    while part not in path.read_bytes():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
)
def test_what_exec_and_shells_give_their_children_is_allowed(tmp_path, name):
    give = f"export {name}={PLANTED[:3]}''{PLANTED[3:]}; {sys.executable} -c '{SLEEP}'; true"
    assert seen(["/bin/sh", "-c", give]) == set()
    script = tmp_path / "ssohelper"
    script.write_text(
        "import os, sys\n"
        f"os.environ[{name!r}] = {PLANTED!r}\n"
        "words = sys.argv[sys.argv.index('--') + 1:]\n"
        "sys.stdin.readline()\n"
        "os.execv(words[0], words)\n"
    )
    watch = LeakWatch(os.getpid(), "/no/such", PLANTED.encode())
    argv = [sys.executable, str(script), "exec", "p", "--", sys.executable, "-c", SLEEP]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, text=True) as child:
        # For a moment of its exec the kernel shows no words.
        wait_for(Path(f"/proc/{child.pid}/cmdline"), b"exec")
        watch.look()
        assert child.stdin
        print(file=child.stdin, flush=True)
        wait_for(Path(f"/proc/{child.pid}/environ"), PLANTED.encode())
        watch.look()
        child.stdin.close()
    assert watch.findings == set()


def test_the_emulators_secrets_are_what_it_looks_for():
    center = Center(demo_world(), time.time)
    issued = center.issue_credentials("ana", "000030000001", "ReadOnlyAccess", "arn", 3600)
    for secret in (center.make_secret("AT"), issued.secret_access_key, issued.session_token):
        assert re.search(CANARY, secret.encode())


_TESTS = f"""\
import subprocess, sys, time
import pytest


@pytest.mark.parametrize("number", range(4))
def test_some(number, tmp_path):
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    if number == 3:
        argv.append("{PLANTED}")
    child = subprocess.Popen(argv, env={{"HOME": str(tmp_path)}}, stdin=subprocess.PIPE)
    time.sleep(1)  # many times as long as the check takes between two looks
    child.communicate()
"""


@pytest.mark.parametrize("is_left_out", long_after(1, [False, True]))
def test_a_run_with_a_secret_in_a_process_list_fails(is_left_out, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from tests.leak_check import PLUGIN_NAME, LeakCheck\n"
        "def pytest_configure(config):\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        config.pluginmanager.register(LeakCheck('PLANTED-[A-Z]+-abc'), PLUGIN_NAME)\n"
    )
    (tmp_path / "test_some.py").write_text(_TESTS)
    options = ["-p", "no:leak-check"] if is_left_out else []
    done = run_program(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *options, "."],
        {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "TMPDIR": str(tmp_path),
        },
        cwd=tmp_path,
    )
    assert "4 passed" in done.stdout, done.stdout
    assert done.returncode == (0 if is_left_out else 1), done.stdout
    assert ("argv" in done.stdout and "(canary)" in done.stdout) is not is_left_out
