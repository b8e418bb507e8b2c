"""Runs one command as several roles, a few at a time, each with the keys of its role."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from ssohelper.actions import favourites, fixed_keys, run, selection
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.system.collected_run import CollectedRun

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.role_rows import RoleRow

AT_ONCE = 4
# How long commands may take to end. A command that ignores SIGTERM is killed sooner.
_END_SECONDS = 10.0


class State(Enum):
    """The state of a run, with the sign, word and style that show it."""

    WAITING = "·", "waiting", "dim"
    RUNNING = "●", "running", "accent"
    DONE = "✓", "done", "good"
    FAILED = "✗", "failed", "bad"
    STOPPED = "■", "stopped", "warn"


class RoleRun:
    """A command to run as one role. `code` is its exit code, once it has ended."""

    def __init__(self, services: App, row: RoleRow, argv: Sequence[str]) -> None:
        self.row = row
        self.state = State.WAITING
        self.code: int | None = None
        self.program: CollectedRun | None = None
        self._services, self._argv = services, argv
        self._error: SsoHelperError | None = None

    @property
    def has_ended(self) -> bool:
        return self.state not in (State.WAITING, State.RUNNING)

    @property
    def text(self) -> str:
        """The output so far, or the error for which the command did not start."""
        if self._error is not None:
            hint = f"\n{self._error.hint}" if self._error.hint else ""
            return f"{self._error.message}{hint}"
        if self.program is None:
            return ""
        text = self.program.output.decode(errors="backslashreplace").replace("\r\n", "\n")
        left_out = self.program.left_out
        return f"… {left_out} bytes before this are not kept\n{text}" if left_out else text

    @property
    def lines(self) -> list[str]:
        """The lines of `text`, with control and bidi characters escaped."""
        return [show(line.expandtabs()) for line in self.text.rstrip("\n").split("\n")]

    def run(self, group: RunGroup) -> None:
        """Run the command to its end, in the caller's thread. Errors are recorded, not raised."""
        try:
            self._start(group)
        except SsoHelperError as error:
            self._error, self.code, self.state = error, error.exit_code, State.FAILED
            return
        if self.program is not None:
            self.code = self.program.wait(lambda: group.is_stopped, group.changed)
        ended = State.FAILED if self.code else State.DONE
        self.state = State.STOPPED if self.code != 0 and group.is_stopped else ended

    def _start(self, group: RunGroup) -> None:
        services, row = self._services, self.row
        path = run.find_program(self._argv[0], services.environ)
        profile = selection.resolve_chosen_role(services, row.key, row.profiles)
        keys = fixed_keys.release_fixed_keys(services, profile, Way.EXEC)
        environ = fixed_keys.build_child_environment(services, profile, keys)
        favourites.record_use_of_role(services, profile)
        try:
            with group.starting:
                if not group.is_stopped:
                    self.program = CollectedRun([path, *self._argv[1:]], environ)
        except OSError as cause:
            raise run.program_start_error(path, cause) from cause


class RunGroup:
    def __init__(self, runs: Sequence[RoleRun], changed: Callable[[], None]) -> None:
        """The commands' threads call `changed` after each change of state or output."""
        self._runs, self._waiting = tuple(runs), deque(runs)
        self.changed = changed
        self.is_stopped = False
        # A thread holds this lock while it starts a program, so that none starts after a stop.
        self.starting = threading.Condition()

    @property
    def unfinished_count(self) -> int:
        return sum(not run.has_ended for run in self._runs)

    def stop_commands(self) -> None:
        """Stop the commands that run, and start no more. Does not wait for their end."""
        with self.starting:
            self.is_stopped = True

    def stop_commands_and_wait(self) -> None:
        """Stop all commands, and wait at most 10 s until they have ended."""
        self.stop_commands()
        with self.starting:
            self.starting.wait_for(self._has_no_program, _END_SECONDS)

    def _has_no_program(self) -> bool:
        return all(run.program is None or run.has_ended for run in self._runs)

    def run_waiting_commands(self) -> None:
        while self._waiting:
            try:
                role_run = self._waiting.popleft()
            except IndexError:  # another thread took the last waiting command
                return
            role_run.state = State.STOPPED if self.is_stopped else State.RUNNING
            self.changed()
            if not role_run.has_ended:
                role_run.run(self)
                with self.starting:
                    self.starting.notify_all()
                self.changed()
