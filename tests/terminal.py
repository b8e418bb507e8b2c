"""Programs on a pseudo-terminal: what they show, and what a user types."""

from collections.abc import Mapping
from pathlib import Path

import pexpect

# Long enough for the slowest machine; a command of ours ends within 20 s by its own contract.
RUN_SECONDS = 120


class Conversation(pexpect.spawn):
    """A running program on a terminal of its own."""

    def __init__(self, argv, env: Mapping[str, str], cwd: Path | None = None, size=(50, 200)):
        program, *words = map(str, argv)
        where = {"cwd": cwd and str(cwd), "dimensions": size, "encoding": "utf-8"}
        super().__init__(program, words, env=env, timeout=RUN_SECONDS, **where)

    def talk(self, *steps: str | tuple[str, str]) -> None:
        """Wait for each text in turn; of a pair, then type the second text as a line."""
        for step in steps:
            shown, *typed = [step] if isinstance(step, str) else step
            self.expect_exact(shown)
            for line in typed:
                self.sendline(line)

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what was shown after the last text."""
        self.expect(pexpect.EOF)
        self.close()
        code = self.exitstatus if self.exitstatus is not None else -(self.signalstatus or 0)
        return code, str(self.before)
