"""A run in a fork is what a start of the program is, to the test and to the rest of the machine."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.fork_server import HOME, can_be_forked
from tests.long_rows import long_after
from tests.processes import broker_ids, end_detached_processes, parent_of
from tests.programs import run_program
from tests.runs import RUNS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


def really(home: Home, *argv: str) -> "subprocess.CompletedProcess[str]":
    """Start the program, without a fork server."""
    more = {"capture_output": True, "text": True, "timeout": RUN_SECONDS, "cwd": home.path}
    return subprocess.run([SCRIPT, *argv], env=home.env, stdin=subprocess.DEVNULL, **more)


@pytest.mark.parametrize(
    "argv",
    long_after(2, [["status"], ["nonsense"], ["--version"], ["list"], ["completion", "bash"]]),
)
def test_code_and_output_are_those_of_a_start(home, run, argv):
    ended = [(one.returncode, one.stdout, one.stderr) for one in (run(*argv), really(home, *argv))]
    assert ended[0] == ended[1]


def looks_of(pid: int) -> dict[str, Any]:
    """Return what others see of the process."""
    proc = Path("/proc", str(pid))
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())
    # The script names Python by another link of the environment (python3.11) than we may.
    program, *words = (proc / "cmdline").read_text().rstrip("\0").split("\0")
    names = ("Uid", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs")
    return {
        "words": [os.path.realpath(program), *words],
        "variables": sorted((proc / "environ").read_text().rstrip("\0").split("\0")),
        "folder": os.readlink(proc / "cwd"),
        "open": sorted(os.listdir(proc / "fd")),
        "streams": [os.readlink(proc / "fd" / str(number)).split(":")[0] for number in range(3)],
        "ids": (os.getpgid(pid), os.getsid(pid)),
        "status": [status[name] for name in names],
    }


class Served:
    """`emulator serve` in a thread, and its process."""

    def __init__(self, home: Home, start: Callable[..., Any]) -> None:
        ready = home.path / "ready"
        self.words = ["emulator", "serve", "--port", "0", "--ready-file", str(ready)]
        self._done: list[subprocess.CompletedProcess[str]] = []
        self._thread = threading.Thread(target=lambda: self._done.append(start(*self.words)))
        self._thread.start()
        ends_at = time.monotonic() + RUN_SECONDS
        while not ready.exists():
            assert time.monotonic() < ends_at
            time.sleep(0.01)
        [self.pid] = [
            int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._is(entry / "cmdline")
        ]

    def _is(self, file: Path) -> bool:
        with contextlib.suppress(OSError):
            words = file.read_bytes().decode().rstrip("\0").split("\0")
            return words[-6:] == self.words
        return False

    def end(self, number: signal.Signals) -> "subprocess.CompletedProcess[str]":
        os.kill(self.pid, number)
        self._thread.join()
        return self._done[0]


def test_the_process_looks_like_a_start(home, run):
    """In /proc, where the leak watch reads."""
    looks = []
    for start in (run, partial(really, home)):
        served = Served(home, start)
        looks.append(looks_of(served.pid))
        assert served.end(signal.SIGTERM).returncode == 0
    assert looks[0] == looks[1]
    assert f"HOME={home.path}" in looks[0]["variables"]


def test_a_detached_process_of_a_fork_looks_like_one_of_a_start(home, emulator, run):
    home.add_session()
    home.write_token(emulator.issue_token("ana"))
    looks = []
    for start, role in ((run, "ReadOnlyAccess"), (partial(really, home), "Developer")):
        argv = ["--session", "corp", "--account-id", "000040000001", "--role-name", role]
        assert start("credential-process", *argv).returncode == 0
        [pid] = broker_ids(home.path)
        assert (parent_of(pid) == RUNS.server_id) is (start is run)
        looks.append(looks_of(pid))
        assert looks[-1].pop("ids") == (pid, pid)
        assert len(looks[-1].pop("open")) < 20  # its connections to AWS come and go
        *words, _address = looks[-1].pop("words")
        assert words[1:] == ["-m", "ssohelper", "broker-process", "corp"]
        end_detached_processes(home.path)
    assert looks[0] == looks[1]


_PATHS_OF_THE_SERVER = """
import gc, sys
from importlib import import_module
from tests import fork_server
for name in fork_server.LOADED:
    import_module(name)
def paths():
    for one in gc.get_objects():
        if type(one) in (dict, tuple) and one is not globals() and one is not vars(fork_server):
            for each in one.values() if type(one) is dict else one:
                if type(each) is str and each.startswith(fork_server.HOME + "/"):
                    if "/.local" not in each:  # Python's own, made at its start
                        yield each
print(len(list(paths())))
fork_server._move_paths_of_botocore("/elsewhere")
sys.stdout.writelines(paths())
"""


def test_no_loaded_module_keeps_a_path_of_the_servers_home():
    """A module that makes a path of HOME when it is imported would keep the HOME of the server."""
    env = {"HOME": HOME, "LANG": "C.UTF-8"}
    argv = [sys.executable, "-c", _PATHS_OF_THE_SERVER]
    said = run_program(argv, env, cwd=Path(__file__).parents[1])
    before, _, after = said.stdout.partition("\n")
    assert (int(before) > 0, after, said.stderr) == (True, "", "")


def test_what_python_reads_at_its_start_makes_it_a_start(home, run):
    assert "import time:" in run("--version", env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr
    assert not can_be_forked({**home.env, "LC_ALL": "C"})
    assert can_be_forked(home.env)
