"""Runs the command of `exec` as several roles: a line of output names its account and role."""

import os
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ssohelper.actions.flows import runs
from ssohelper.actions.flows.dialogue import NoTerminal
from ssohelper.actions.role_runs import AT_ONCE, RoleRun, RunGroup
from ssohelper.app import App
from ssohelper.cli import choosing, output, profile_use
from ssohelper.cli.listing_progress import ERASE_LINE, can_draw, fetch_listing
from ssohelper.cli.standard_streams import write_stdout
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import MANY_NAMES, shortened_name_list, show
from ssohelper.errors import LoginRequired, UsageProblem
from ssohelper.system.signals import handle_signals

# What a file's name may have of an account's name. Session, account id and role are checked names.
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_ACCOUNT_NAME = 60


def run_command(
    app: App,
    argv: Sequence[str],
    filters: tuple[Sequence[str], Sequence[str]],
    reason: str | None,
    variables: Mapping[str, str],
    *,
    jobs: int | None,
    folder: str | None,
) -> int:
    """Return the highest exit code, 128 and its number after a signal.

    `filters` are for accounts and roles; without any, the roles that failed last time are meant.
    """
    if folder and output.options().json:
        raise UsageProblem("--json prints what --output would write: give one of them")
    dialogue = _TerminalRuns(app, jobs or AT_ONCE, folder)
    rows = _choose_rows(app, *filters)
    group = runs.run_as_roles(app, dialogue, rows, argv, reason, variables)
    dialogue.report(group)
    return dialogue.signal or max(run.code or 0 for run in group.runs)


def _choose_rows(app: App, accounts: Sequence[str], roles: Sequence[str]) -> list[RoleRow]:
    name = output.options().session
    if not accounts:
        return runs.find_failed_roles(app, name)
    session = choosing.choose_session(name)
    listing = profile_use.repeat_after_sign_in(
        app, lambda: fetch_listing(app, session, of_this_sign_in=True), lambda: session
    )
    return runs.choose_roles(app, listing, session.name, accounts, roles)


class _TerminalRuns(TerminalDialogue):
    """`signal` is the exit code for the signal that stopped the commands, or 0."""

    def __init__(self, app: App, at_once: int, folder: str | None) -> None:
        super().__init__("exec")
        self._app, self._at_once = app, at_once
        self._is_json = output.options().json
        self._folder = Path(folder) if folder else None
        self.signal = 0
        self._error: Exception | None = None
        # Of each command and stream: the start of a line or, with --json, all output.
        self._held: defaultdict[tuple[RoleRun, bool], bytearray] = defaultdict(bytearray)
        self._files: dict[RoleRun, int] = {}
        self._labels: dict[RoleRun, str] = {}
        self._draws, self._drawn, self._is_over = can_draw(), "", False
        self._lock = threading.RLock()

    def ask(self, *args: Any, **options: Any) -> str:
        if not output.can_ask_user():
            raise NoTerminal(
                "guarded roles need a grant", hint="run it in a terminal, --reason TEXT"
            )
        return super().ask(*args, **options)

    def sign_in(self, session: SsoSession, why: LoginRequired) -> bool:
        if not output.can_ask_user():
            raise why
        return profile_use.offer_sign_in(self._app, why, lambda: session)

    def show_runs(self, group: RunGroup) -> bool:
        labels = Counter(run.row.label for run in group.runs)
        child_files = self._app.make_child_files()
        for run in group.runs:
            row = run.row
            self._labels[run] = show(row.label if labels[row.label] == 1 else row.key.text)
            if self._folder is not None:
                account = _NOT_IN_FILE_NAMES.sub("-", row.account.name)[:_LONGEST_ACCOUNT_NAME]
                name = f"{account.strip('-')}.{'.'.join(row.key.parts)}".lstrip(".")
                self._files[run] = child_files.create_output_file(self._folder, name)
        self._group = group
        group.take_output, group.changed = self._take, self._draw_progress

        def stop(number: int, _frame: object) -> None:
            self.signal = 128 + number
            group.stop_commands()

        try:
            with handle_signals(("SIGINT", "SIGTERM", "SIGHUP"), stop):
                group.run_to_end(self._at_once)
        finally:
            with self._lock:
                self._erase()
                self._is_over = True
                for descriptor in self._files.values():
                    os.close(descriptor)
        if self._error is not None:
            raise self._error
        return False

    def report(self, group: RunGroup) -> None:
        failed = [f"{self._labels[run]} ({_ending_text(run)})" for run in group.failed]
        if self._is_json:
            output.print_json([self._json(run) for run in group.runs])
        output.say(group.summary)
        if failed:
            output.say(f"not done: {shortened_name_list(failed, MANY_NAMES)}")
            output.say("run it again as these roles: ssohelper exec --failed -- COMMAND")

    def _json(self, run: RoleRun) -> dict[str, Any]:
        streams = {
            name: self._held[run, is_stderr].decode(errors="backslashreplace")
            for name, is_stderr in (("stdout", False), ("stderr", True))
        }
        return {**run.row.key.json_fields, "exit_code": run.code, **streams}

    # -- called by the commands' threads ---------------------------------------------------------

    def _take(self, run: RoleRun, is_stderr: bool, part: bytes) -> None:
        with self._lock:
            if self._is_over:
                return
            try:
                if run in self._files and not is_stderr:
                    _write(self._files[run], part)
                else:
                    self._take_lines(run, is_stderr, part)
            except Exception as error:  # such as a full disk, or a reader that has ended
                self._error = self._error or error
                self._group.stop_commands()

    def _take_lines(self, run: RoleRun, is_stderr: bool, part: bytes) -> None:
        held = self._held[run, is_stderr]
        held += part
        is_whole = not part or b"\n" in part
        if self._is_json or not (held and is_whole):
            return
        end = held.rfind(b"\n") + 1 if part else len(held)
        prefix = f"{self._labels[run]}: ".encode()
        lines = bytes(held[:end]).removesuffix(b"\n").replace(b"\n", b"\n" + prefix)
        del held[:end]
        self._print(is_stderr, prefix + lines + b"\n")

    def _print(self, is_stderr: bool, data: bytes) -> None:
        drawn = self._drawn
        self._erase()
        if is_stderr:
            _write(2, data)
        else:
            write_stdout(data)
        self._show(drawn)

    def _draw_progress(self) -> None:
        with self._lock:
            if self._draws and self._group.unfinished_count and self._drawn != self._group.summary:
                self._erase()
                self._show(self._group.summary)

    def _erase(self) -> None:
        if self._drawn:
            self._show(ERASE_LINE)
            self._drawn = ""

    def _show(self, text: str) -> None:
        if text:
            _write(2, text.encode())
            self._drawn = text


def _ending_text(run: RoleRun) -> str:
    return "not run" if run.code is None else f"exit {run.code}"


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
