"""A shell with our prompt text and a stand-in for `ssohelper` that says what a test wants it to."""

import shlex
import shutil
import subprocess
from pathlib import Path

from tests.programs import need

FOLDER = Path(__file__).resolve().parent.parent.parent / "shell"
_LAUNCHER = FOLDER / "ssohelper-credentials"
SHELLS = ("bash", "zsh", "fish")
ARGV = {
    "bash": ["--norc", "--noprofile"],
    "zsh": ["-f"],
    "fish": ["--no-config", "--private"],
}
# What the stand-in does beside counting its starts: it prints the file `learnt`.
_STAND_IN = '#!/bin/sh\necho "$*" >> {counted}\ncat {learnt}\n'


class PromptWorld:
    """A folder with state files, and `run` for a script in one of the shells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "a folder's state"
        self.state.mkdir()
        self.session, self.role = self.state / "session", self.state / "role"
        self.token, self.seen = self.state / "token", self.state / "seen"
        self.config, self.settings = self.state / "config", self.state / "config.toml"
        self.dated = self.state / "dated"
        self.counted, self.learnt = folder / "counted", folder / "learnt"
        program = folder / "bin" / "ssohelper"
        program.parent.mkdir()
        program.write_text(_STAND_IN.format(counted=self.counted, learnt=self.learnt))
        program.chmod(0o755)
        shutil.copy(_LAUNCHER, program.parent)
        self.env = {
            "HOME": str(folder),
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "AWS_PROFILE": "payments-prod.ReadOnlyAccess",
        }
        for path in (self.token, self.seen, self.config, self.settings, self.dated):
            path.touch()
        self.learn("payments-prod.ReadOnlyAccess")

    def learn(
        self, label: str, *, guarded: bool = False, ends: str = "", files: bool = True
    ) -> None:
        """Say what the shells are told at the next change of AWS_PROFILE."""
        places = (self.session, self.role, self.token, self.seen) if files else ("",) * 4
        sources = (self.config, self.dated, self.settings, self.dated)
        lines = (label, "1" if guarded else "0", ends, *map(str, (*places, *sources)))
        self.learnt.write_text("\n".join(lines) + "\n")

    def put(self, path: Path, at: int, kind: str) -> None:
        """Write a state file as the program does: whole, and dated at its end."""
        import os

        new = path.with_name("new")
        new.write_text(f"{at} {kind}\n")
        os.utime(new, (at, at))
        new.replace(path)

    def starts(self) -> int:
        """Return how often the shells have started the stand-in."""
        return len(self.counted.read_text().splitlines()) if self.counted.exists() else 0

    def run(self, shell: str, script: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run the script after our text, as `shell-init` gives it."""
        text = f"source {shlex.quote(str(FOLDER / f'prompt.{shell}'))}\n{script}\n"
        path = self.folder / f"script.{shell}"
        path.write_text(text)
        return subprocess.run(
            [need(shell), *ARGV[shell], str(path)],
            env={**self.env, **env},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
