"""A user at a real shell: types a line, presses TAB and Enter. The resulting words are recorded."""

import contextlib
import os
import shlex
import time
from pathlib import Path

import pexpect

from tests.conftest import Home
from tests.programs import require_program
from tests.shell.answers import Answers
from tests.shell.prompt_world import ARGV

COMPLETIONS = Path(__file__).resolve().parent.parent.parent / "completions"
# Each shell without this machine's rc files. Enter runs a function that records its arguments.
START = {shell: [*argv, "-i"] for shell, argv in ARGV.items()}
SETUP = {
    "bash": "PS1='$ '; source {folder}/ssohelper.bash; ssohelper() {{ {note}; }}",
    "zsh": (
        "PS1='$ '; unsetopt beep prompt_sp; zstyle ':completion:*' menu no; unsetopt auto_menu;"
        "autoload -U compinit && compinit -u -D && source {folder}/_ssohelper; "
        "ssohelper() {{ {note}; }}"
    ),
    "fish": (
        "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo '$ '; end;"
        "source {folder}/ssohelper.fish; function ssohelper; {note}; end"
    ),
}
NOTE = {
    **dict.fromkeys(("bash", "zsh"), 'printf "%s\\n" "$#" "$@" END >> {notes}'),
    "fish": 'printf "%s\\n" (count $argv) $argv END >> {notes}',
}
LONG_SECONDS = 60


class Typist:
    """One shell in a terminal, in `home` or `folder`; with `answers` it asks no program."""

    def __init__(
        self, shell: str, home: Home, folder: Path | None = None, answers: Answers | None = None
    ) -> None:
        self.shell = shell
        self._answers = answers
        self._seen = b""
        self.notes = home.path / "notes"
        self.notes.touch()
        env = {**home.env, "TERM": "xterm", "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
        where = {"cwd": str(folder or home.path), "dimensions": (50, 200)}
        self.child = pexpect.spawn(require_program(shell), START[shell], env=env, **where)
        self.child.delaybeforesend = None
        note = NOTE[shell].format(notes=shlex.quote(str(self.notes)))
        setup = SETUP[shell].format(folder=COMPLETIONS, note=note)
        self.child.send(f"{setup}\r")
        assert self.words_after("ssohelper ready\r") == ["ready"]

    def words_after(self, keys: str) -> list[str]:
        """Press these keys, Enter among them; return the arguments that ssohelper then got."""
        before = self.notes.stat().st_size
        self.child.send(keys)
        ends_at = time.monotonic() + LONG_SECONDS
        while time.monotonic() < ends_at:
            with contextlib.suppress(pexpect.TIMEOUT):
                said = self.child.read_nonblocking(65536, timeout=0.005)
                self._seen = (self._seen + said)[-4000:]
            if self._answers is not None:
                self._answers.give()
            notes = self.notes.read_bytes()[before:].decode()
            if notes.endswith("\nEND\n"):
                return notes.split("\n")[1:-2]
        raise AssertionError(f"nothing was run after {keys!r}: {self.shown()!r}")

    def settle(self) -> None:
        """Wait until the shell prints nothing more."""
        while True:
            try:
                self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                return

    def shown(self) -> str:
        """Return the end of the terminal's output."""
        return self._seen.decode(errors="replace")

    def close(self) -> None:
        self.child.close(force=True)


def pwned(home: Home) -> list[str]:
    """Return the files that a name would have created if a shell had run it."""
    return [name for name in os.listdir(home.path) if "pwned" in name]
