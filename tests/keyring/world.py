"""A signed-in home with keyring storage, and what is in it in clear."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests import leak_watch
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.guards.world import Terminal
from tests.keyring.desktop import Desktop
from tests.processes import end_detached_processes
from tests.programs import run_program
from tests.published import date_back
from tests.runs import RUNS

ACCOUNT, ROLE = "000030000003", "ReadOnlyAccess"
OTHER_ACCOUNT = "000030000001"
# Four letters alone are found by chance in the base64 of a sealed file.
_SECRET = re.compile(leak_watch.CANARY)


def arguments(account: str = ACCOUNT) -> list[str]:
    return ["--session", "corp", "--account-id", account, "--role-name", ROLE]


class World:
    """Runs commands in a home whose runtime folder is in memory, beside a desktop's keyring."""

    def __init__(self, home: Home, emulator: Emulator, desktop: Desktop, runtime: Path) -> None:
        self.home, self.emulator, self.desktop = home, emulator, desktop
        self.runtime = runtime / "ssohelper"
        home.env["XDG_RUNTIME_DIR"] = str(runtime)
        home.add_session("corp", emulator.world.start_url, emulator.world.region)
        self.token = home.write_token(emulator.issue_token("ana"))

    def run(self, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environ = {**self.home.env, **more}
        return RUNS.run([SCRIPT, *argv], environ, self.home.path, None, RUN_SECONDS)

    def launch(self, account: str = ACCOUNT, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run the launcher, as a profile does."""
        return run_program(
            [f"{SCRIPT}-credentials", *arguments(account)], {**self.home.env, **more}
        )

    def use_keyring(self) -> "subprocess.CompletedProcess[str]":
        """Move the sign-in into the keyring."""
        done = self.run("config", "set", "storage", "keyring")
        assert done.returncode == 0, done.stderr
        date_back(self.home.path / ".config" / "ssohelper" / "config.toml")
        return done

    def move_to_files(self) -> str:
        """Move the sign-in out of the keyring, as a user on a terminal; return what was shown."""
        terminal = Terminal(self.home)
        code, shown = terminal.run(f"{SCRIPT} config set storage file", "loosen")
        terminal.close()
        assert code == 0, shown
        return shown

    def end_brokers(self) -> None:
        """End the brokers, which may know the key."""
        end_detached_processes(self.home.path)

    def status(self) -> dict[str, object]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)["data"]
        return found

    def find_plain(self) -> list[str]:
        """Return the files of home and runtime folder that have a secret in clear."""
        found = [
            str(path)
            for base in (self.home.path, self.runtime)
            for path in base.rglob("*")
            if path.is_file() and not path.is_symlink() and _SECRET.search(path.read_bytes())
        ]
        return sorted(found)


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Yield a private folder in memory; skip the test where there is none."""
    if not Path("/dev/shm").is_dir():
        pytest.skip("there is no /dev/shm here")
    folder = Path(tempfile.mkdtemp(prefix="ssohelper-run-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
