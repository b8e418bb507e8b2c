"""Two users of one machine, ana and bob: real user ids, real processes, the installed program."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, SCRIPT
from tests.processes import end_detached_processes

ROOT = Path(__file__).resolve().parents[2]
# Ids that no passwd entry has, as in a container.
ANA, BOB = 41001, 41002
SESSION, ACCOUNT, ROLE = "corp", "000030000003", "ReadOnlyAccess"
KEY = ("--session", SESSION, "--account-id", ACCOUNT, "--role-name", ROLE)
_SECONDS = 60.0

Answer = subprocess.CompletedProcess[str]


# Runs a program to which the user database gives another home, by a bind mount that no other program
# sees. If /run/user has a folder of root's, one takes its place that the program may not trust.
_IN_ANOTHER_HOME = """\
mount --bind "$1/passwd" /etc/passwd || exit
[ ! -d /run/user/0 ] || mount --bind "$1/run" /run/user/0 || exit
shift
exec "$@"
"""


class Person(NamedTuple):
    """A user with a home; `env` leads there and to the Identity Center."""

    uid: int
    home: Path
    env: dict[str, str]
    # A command that runs the program that is named by its last arguments.
    runner: tuple[str, ...] = ()

    def run(self, *argv: str, program: str = SCRIPT, **env: str) -> Answer:
        """Run the program as this user."""
        return subprocess.run(
            [*self.runner, program, *argv],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            cwd="/",
            user=self.uid,
            group=self.uid,
            extra_groups=[],
        )

    def start(self, code: str, *argv: str) -> "subprocess.Popen[str]":
        """Start Python code as this user, with the tests in reach."""
        return subprocess.Popen(
            [sys.executable, "-c", code, *argv],
            env={**self.env, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            user=self.uid,
            group=self.uid,
            extra_groups=[],
        )

    def python(self, code: str, *argv: str) -> Answer:
        """Run Python code as this user to its end."""
        process = self.start(code, *argv)
        out, err = process.communicate(timeout=RUN_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def credentials(self, **env: str) -> Answer:
        return self.run("credential-process", *KEY, **env)

    def folder(self, path: Path, mode: int = 0o700) -> Path:
        """Make a folder of this user's."""
        path.mkdir()
        path.chmod(mode)
        os.chown(path, self.uid, self.uid)
        return path

    def write(self, path: Path, text: str, mode: int = 0o600) -> Path:
        """Write a file of this user's."""
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, self.uid, self.uid)
        return path


class Machine(NamedTuple):
    """One machine: a folder that all may enter, ana who is signed in, bob, and root.

    `root_home` is the home that the user database gives root: the real one is left alone.
    """

    folder: Path
    emulator: Emulator
    ana: Person
    bob: Person
    root_home: Path

    def root(self, **env: str) -> Person:
        """Return root as `sudo -E` runs it: ana's environment, ana's HOME."""
        runner = ("unshare", "--mount", "sh", "-c", _IN_ANOTHER_HOME, "sh", str(self.root_home))
        return Person(0, self.ana.home, {**self.ana.env, **env}, runner)


@contextmanager
def machine() -> Iterator[Machine]:
    """Yield two users on one machine; ana has set up her portal."""
    with (
        tempfile.TemporaryDirectory(prefix="two-users-") as name,
        tempfile.TemporaryDirectory(prefix="root-home-") as root_name,
        Emulator() as emulator,
    ):
        folder = Path(name)
        root_home = Path(root_name)
        (root_home / "run").mkdir()
        (root_home / "run").chmod(0o777)
        (root_home / "passwd").write_text(f"root:x:0:0:root:{root_home}:/bin/sh\n")
        folder.chmod(0o755)
        emulator.auto_approve = "ana"
        ana, bob = (_person(folder, emulator, uid) for uid in (ANA, BOB))
        set_up = ana.run(
            "setup", emulator.world.start_url, "--region", emulator.world.region,
            "--session", SESSION, "--yes", "--device-code", "--no-browser",
        )  # fmt: skip
        assert set_up.returncode == 0, set_up.stderr
        try:
            yield Machine(folder, emulator, ana, bob, root_home)
        finally:
            end_detached_processes(folder)


def _person(folder: Path, emulator: Emulator, uid: int) -> Person:
    home, runtime = folder / f"home-{uid}", folder / f"runtime-{uid}"
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PYTHONDONTWRITEBYTECODE": "1",
        **emulator.environment(),
    }
    made = Person(uid, home, env)
    made.folder(home)
    made.folder(runtime)
    return made


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


def is_of_aws(machine: Machine, answer: Answer) -> bool:
    """Return whether the keys are those that the Identity Center issued for the role."""
    issued = machine.emulator.issued.get(json.loads(answer.stdout)["AccessKeyId"])
    return issued is not None and (issued.account_id, issued.role_name) == (ACCOUNT, ROLE)


def holds_no_secret(folder: Path, emulator: Emulator) -> bool:
    """Return whether no file in the folder has a secret of the Identity Center."""
    mark = emulator.canary.encode()
    return not any(
        mark in path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def wait_for(holds: Callable[[], object]) -> None:
    ends_at = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.01)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()
