"""A home with a guarded role, and a shell on a terminal of its own in it."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.programs import run_program
from tests.published import date_back
from tests.runs import RUNS
from tests.terminal import Conversation

ACCOUNT, NAME = "000030000001", "payments-prod"
GUARDED, FREE = "DatabaseAdmin", "ReadOnlyAccess"
RULE = f"*/{GUARDED}"
KEY = ["--session", "corp", "--account-id", ACCOUNT, "--role-name", GUARDED]
LAUNCHER = f"{SCRIPT}-credentials"
_PROMPT = "next> "


class Terminal:
    """A bash on a terminal: its children are in the terminal's session."""

    def __init__(self, home: Home) -> None:
        argv: list[str | Path] = ["/bin/bash", "--norc", "--noprofile", "-i"]
        environ = {**home.env, "TERM": "dumb", "PS1": _PROMPT}
        self._bash = Conversation(argv, environ, home.path, (50, 400))
        self._bash.expect_exact(_PROMPT)

    def run(
        self, line: str, *typed: str, at_question: Callable[[], object] = lambda: None
    ) -> tuple[int, str]:
        """Run a line, and type an answer at each question; return exit code and what was shown.

        `at_question` is called at each question, before its answer is typed.
        """
        self._bash.sendline(f"{line}; echo co''de=$?.")
        shown = ""
        for answer in typed:
            self._bash.expect_exact("to go on: ")
            shown += self._bash.before
            at_question()
            self._bash.sendline(answer)
        return self._end(shown)

    def run_pasted(self, line: str, pasted: str, *, then: str) -> tuple[int, str]:
        """Paste a line and an answer to its question at once; `then` is typed at the question."""
        self._bash.sendline(f"{line}; echo co''de=$?.\n{pasted}")
        self._bash.expect_exact("to go on: ")
        self._bash.sendline(then)
        return self._end("")

    def _end(self, shown: str) -> tuple[int, str]:
        self._bash.expect(r"code=(\d+)\.")
        shown, code = shown + self._bash.before, int(self._bash.match.group(1))
        self._bash.expect_exact(_PROMPT)
        return code, shown

    def close(self) -> None:
        self._bash.close(force=True)


class Guarded:
    """A signed-in home in which RULE guards one of its two roles."""

    def __init__(self, home: Home, emulator: Emulator) -> None:
        self.home = home
        self.emulator = emulator
        home.add_session(start_url=emulator.world.start_url)
        home.write_token(emulator.issue_token("ana", start_url=emulator.world.start_url))
        self.app = App(home.env)
        account = ListedAccount(Account(ACCOUNT, NAME, ""), (GUARDED, FREE))
        listing = Listing(emulator.world.start_url, "us-east-1", self.app.clock.now(), (account,))
        self.app.directory.save("corp", listing)
        self.set_rules(RULE)
        self._terminals: list[Terminal] = []

    @property
    def settings(self) -> Path:
        return self.app.locations.settings_file

    def set_rules(self, *rules: str) -> None:
        """Write the rules as an editor does."""
        self.settings.parent.mkdir(parents=True, exist_ok=True)
        self.settings.write_text(f"[guard]\nrules = {json.dumps(list(rules))}\n")
        date_back(self.settings)

    def open_terminal(self) -> Terminal:
        made = Terminal(self.home)
        self._terminals.append(made)
        return made

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()

    def run(self, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a program without a terminal, in a session of its own."""
        environ = {**self.home.env, **more}
        if argv[0] == SCRIPT:
            return RUNS.run(
                list(argv), environ, self.home.path, None, RUN_SECONDS, own_session=True
            )
        return run_program(argv, environ, cwd=self.home.path, start_new_session=True)

    def events(self) -> list[str]:
        """Return the journal's events on the guarded role, the oldest first."""
        lines = App(self.home.env).journal.read().lines
        return [line.event for line in lines if line.fields.get("role") == GUARDED]

    def published(self) -> list[str]:
        """Return the roles that have a published response."""
        found = (self.home.runtime / "credentials").glob("*/*/*/response")
        return [path.parent.name for path in found]


def has_secret(text: str) -> bool:
    """Return whether the text holds role credentials."""
    return bool(re.search(r"SecretAccessKey|AWS_SECRET_ACCESS_KEY=.", text))
