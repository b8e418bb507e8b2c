"""A program in a sandbox, or with low limits, asks first; the user's other programs are served.

The programs run as a user who cannot undo a limit or a nice level, as root could.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.processes import broker_ids, end_detached_processes
from tests.two_users.conftest import KEY, Answer, Machine

pytestmark = pytest.mark.needs_root

LAUNCHER = str(Path(SCRIPT).with_name("ssohelper-credentials"))
BWRAP = ("bwrap", "--dev-bind", "/", "/")
# Runs a program that may write to no file below the named folder, or, with "net", may open no TCP
# connection. The numbers are of linux/landlock.h and of the system calls.
LANDLOCK = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    result = libc.syscall(*arguments)
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result
what, argv = sys.argv[1], sys.argv[2:]
write = 1 << 1 | 0b111111111 << 4 | 1 << 14
rules = struct.pack("QQ", 0, 3) if what == "net" else struct.pack("Q", write)
ruleset = call(444, rules, len(rules), 0)
home = os.environ["HOME"]
folders = [os.environ["XDG_RUNTIME_DIR"], "/dev", *(f"{home}/{name}" for name in os.listdir(home))]
for folder in folders:
    if what != "net" and folder != what:
        rule = struct.pack("=Qi", write, os.open(folder, os.O_PATH))
        call(445, ruleset, 1, rule, 0)
libc.prctl(38, 1, 0, 0, 0)
call(446, ruleset, 0)
os.execvp(argv[0], argv)
"""


def limited(limit: str) -> tuple[str, ...]:
    return "bash", "-c", f'ulimit {limit}; exec "$@"', "bash"


LANDLOCKED = (sys.executable, "-I", "-c", LANDLOCK)
# Each sandbox, with ".aws" for that folder; the exit code in it, and the brokers that it starts.
SANDBOXES = {
    "no network": ((*BWRAP, "--unshare-net"), 6, 1),
    "read-only .aws": ((*BWRAP, "--ro-bind", ".aws", ".aws"), 7, 1),
    "no file may grow": (limited("-f 0"), 0, 0),
    "60 MB of memory": (limited("-v 60000"), 0, 0),
    "nice": (("nice", "-n", "19"), 0, 0),
    "Landlock: no TCP": ((*LANDLOCKED, "net"), 6, 1),
    "Landlock: read-only .aws": ((*LANDLOCKED, ".aws"), 7, 1),
}


@pytest.mark.parametrize(("prefix", "code", "brokers"), SANDBOXES.values(), ids=SANDBOXES)
def test_calls_outside_do_not_fail(place, prefix, code, brokers):
    end_detached_processes(place.folder)
    forget(place)
    if ".aws" in prefix:  # a token that must be renewed
        for path in (place.victim.home.path / ".aws" / "sso" / "cache").glob("*.json"):
            token = json.loads(path.read_text())
            if "accessToken" in token:
                path.write_text(json.dumps({**token, "expiresAt": "2020-01-01T00:00:00Z"}))
    aws = str(place.victim.home.path / ".aws")
    inside = ask(place, *(aws if word == ".aws" else word for word in prefix))
    if LANDLOCK in prefix and "not " in inside.stderr and not broker_ids(place.folder):
        pytest.skip(f"the kernel has no such Landlock: {inside.stderr}")
    assert inside.returncode == code, inside.stderr
    assert inside.stderr.count("\n") <= 3
    assert len(broker_ids(place.folder)) == brokers
    for _ in range(3):
        forget(place)
        outside = ask(place)
        assert (outside.returncode, outside.stderr) == (0, "")
    niced = [os.getpriority(os.PRIO_PROCESS, pid) for pid in broker_ids(place.folder)]
    assert set(niced) == {0}


def ask(place: Machine, *prefix: str) -> Answer:
    return place.victim.run("/usr/bin/env", *prefix, LAUNCHER, *KEY)


def forget(place: Machine) -> None:
    """Remove cached credentials, so that the next call needs AWS."""
    runtime = place.victim.home.env["XDG_RUNTIME_DIR"]
    subprocess.run(["rm", "-rf", f"{runtime}/ssohelper/credentials"], check=True)
