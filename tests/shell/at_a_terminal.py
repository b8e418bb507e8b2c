"""An interactive shell at a terminal: runs lines, returns exit code, output and environment."""

import re
from pathlib import Path
from typing import NamedTuple

import pexpect

from tests.conftest import RUN_SECONDS
from tests.programs import require_program

SHELLS = ("bash", "zsh", "fish")
ARGV = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
INSTALL = {
    "bash": 'eval "$(ssohelper shell-init bash)"',
    "zsh": 'eval "$(ssohelper shell-init zsh)"',
    "fish": "ssohelper shell-init fish | source",
}


class Result(NamedTuple):
    """A line's exit code, and what the terminal showed while it ran."""

    code: int
    output: str


class Terminal:
    """`with Terminal("zsh", env, folder) as terminal: terminal.run("ssohelper use x")`."""

    def __init__(self, shell: str, env: dict[str, str], folder: Path) -> None:
        self.shell = shell
        self._notes = folder / f"environment-of-{shell}"
        self._lines = 0
        where = {
            "cwd": str(folder),
            "dimensions": (50, 1000),
            "timeout": RUN_SECONDS,
            "echo": False,
        }
        env = {**env, "TERM": "dumb", "PS1": "", "PS2": ""}
        text = {"encoding": "utf-8", "codec_errors": "backslashreplace"}
        self.child = pexpect.spawn(require_program(shell), ARGV[shell], env=env, **where, **text)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close(force=True)

    def start(self, line: str) -> None:
        """Type a line; `wait_for_end` waits for its end."""
        self._lines += 1
        status = "$status" if self.shell == "fish" else "$?"
        # The typed mark has quotes, the printed one has none: only the latter ends the wait.
        self.child.sendline(f"{line}; echo DO''NE{self._lines}.{status}.")

    def wait_for_end(self) -> Result:
        self.child.expect(rf"DONE{self._lines}\.(\d+)\.")
        return Result(int(self.child.match.group(1)), self.child.before)

    def run(self, line: str) -> Result:
        self.start(line)
        return self.wait_for_end()

    def environ(self) -> dict[bytes, bytes]:
        """Return the environment of a child process of the shell."""
        assert self.run(f"env -0 > {self._notes}").code == 0
        entries = self._notes.read_bytes().split(b"\0")
        return dict(entry.split(b"=", 1) for entry in entries if entry)


def plain_text(output: str) -> str:
    """Return the output without the terminal's control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", output)
