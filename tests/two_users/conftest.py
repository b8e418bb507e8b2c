"""Two users of one machine: `victim` runs our program, `attacker` attacks it. Needs root.

Run by `make test-two-users`. Both have a user id of their own, which no account has, and a home;
a test of this suite runs their programs by `User.run` and `User.start`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.programs import run_program

# Between those of people (1000 to 59999) and nobody's (65534): no account has them.
VICTIM, ATTACKER = 64_001, 64_002


class Running:
    """A program that runs, with what it has printed so far."""

    def __init__(self, argv: list[str], how: dict[str, Any]) -> None:
        del how["timeout"]
        self.process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how
        )
        self._lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        self._lines.extend(self.process.stdout)

    @property
    def said(self) -> str:
        return "".join(self._lines)

    def says(self, words: str) -> None:
        """Wait until it has printed this."""
        wait_for(lambda: words in self.said or self._has_ended())
        assert words in self.said, self.said

    def ends(self, number: int | None = None) -> int:
        """Return its exit code, after a signal if one is named; wait for its last words."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(RUN_SECONDS)
        self._reading.join(RUN_SECONDS)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _has_ended(self) -> bool:
        return self.process.poll() is not None and not self._reading.is_alive()


def wait_for(holds: Callable[[], object]) -> None:
    """Wait for what another process does; fails when it never comes."""
    give_up_at = time.monotonic() + RUN_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.02)


class User(NamedTuple):
    """A user with a home; the environment of all that it runs is `home.env`."""

    uid: int
    home: Home

    def run(self, *argv: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        """Run a program as this user: `ssohelper` when no path is named."""
        return subprocess.run(self._argv(argv), **self._how(capture_output=True, **more))

    def start(self, *argv: str) -> "Running":
        """Start a program as this user."""
        return Running(self._argv(argv), self._how())

    def python(self, script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a Python script, which sees nothing of ours."""
        return self.run(sys.executable, "-I", "-c", script, *words)

    def give(self, path: Path) -> Path:
        """Make this user the owner of the file or folder at `path`, and of all in it."""
        for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
            os.chown(each, self.uid, self.uid, follow_symlinks=False)
        return path

    def _argv(self, argv: tuple[str, ...]) -> list[str]:
        return list(argv) if os.path.isabs(argv[0]) else [SCRIPT, *argv]

    def _how(self, **more: Any) -> dict[str, Any]:
        return {
            "user": self.uid,
            "group": self.uid,
            "extra_groups": [],
            "cwd": self.home.path,
            "env": self.home.env,
            "stdin": subprocess.DEVNULL,
            "text": True,
            "timeout": RUN_SECONDS,
            **more,
        }


@pytest.fixture(scope="session", autouse=True)
def _two_users_can_be_had():
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.exit("tests/two_users needs root on Linux: run `make test-two-users` as root", 2)
    done = run_program([SCRIPT, "--help"], {"PATH": "/usr/bin:/bin", "HOME": "/"}, user=VICTIM, group=VICTIM, extra_groups=[], cwd="/")  # fmt: skip
    if done.returncode != 0:
        pytest.exit(
            f"another user cannot run {SCRIPT}: clone the repository where all may read, with a "
            f"Python that all may run\n{done.stderr}",
            2,
        )


@pytest.fixture
def homes() -> Iterator[Path]:
    """A folder that both users can get into: pytest's own is root's alone."""
    made = Path(tempfile.mkdtemp(prefix="ssohelper-two-users-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def _user(homes: Path, name: str, uid: int) -> User:
    path, runtime = homes / name, homes / f"{name}-run"
    for folder in (path, runtime):
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, uid)
    env = {
        "HOME": str(path),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return User(uid, Home(path, env))


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
    config = victim.home.config_file
    config.write_text(
        config.read_text()
        + "[profile job]\nsso_session = corp\nsso_account_id = 000030000001\n"
        + "sso_role_name = ReadOnlyAccess\nregion = eu-west-1\n"
    )
    victim.home.write_token(emulator.issue_token("ana"))
    victim.give(victim.home.path)
    return victim
