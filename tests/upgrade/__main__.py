"""Upgrade from each build of commits.txt in place, and print what fails; exit code 1 if anything does.

Each build is installed from this repository into a virtual environment. It signs in to the emulator,
writes profiles, gets the credentials of each, and shows its prompt in a bash that stays open. Then the
present build is installed over it, and is used in the same home: every profile, `status`, `list`,
`undo` and the open shell must answer at once, without an error.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests.conftest import make_home
from tests.processes import end_detached_processes
from tests.programs import run_program

ROOT = Path(__file__).parents[2]
COMMITS = Path(__file__).with_name("commits.txt")
# What is meant is that nothing waits for a timeout: on an idle machine each call takes 0.3 s.
AT_ONCE_SECONDS = 10.0
EDITED = "data-lake.ReadOnlyAccess"
OTHER = "network.ReadOnlyAccess"


def main() -> int:
    if _git("rev-parse", "--is-shallow-repository") != "false":
        print("upgrade: this needs a full clone: git fetch --unshallow", file=sys.stderr)
        return 2
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        wheel = _build(ROOT, Path(folder, "present"))
        for line in COMMITS.read_text().splitlines():
            if not line.startswith("#"):
                commit, _, about = line.partition(" ")
                errors = Upgrade(Path(folder, commit), commit, wheel).run()
                failed += len(errors)
                print(f"{commit}  {len(errors)} errors  ({about})", flush=True)
                for error in errors:
                    print(f"    {error}", flush=True)
    print(f"{failed} errors", flush=True)
    return 1 if failed else 0


def _git(*words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=ROOT, text=True).strip()


def _build(source: Path, to: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(to)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    [wheel] = to.glob("*.whl")
    return wheel


class Upgrade:
    """One home, in which the earlier build is used first and then the present one."""

    def __init__(self, folder: Path, commit: str, wheel: Path) -> None:
        self._folder, self._commit, self._wheel = folder, commit, wheel
        self._bin = folder / "venv" / "bin"
        self._errors: list[str] = []
        (folder / "home").mkdir(parents=True)
        self._home = make_home(folder / "home")
        self._home.env["PATH"] = f"{self._bin}:/usr/bin:/bin"

    def run(self) -> list[str]:
        with Emulator() as emulator:
            emulator.auto_approve = "ana"
            self._home.env.update(emulator.environment())
            try:
                self._install_earlier()
                self._use_earlier()
                shell = self._open_shell()
                self._pip("install", "--force-reinstall", str(self._wheel))
                self._check(emulator, shell)
                shell.close(force=True)
            finally:
                end_detached_processes(self._folder)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._errors

    def _install_earlier(self) -> None:
        source = self._folder / "source"
        source.mkdir()
        archive = subprocess.check_output(["git", "archive", self._commit], cwd=ROOT)
        subprocess.run(["tar", "x"], cwd=source, input=archive, check=True)
        subprocess.run([sys.executable, "-m", "venv", self._bin.parent], check=True)
        self._pip("install", str(source))

    def _pip(self, *words: str) -> None:
        pip = [str(self._bin / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *words], check=True)

    def _use_earlier(self) -> None:
        setup = ("setup", START_URL, "--session", "corp", "--region", "us-east-1")
        self._must(*setup, "--device-code", "--no-browser", "--yes")
        self._must("list")
        for profile in self._profiles():
            self._credentials(profile)
        self._before = self._home.config_file.read_bytes()
        self._must("profile", "rm", EDITED, "--yes")
        self._after = self._home.config_file.read_bytes()
        assert self._before != self._after

    def _open_shell(self) -> "pexpect.spawn[str]":
        shell = pexpect.spawn(
            "/bin/bash", ["--norc", "--noprofile", "-i"],
            env={**self._home.env, "PS1": "$ "}, encoding="utf-8", timeout=60, dimensions=(40, 200),
        )  # fmt: skip
        self._type(shell, "bind 'set enable-bracketed-paste off'")
        self._type(shell, f'eval "$({self._bin}/ssohelper shell-init bash)"; ssohelper_prompt_on')
        self._type(shell, f"ssohelper use {OTHER}")
        shown = self._prompt_of(shell)
        assert shown.startswith(OTHER), shown
        return shell

    def _check(self, emulator: Emulator, shell: "pexpect.spawn[str]") -> None:
        profiles = self._profiles()
        assert len(profiles) > 10
        for _ in range(2):
            for profile in profiles:
                self._answers(profile, lambda one=profile: self._credentials(one))
            asked = emulator.counters["GetRoleCredentials"]
        for profile in profiles:
            self._answers(profile, lambda one=profile: self._credentials(one))
        if emulator.counters["GetRoleCredentials"] != asked:
            self._errors.append("cached credentials are not served")
        for words in (("status",), ("list",), ("doctor",), ("prompt",), ("--version",)):
            self._answers(" ".join(words), lambda these=words: self._must(*these))
        # An open shell has the earlier functions, which ask the present program.
        use = f"ssohelper use {profiles[0]}"
        for command in (":", "touch ~/.aws/config", use, "ssohelper clear"):
            self._answers(f"open shell: {command}", lambda this=command: self._type(shell, this))
            used = OTHER if "use" not in command and "clear" not in command else profiles[0]
            shown = self._prompt_of(shell)
            expected = r"" if "clear" in command else rf"(@@)?{re.escape(used)}( [\w=?]+)*"
            if re.fullmatch(expected, shown) is None:
                self._errors.append(f"open shell: {command}: the prompt is {shown!r}")
        self._answers("undo", lambda: self._must("profile", "undo", "--yes"))
        if self._home.config_file.read_bytes() != self._before:
            self._errors.append("undo did not restore the config")

    def _answers(self, what: str, run: Callable[[], object]) -> None:
        began = time.monotonic()
        try:
            run()
        except (AssertionError, pexpect.ExceptionPexpect) as error:
            self._errors.append(f"{what}: {str(error)[:300]}")
        if time.monotonic() - began > AT_ONCE_SECONDS:
            self._errors.append(f"{what}: took {time.monotonic() - began:.0f} s")

    def _profiles(self) -> list[str]:
        return re.findall(r"^\[profile (.+)\]$", self._home.config_file.read_text(), re.MULTILINE)

    def _credentials(self, profile: str) -> None:
        """Run the profile's command as an SDK does."""
        text = self._home.config_file.read_text().partition(f"[profile {profile}]")[2]
        [line, *_] = re.findall(r"^credential_process = (.*)$", text, re.MULTILINE)
        done = self._run(*shlex.split(line))
        assert json.loads(done.stdout)["Version"] == 1

    def _must(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self._run(str(self._bin / "ssohelper"), *words)

    def _run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        done = run_program(argv, self._home.env)
        assert done.returncode == 0, f"{shlex.join(argv)}: {done.returncode} {done.stderr}"
        assert "error" not in done.stderr, done.stderr
        return done

    def _type(self, shell: "pexpect.spawn[str]", line: str) -> str:
        """Type a line into the shell, and return what it prints before the next prompt."""
        shell.sendline(f"{line}; echo en''d=$?")
        shell.expect(r"end=(\d+)\r\n")
        assert shell.match.group(1) == "0", shell.before
        assert "error" not in shell.before, shell.before
        return str(shell.before)

    def _prompt_of(self, shell: "pexpect.spawn[str]") -> str:
        self._type(shell, ":")  # shows the prompt, which asks the program where it must
        printed = self._type(shell, 'printf "<%s>" "${SSOHELPER_PROMPT_TEXT-}"')
        return re.findall(r"<([^%>]*)>", printed)[-1]


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
