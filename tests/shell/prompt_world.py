"""A shell with our prompt text, and a stand-in for `ssohelper` that answers what a test wants."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from ssohelper.core import prompt_text
from ssohelper.core.sign_in_outlook import PromptClock
from tests.programs import require_program, run_program

FOLDER = Path(__file__).resolve().parent.parent.parent / "shell"
_LAUNCHER = FOLDER / "ssohelper-credentials"
SHELLS = ("bash", "zsh", "fish")
ARGV = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config", "--private"]}
# The stand-in adds a line to one file at each start, and prints the other.
_STAND_IN = '#!/bin/sh\necho "$*" >> {counted}\ncat {answer}\n'
# From here on the shell's clock says $1. fish has no clock but the age of files.
_CLOCK = {
    "bash": "unset EPOCHSECONDS; set_clock() { EPOCHSECONDS=$1; }",
    "zsh": "zmodload -u zsh/datetime; set_clock() { typeset -g EPOCHSECONDS=$1; }",
    "fish": """
        function set_clock; set -g clock $argv[1]; end
        function path
            if test "$argv[1 2]" != 'mtime --relative'
                builtin path $argv
                return
            end
            for changed_at in (builtin path mtime $argv[3..])
                math $clock - $changed_at
            end
        end
    """,
}


class PromptWorld:
    """A folder with a role's file, and `run` for a script in one of the shells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "a folder's state"
        self.state.mkdir()
        self.file, self.config = self.state / "role", self.state / "config"
        self.counted, self.answer = folder / "counted", folder / "answer"
        program = folder / "bin" / "ssohelper"
        program.parent.mkdir()
        program.write_text(_STAND_IN.format(counted=self.counted, answer=self.answer))
        program.chmod(0o755)
        shutil.copy(_LAUNCHER, program.parent)
        self.env = {
            "HOME": str(folder),
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "AWS_PROFILE": "payments-prod.ReadOnlyAccess",
        }
        self.config.touch()
        self.learn("payments-prod.ReadOnlyAccess")

    def learn(self, name: str, rows=(), *, guarded: bool = False, has_file: bool = True) -> None:
        """Set what the program answers when a shell asks it; `rows` are used without a file."""
        label = prompt_text.prompt_label(name, guarded=guarded)
        labels = prompt_text.usual_and_short_label(label, rows)
        places = (str(self.file), str(self.config)) if has_file else ("", "")
        fields = (*labels, *places, prompt_text.prompt_rows_to_line(rows))
        self.answer.write_text("|".join(fields) + "\n")

    def put(self, at: int, kind: str) -> None:
        """Write the role's file as the program does: in one step, with the config's time."""
        new = self.file.with_name("new")
        new.write_text(f"{line(at, kind)}\n")
        changed_at = self.config.stat().st_mtime_ns
        os.utime(new, ns=(changed_at, changed_at))
        new.replace(self.file)

    def starts(self) -> int:
        """Return how often the shells have started the stand-in."""
        return len(self.counted.read_text().splitlines()) if self.counted.exists() else 0

    def run(
        self, shell: str, script: str, *, is_clock_set: bool = False, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run the script after our text, as `shell-init` prints it.

        With `is_clock_set` the script has the command `set_clock EPOCH`, to be called first.
        """
        clock = _CLOCK[shell] if is_clock_set else ""
        source = f"source {shlex.quote(str(FOLDER / f'prompt.{shell}'))}"
        path = self.folder / f"script.{shell}"
        path.write_text(f"{source}\n{clock}\n{script}\n")
        argv = [require_program(shell), *ARGV[shell], str(path)]
        return run_program(argv, {**self.env, **env}, cwd=self.folder)


def line(at: int, kind: str) -> str:
    """Return the first line of a role's file."""
    clock = PromptClock(at, kind)  # type: ignore[arg-type]
    return prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(clock))
