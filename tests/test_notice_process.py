"""The process that runs the command of the setting `notify`: its exit codes and its time limit."""

import signal
import time

from ssohelper.system import notify
from tests.processes import is_running
from tests.system.test_notify import wait_for


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path, monkeypatch):
    pids = tmp_path / "pids"
    reset: list[int] = []
    monkeypatch.setattr(signal, "signal", lambda number, _to: reset.append(number))
    monkeypatch.setattr(notify, "_LIFE_SECONDS", 2.0)
    script = f"sleep 600 & echo $! $$ > {pids}.part; mv {pids}.part {pids}; wait"
    notify.run_notice_process(["/bin/sh", "-c", script])
    assert reset == [signal.SIGINT, signal.SIGQUIT]
    for pid in wait_for(pids).split():
        ends_at = time.monotonic() + 30
        while is_running(int(pid)):
            assert time.monotonic() < ends_at, "it was not ended"
            time.sleep(0.02)


def test_a_program_that_is_gone_or_cannot_run_is_no_error(run, home):
    """This process has no terminal for an error: `ssohelper` reports it where it starts the notice."""
    plain = home.path / "plain.txt"
    plain.write_text("no program")
    for program in (home.path / "gone", plain, home.path):
        done = run("notice-process", str(program), "the sign-in ends soon")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), program


def test_it_waits_for_the_program_and_passes_the_message_on_as_it_is(run, home):
    shown = home.path / "shown"
    program = home.path / "show"
    # Without our streams, for whose end `run` would wait too.
    lines = ["#!/bin/sh", "exec >/dev/null 2>&1", "sleep 0.3", f'printf "%s" "$1" >{shown}', ""]
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    message = 'it\'s "$(id)"; `id`'
    assert run("notice-process", str(program), message).returncode == 0
    assert shown.read_text() == message
