"""A home with a signed-in session, and ways to time real commands in it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.emulator.server import Emulator
from ssohelper.stores.directory_cache import DirectoryCache
from tests.conftest import Home
from tests.published import date_back
from tests.torture import ground
from tests.torture.ground import LAUNCHER, SSOHELPER, START_URL, Ground, helper, native
from tests.torture.rows import Row

AWS_CLI = ground.AWS_CLI if os.access(ground.AWS_CLI, os.X_OK) else None
REGION = "us-east-1"
# What our commands are measured against.
SHELL, PYTHON = ["/bin/sh", "-c", ":"], [sys.executable, "-c", "pass"]


def against(what: str, ours: list, theirs: list, target: float, *, places=1, more="") -> Row:
    """Return the row of a ratio, of two medians of seconds."""
    ratio = median(ours) / median(theirs)
    figures = " against ".join(f"{median(one) * 1000:.{places}f} ms" for one in (ours, theirs))
    return Row(what, f"{ratio:.2f} ({figures}{more})", f"≤ {target}", ratio <= target)


class Failed(Exception):
    """Raised if what is to be measured fails; the message says how."""


class Bench(Ground):
    """Times commands in its home, which has one profile in AWS's own form."""

    def __init__(self, files: Home, emulator: Emulator) -> None:
        super().__init__(files, emulator)
        self.add_profile("native", native())
        self.credential_process = helper(program=SSOHELPER)
        self.launcher_command = helper()

    # -- preparing the home that is measured -----------------------------------------------------

    def write_settings(self, text: str) -> None:
        """Write ssohelper's own settings, as if that had been some time ago."""
        path = self.home / ".config" / "ssohelper" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        date_back(path)

    def profiles(self, number: int) -> bytes:
        """Return that many profiles as text."""
        line = " ".join(self.credential_process)
        rest = f"credential_process = {line}\nregion = {REGION}\n\n"
        return "".join(f"[profile p{index}]\n{rest}" for index in range(number)).encode()

    def add_profile_for_each_role(self, accounts: int, roles: int) -> None:
        """Add the profiles that `profile sync` writes for the listing of this size."""
        with open(self.config, "a") as config:
            for n in range(accounts):
                for number in range(roles):
                    key = f"--session corp --account-id 0000{n:08d} --role-name Role{number:02d}"
                    config.write(
                        f"[profile account-{n:05d}.Role{number:02d}]\n"
                        f"credential_process = {LAUNCHER} {key}\n"
                        f"region = {REGION}\nssohelper_managed = true\n\n"
                    )
        date_back(self.config)

    def save_listing(self, accounts: int, roles: int, *, age_seconds: int = 0) -> None:
        """Save a listing of this size, as if AWS had just been asked."""
        names = tuple(f"Role{number:02d}" for number in range(roles))
        listed = tuple(
            ListedAccount(
                Account(f"0000{n:08d}", f"account-{n:05d}", "a@x.org"), names, False, True
            )
            for n in range(accounts)
        )
        state = DirectoryCache(self.home / ".local" / "state" / "ssohelper")
        state.save("corp", Listing(START_URL, REGION, int(time.time()) - age_seconds, listed))

    def forget_credentials(self) -> None:
        """Make the next call a miss for us and for the AWS CLI; the token stays."""
        for path in (self.runtime, self.home / ".aws" / "cli" / "cache"):
            shutil.rmtree(path, ignore_errors=True)

    # -- running the commands that are measured --------------------------------------------------

    def credentials(self) -> None:
        """Fetch credentials once, so that the next call is a hit."""
        self.timed(self.credential_process)

    def change_config(self, content: bytes) -> None:
        """Write the config as if that had been some time ago, and make the next call a hit again."""
        self.config.write_bytes(content)
        date_back(self.config)
        self.credentials()

    def has_hit(self) -> bool:
        """Return whether a launcher that has no `ssohelper` beside it gives an answer."""
        alone = self.home / "alone"
        alone.mkdir(exist_ok=True)
        shutil.copy(self.launcher_command[0], alone)
        command = [str(alone / "ssohelper-credentials"), *self.launcher_command[1:]]
        return self.said(command).startswith('{"Version":1,')

    def timed(self, command: list[str]) -> float:
        """Return the seconds that a command takes; one that fails ends the run."""
        begun = time.perf_counter()
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        done = subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, **streams)
        took = time.perf_counter() - begun
        if done.returncode:
            raise Failed(f"{command} failed: {done.stderr.decode(errors='replace')}")
        return took

    def in_turn(
        self, rounds: int, *commands: list[str], before: Callable[[], object] = lambda: None
    ) -> list[list[float]]:
        """Return the seconds of each command; `before` is called before each round."""
        times: list[list[float]] = [[] for _ in commands]
        for _ in range(rounds):
            before()
            for one, command in zip(times, commands, strict=True):
                one.append(self.timed(command))
        return times

    def hits_in_turn(self, rounds: int, *commands: list[str]) -> list[list[float]]:
        self.credentials()
        self.emulator.reset_counters()
        times = self.in_turn(rounds, *commands)
        self.check_hits()
        return times

    def check_hits(self) -> None:
        if self.emulator.counters["GetRoleCredentials"] or not self.has_hit():
            raise Failed("these were no hits")

    def said(self, command: list[str]) -> str:
        """Return what a command prints."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True)
        return done.stdout

    def all_at_once(self, command: list[str], number: int) -> int:
        """Run `number` processes of a command at once; return how many failed or printed no keys."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = [subprocess.Popen(command, env=self.env, **pipes) for _ in range(number)]
        outputs = [process.communicate(timeout=60)[0] for process in running]
        answers = {out for out in outputs if out.startswith(b'{"Version":1,')}
        failed = sum(process.returncode != 0 for process in running)
        return failed + (len(answers) != 1)

    def launcher(self) -> str:
        """Return whose console script this environment has: pip's imports re, uv's does not."""
        return "pip" if "import re" in Path(SSOHELPER).read_text() else "uv"
