"""Runs one command as several roles, a few at a time, each with the keys of its role."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from ssohelper.actions import favourites, fixed_keys, run, selection
from ssohelper.core.policy import Way
from ssohelper.core.text import show, show_message
from ssohelper.errors import SsoHelperError
from ssohelper.system.collected_run import CollectedRun

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.role_rows import RoleRow

AT_ONCE = 4
# How long commands may take to end. A command that ignores SIGTERM is killed sooner.
_END_SECONDS = 10.0
_SIGNAL_SECONDS = 0.2


class State(Enum):
    """The state of a run, with the sign, word and style that show it."""

    WAITING = "·", "waiting", "dim"
    RUNNING = "●", "running", "accent"
    DONE = "✓", "done", "good"
    FAILED = "✗", "failed", "bad"
    STOPPED = "■", "stopped", "warn"


class RoleRun:
    """A command to run as one role. `code` is its exit code, once it has ended."""

    def __init__(
        self,
        services: App,
        row: RoleRow,
        argv: Sequence[str],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`variables` are added to the command's environment."""
        self.row = row
        self.state = State.WAITING
        self.code: int | None = None
        self.program: CollectedRun | None = None
        self._services, self._argv, self._variables = services, argv, variables or {}
        self.error: SsoHelperError | None = None

    @property
    def has_ended(self) -> bool:
        return self.state not in (State.WAITING, State.RUNNING)

    @property
    def text(self) -> str:
        """The output so far, or the error for which the command did not start."""
        if self.error is not None:
            hint = f"\n{self.error.hint}" if self.error.hint else ""
            return f"{self.error.message}{hint}"
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
            self.error, self.code, self.state = error, error.exit_code, State.FAILED
            if group.take_output:
                hint = f"\nssohelper: hint: {show_message(error.hint)}" if error.hint else ""
                text = f"ssohelper: error: {show_message(error.message)}{hint}\n"
                group.take_output(self, True, text.encode())
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
        found = fixed_keys.build_environment(services, profile, keys)
        environ = found.environ_with_changes(services.environ)
        take = partial(group.take_output, self) if group.take_output else None
        favourites.record_use_of_role(services, profile)
        try:
            with group.starting:
                if not group.is_stopped:
                    self.program = CollectedRun(
                        [path, *self._argv[1:]], {**environ, **self._variables}, take
                    )
        except OSError as cause:
            raise run.program_start_error(path, cause) from cause


class RunGroup:
    def __init__(self, runs: Sequence[RoleRun]) -> None:
        self.runs, self._waiting = tuple(runs), deque(runs)
        # Called by the commands' threads, after each change of state or output.
        self.changed: Callable[[], None] = lambda: None
        # Gets each part of an output, as CollectedRun passes it. Without it, the output is kept.
        self.take_output: Callable[[RoleRun, bool, bytes], object] | None = None
        self.is_stopped = False
        # A thread holds this lock while it starts a program, so that none starts after a stop.
        self.starting = threading.Condition()

    @property
    def failed(self) -> list[RoleRun]:
        """The runs without the exit code 0, those that were stopped or never began too."""
        return [run for run in self.runs if run.state is not State.DONE]

    @property
    def summary(self) -> str:
        """Return a text such as `7 of 12 ended: 1 failed`."""
        ended = len(self.runs) - self.unfinished_count
        counts = Counter(run.state for run in self.runs)
        parts = [
            f"{counts[state]} {state.value[1]}"
            for state in (State.FAILED, State.STOPPED)
            if counts[state]
        ]
        parts += ["stopping"] * (self.is_stopped and ended < len(self.runs))
        return f"{ended} of {len(self.runs)} ended{': ' * bool(parts)}{', '.join(parts)}"

    @property
    def unfinished_count(self) -> int:
        return sum(not run.has_ended for run in self.runs)

    def stop_commands(self) -> None:
        """Stop the commands that run, and start no more. Does not wait for their end."""
        with self.starting:
            self.is_stopped = True
            self.starting.notify_all()

    def stop_commands_and_wait(self) -> None:
        """Stop all commands, and wait at most 10 s until they have ended."""
        self.stop_commands()
        with self.starting:
            self.starting.wait_for(self._has_no_program, _END_SECONDS)

    def _has_no_program(self) -> bool:
        return all(run.program is None or run.has_ended for run in self.runs)

    def run_to_end(self, at_once: int) -> None:
        """Run all commands. After a stop, wait for those that run, but not for credentials."""
        crashes = list[Exception]()

        def work() -> None:
            try:
                self.run_waiting_commands()
            except Exception as crash:
                crashes.append(crash)
                self.stop_commands()

        for _number in range(min(at_once, len(self.runs))):
            threading.Thread(target=work, daemon=True).start()

        def is_over() -> bool:
            return not self.unfinished_count or (self.is_stopped and self._has_no_program())

        with self.starting:
            # A signal that comes just before a wait does not end it: its handler runs after it.
            while not self.starting.wait_for(is_over, _SIGNAL_SECONDS):
                pass
        for crash in crashes:
            raise crash

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
