"""No process of ours that holds a secret leaves a core dump; the programs that it starts may."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after
from tests.processes import detached_processes
from tests.torture.ground import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/limits")

KEY = ("--session", "corp", "--account-id", "000030000003", "--role-name", "ReadOnlyAccess")
ROLE = "corp:000030000003/ReadOnlyAccess"
_SECONDS = 30.0


@pytest.fixture
def signed_in(home: Home, emulator: Emulator) -> Home:
    home.add_session("corp")
    home.write_token(emulator.issue_token("ana"))
    return home


def unlimited() -> None:
    """Do what `ulimit -c unlimited` does in the shell that starts us."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def start(home: Home, *argv: str, **more: Any) -> "subprocess.Popen[bytes]":
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    more = {"env": home.env, "cwd": home.path, "preexec_fn": unlimited, **streams, **more}
    return subprocess.Popen([SCRIPT, *argv], **more)


def soft_limit(pid: int) -> str:
    text = Path(f"/proc/{pid}/limits").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("Max core file size")]
    return line.split()[4]


def cores(home: Home) -> list[Path]:
    return [path for path in home.path.rglob("core*") if path.is_file()]


def ends_without_core(home: Home, process: "subprocess.Popen[bytes]", number: int) -> None:
    os.kill(process.pid, number)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -number
    assert (os.WIFSIGNALED(status), os.WTERMSIG(status)) == (True, number)
    assert (os.WCOREDUMP(status), cores(home)) == (False, [])


def test_this_machine_writes_core_dumps(home):
    """On a machine that writes no core dumps, the tests that forbid them would prove nothing."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    if pattern[0] in "|/":
        pytest.skip(f"cores go elsewhere: {pattern}")
    process = subprocess.Popen(["sleep", "60"], cwd=home.path, preexec_fn=unlimited)
    os.kill(process.pid, signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -signal.SIGABRT
    assert os.WCOREDUMP(status)
    assert cores(home)


@pytest.mark.parametrize("number", long_after(1, [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT]))
def test_a_caller_that_waits_for_its_credentials(signed_in, emulator, number):
    emulator.faults.script("GetRoleCredentials", never=True)
    process = start(signed_in, "credential-process", *KEY)
    assert wait_for(lambda: emulator.counters["GetRoleCredentials"])
    assert soft_limit(process.pid) == "1"
    ends_without_core(signed_in, process, number)


def test_a_login_that_waits_for_its_browser(home, emulator):
    home.add_session("corp")
    home.browser(visits=False)
    process = start(home, "login", "corp")
    assert wait_for((home.path / "opened").exists)
    # While the browser is started, the original limit is in force.
    assert wait_for(lambda: soft_limit(process.pid) == "1")
    ends_without_core(home, process, signal.SIGABRT)


def test_serve(signed_in):
    env_file = signed_in.path / "env"
    process = start(signed_in, "serve", ROLE, "--env-file", str(env_file))
    assert wait_for(env_file.exists)
    assert soft_limit(process.pid) == "1"
    ends_without_core(signed_in, process, signal.SIGSEGV)


@pytest.mark.parametrize("word", ["broker-process", "renewal-process"])
def test_the_detached_processes(signed_in, emulator, word):
    signed_in.write_token(emulator.issue_token("ana", seconds=5))
    emulator.faults.script("CreateToken", never=True)
    process = start(signed_in, "credential-process", *KEY)
    assert wait_for(lambda: emulator.counters["CreateToken"])
    found = [one for one in detached_processes(signed_in.path, word) if "-c" not in one.argv]
    assert [soft_limit(one.pid) for one in found] == ["1"]
    process.kill()
    process.wait()


def test_the_full_screen(signed_in):
    import pty

    main, terminal = pty.openpty()
    env = {**signed_in.env, "TERM": "xterm-256color"}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    process = start(signed_in, env=env, start_new_session=True, **streams)
    os.close(terminal)
    os.read(main, 1)
    assert soft_limit(process.pid) == "1"
    ends_without_core(signed_in, process, signal.SIGABRT)
    os.close(main)


@pytest.mark.parametrize("options", [(), ("--server",)], ids=["keys", "server"])
@pytest.mark.parametrize("limit", long_after(1, ["unlimited", "0"]))
def test_the_program_of_exec_has_the_original_limit(signed_in, options, limit):
    said = signed_in.path / "said"
    shell = f"ulimit -Sc {limit}; exec {SCRIPT} exec {' '.join(options)} {ROLE} -- "
    argv = ["sh", "-c", f'{shell} sh -c "ulimit -Sc > {said}"']
    subprocess.run(argv, env=signed_in.env, preexec_fn=unlimited, check=True)
    assert said.read_text().strip() == limit


def test_a_browser_has_the_original_limit(home, emulator, run):
    home.add_session("corp")
    said, _ = home.path / "said", home.browser()
    program = Path(home.env["BROWSER"])
    program.write_text(program.read_text().replace("#!/bin/sh", f"#!/bin/sh\nulimit -Sc > {said}"))
    assert start(home, "login", "corp").wait(_SECONDS) == 0
    assert said.read_text().strip() == "unlimited"
