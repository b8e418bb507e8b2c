"""Commands that run as several roles: their states, and what a stop does to each of them."""

import threading
from typing import Any

from ssohelper.actions import role_runs
from ssohelper.actions.role_runs import RoleRun, RunGroup, State
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from tests.actions.world import WorldApp
from tests.tui.conftest import world as world  # a fixture
from tests.tui.gates import gate as gate  # a fixture

ROW = RoleRow("corp", Account("000040000001", "payments-dev", None), "Developer")


def start_in_thread(group: RunGroup) -> threading.Thread:
    thread = threading.Thread(target=group.run_waiting_commands, daemon=True)
    thread.start()
    return thread


def test_a_command_that_ends_well_although_it_was_stopped_is_done(world):
    script = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"
    role_run, has_printed = RoleRun(world.app(), ROW, ["sh", "-c", script]), threading.Event()

    def note_output() -> None:
        if "up" in role_run.text:
            has_printed.set()

    group = RunGroup([role_run])
    group.changed = note_output
    thread = start_in_thread(group)
    assert has_printed.wait(60), role_run.text
    group.stop_commands()
    thread.join(60)
    assert (role_run.state, role_run.code) == (State.DONE, 0)


def test_a_command_that_cannot_start_has_the_error_and_its_hint_as_output(tmp_path):
    notes = tmp_path / "notes"
    notes.touch(0o600)
    hint = "is it installed, and in your PATH?"
    for program, lines in (
        ("no-such-command", ['no command "no-such-command"', hint]),
        (str(notes), [f'"{notes}" is not executable']),
    ):
        role_run = RoleRun(WorldApp(tmp_path), ROW, [program])
        RunGroup([role_run]).run_waiting_commands()
        assert (role_run.state, role_run.lines) == (State.FAILED, lines)


def test_a_command_whose_keys_come_after_the_stop_is_not_started(
    world, gate, monkeypatch, tmp_path
):
    started = list[Any]()
    real = role_runs.CollectedRun

    def note_start(*arguments: Any) -> role_runs.CollectedRun:
        started.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(role_runs, "CollectedRun", note_start)
    gate.put_before(role_runs.fixed_keys, "release_fixed_keys")
    role_run = RoleRun(world.app(), ROW, ["touch", str(tmp_path / "ran")])
    group = RunGroup([role_run])
    thread = start_in_thread(group)
    assert gate.entered.wait(60)
    group.stop_commands()
    gate.open()
    thread.join(60)
    assert not started
    assert (role_run.state, role_run.code, role_run.text) == (State.STOPPED, None, "")
    assert group.unfinished_count == 0
