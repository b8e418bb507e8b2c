"""Two users of one machine: `victim` runs our program, `attacker` attacks it. Needs root.

Run by `make test-two-users`. Both have a user id that no account has, and a home; a test of this
suite runs their programs by `User.run` and `User.start`. `machine` has them for a whole module.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, SCRIPT, Home, environment_of_home
from tests.endpoint.world import Program, wait_for
from tests.processes import end_detached_processes
from tests.programs import run_program

# Between those of people (1000 to 59999) and nobody's (65534): no account has them.
VICTIM, ATTACKER = 64_001, 64_002
# A test kills all processes of VICTIM, perhaps while another one uses a `Machine`.
_MACHINE_VICTIM, _MACHINE_ATTACKER = 64_003, 64_004
SESSION, ACCOUNT, ROLE = "corp", "000030000003", "ReadOnlyAccess"
KEY = ("--session", SESSION, "--account-id", ACCOUNT, "--role-name", ROLE)

Answer = subprocess.CompletedProcess[str]

# Runs a program to which the user database gives another home, by a bind mount that no other program
# sees. If /run/user has a folder of root's, one takes its place that the program may not trust.
_IN_ANOTHER_HOME = """\
mount --bind "$1/passwd" /etc/passwd || exit
[ ! -d /run/user/0 ] || mount --bind "$1/run" /run/user/0 || exit
shift
exec "$@"
"""


wait_for = partial(wait_for, seconds=RUN_SECONDS)


class Running(Program):
    """A program that runs, with what it has printed so far."""

    def ends(self, number: int | None = None, seconds: float = RUN_SECONDS) -> int:
        """Return its exit code, after a signal if one is named; wait for its last words."""
        code = super().ends(number, seconds)
        for reader in self.readers:
            reader.join(RUN_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        return code


class User(NamedTuple):
    """A user with a home; the environment of all that it runs is `home.env`."""

    uid: int
    home: Home
    # A command that runs the program that its last arguments name.
    runner: tuple[str, ...] = ()

    def run(self, *argv: str, **env: str) -> Answer:
        """Run a program as this user: `ssohelper` when no path is named."""
        how = self._how(**env)
        return subprocess.run(self._argv(argv), capture_output=True, timeout=RUN_SECONDS, **how)

    def start(self, *argv: str) -> Running:
        return Running(self._argv(argv), self.home, **self._how())

    def python(self, script: str, *words: str, **env: str) -> Answer:
        """Run a Python script, which sees nothing of the tests."""
        return self.run(sys.executable, "-I", "-c", script, *words, **env)

    def credentials(self, account: str = ACCOUNT, **env: str) -> Answer:
        key = ("--session", SESSION, "--account-id", account, "--role-name", ROLE)
        return self.run("credential-process", *key, **env)

    def give(self, path: Path) -> Path:
        """Make this user the owner of the file or folder at `path`, and of all in it."""
        for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
            os.chown(each, self.uid, self.uid, follow_symlinks=False)
        return path

    def folder(self, path: Path, mode: int = 0o700) -> Path:
        path.mkdir()
        path.chmod(mode)
        return self.give(path)

    def write(self, path: Path, text: str, mode: int = 0o600) -> Path:
        path.write_text(text)
        path.chmod(mode)
        return self.give(path)

    def _argv(self, argv: tuple[str, ...]) -> list[str]:
        return [*self.runner, *(argv if os.path.isabs(argv[0]) else (SCRIPT, *argv))]

    def _how(self, **env: str) -> dict[str, Any]:
        whole = {**self.home.env, **env}
        who = {"user": self.uid, "group": self.uid, "extra_groups": []}
        return {**who, "cwd": "/", "env": whole, "stdin": subprocess.DEVNULL, "text": True}


@pytest.fixture(scope="session", autouse=True)
def _two_users_can_be_had():
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.exit("tests/two_users needs root on Linux: run `make test-two-users` as root", 2)
    done = run_program([SCRIPT, "--help"], {"PATH": "/usr/bin:/bin", "HOME": "/"}, user=VICTIM, group=VICTIM, extra_groups=[], cwd="/")  # fmt: skip
    if done.returncode != 0:
        why = "clone the repository where all may read, with a Python that all may run"
        pytest.exit(f"another user cannot run {SCRIPT}: {why}\n{done.stderr}", 2)


def _user(homes: Path, name: str, uid: int) -> User:
    path, runtime = homes / name, homes / f"{name}-run"
    made = User(uid, Home(path, environment_of_home(path, runtime)))
    for folder in (path, runtime):
        made.folder(folder)
    return made


# -- two users for each test -----------------------------------------------------------------------


@pytest.fixture
def homes() -> Iterator[Path]:
    """A folder that both users can get into: pytest's own is root's alone."""
    made = Path(tempfile.mkdtemp(prefix="ssohelper-two-users-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def victim(homes) -> User:
    return _user(homes, "victim", VICTIM)


@pytest.fixture
def attacker(homes) -> User:
    return _user(homes, "attacker", ATTACKER)


@pytest.fixture
def emulator(victim) -> Iterator[Emulator]:
    """An Identity Center to which the victim's environment leads, with the session "corp"."""
    with Emulator() as running:
        running.auto_approve = "ana"
        victim.home.env.update(running.environment())
        victim.home.add_session("corp", running.world.start_url, running.world.region)
        victim.give(victim.home.path)
        yield running


@pytest.fixture
def signed_in(victim, emulator) -> User:
    """The victim, in whose home ana is signed in by the AWS CLI, with the profile `job`."""
    with victim.home.config_file.open("a") as config:
        config.write("[profile job]\nsso_session = corp\nsso_account_id = 000030000001\n")
        config.write("sso_role_name = ReadOnlyAccess\nregion = eu-west-1\n")
    victim.home.write_token(emulator.issue_token("ana"))
    victim.give(victim.home.path)
    return victim


# -- two users for a module's tests ----------------------------------------------------------------


class Machine(NamedTuple):
    """A folder that all may enter, the victim who is signed in by `setup`, the attacker, and root.

    `root_home` is the home that the user database gives root: the real one is left alone.
    """

    folder: Path
    emulator: Emulator
    victim: User
    attacker: User
    root_home: Path

    def root(self, **env: str) -> User:
        """Return root as `sudo -E` runs it: with the victim's environment and HOME."""
        runner = ("unshare", "--mount", "sh", "-c", _IN_ANOTHER_HOME, "sh", str(self.root_home))
        home = self.victim.home
        return User(0, home._replace(env={**home.env, **env}), runner)

    def is_of_aws(self, answer: Answer) -> bool:
        """Return whether the keys are those that the Identity Center issued for the role."""
        issued = self.emulator.issued.get(json.loads(answer.stdout)["AccessKeyId"])
        return issued is not None and (issued.account_id, issued.role_name) == (ACCOUNT, ROLE)

    def set_up(self, user: User) -> None:
        world = self.emulator.world
        words = "--region", world.region, "--session", SESSION, "--device-code", "--no-browser"
        done = user.run("setup", world.start_url, "--yes", *words)
        assert done.returncode == 0, done.stderr


@contextmanager
def _machine() -> Iterator[Machine]:
    with (
        tempfile.TemporaryDirectory(prefix="two-users-") as name,
        tempfile.TemporaryDirectory(prefix="root-home-") as root_name,
        Emulator() as emulator,
    ):
        folder, root_home = Path(name), Path(root_name)
        (root_home / "run").mkdir()
        (root_home / "run").chmod(0o777)
        (root_home / "passwd").write_text(f"root:x:0:0:root:{root_home}:/bin/sh\n")
        folder.chmod(0o755)
        emulator.auto_approve = "ana"
        victim = _user(folder, "victim", _MACHINE_VICTIM)
        attacker = _user(folder, "attacker", _MACHINE_ATTACKER)
        for user in (victim, attacker):
            user.home.env.update(emulator.environment())
        made = Machine(folder, emulator, victim, attacker, root_home)
        made.set_up(made.victim)
        try:
            yield made
        finally:
            end_detached_processes(folder)


@pytest.fixture(scope="module")
def place() -> Iterator[Machine]:
    with _machine() as made:
        yield made


def foreign_files(folder: Path, uid: int) -> list[Path]:
    """Return what in the folder belongs to another user than this one."""
    return [path for path in folder.rglob("*") if path.lstat().st_uid != uid]


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return all that may be changed in a folder: names, owners, modes, contents."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (status.st_uid, status.st_mode, status.st_ino, content)
    return found


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


# -- what the attacker runs: a bare HTTP client that gets no file of ours --------------------------

# How a connection to 127.0.0.1 is made: `::ffff:127.0.0.1` stands in another table of the kernel.
IPV4, MAPPED = "127.0.0.1", "::ffff:127.0.0.1"
ADDRESSES = (IPV4, MAPPED)

# Words: address or socket's path, port (0: a socket file), the request, and what is done after it
# was sent: "read" the answer, or "close" at once.
_CLIENT = """
import socket, sys
address, port, request, then = sys.argv[1:]
family = socket.AF_UNIX if port == "0" else socket.AF_INET6 if ":" in address else socket.AF_INET
client = socket.socket(family)
client.settimeout(30)
try:
    client.connect(address if port == "0" else (address, int(port)))
    client.sendall(request.encode().decode("unicode_escape").encode())
    while then == "read" and (part := client.recv(65536)):
        sys.stdout.write(part.decode())
except OSError as error:
    print(type(error).__name__)
"""


def get(url: str, *headers: str) -> str:
    """Return the request for this address."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", *headers]
    return "".join(f"{line}\\r\\n" for line in [*lines, ""])


def send(
    user: User, address: str, port: int | None, request: str, then: str = "read"
) -> "subprocess.CompletedProcess[str]":
    """Send the bytes as this user; stdout is what came back, or the name of the error."""
    return user.python(_CLIENT, address, str(port or 0), request, then)


def visit(user: User, url: str, *headers: str, via: str = IPV4, then: str = "read") -> str:
    """Return what the address answered this user with; nothing when it hung up."""
    done = send(user, via, urlsplit(url).port, get(url, *headers), then)
    assert done.stderr == ""
    return done.stdout


# A server that hangs up on a user has not read the request, or has not even been written to.
HUNG_UP = ("", "ConnectionResetError\n", "BrokenPipeError\n")
