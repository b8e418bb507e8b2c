"""`exec --server` where the system does not tell a signal's sender: with sigwait only, as on macOS."""

import os
import signal
import sys

import pexpect
import pytest

from tests.endpoint import test_exec_server
from tests.other_system import ELSEWHERE, ROOT
from tests.programs import require_program

EXEC = [*ELSEWHERE, "darwin", "exec", "--server", "job", "--"]
_COUNTS = """
import os, signal, sys
def heard(number, frame):
    os.write(1, f"heard {signal.Signals(number).name}\\n".encode())
for name in ("SIGINT", "SIGUSR1", "SIGUSR2"):
    signal.signal(getattr(signal, name), heard)
print("ready", os.getppid(), flush=True)
while True:
    signal.pause()
"""


@pytest.fixture(autouse=True)
def _as_there(home, emulator, monkeypatch):
    home.env["PYTHONPATH"] = str(ROOT)
    # With the command name that the shell shows for a job.
    monkeypatch.setattr(test_exec_server, "EXEC", ["env", "A=ssohelper", *EXEC])


@pytest.mark.long
def test_all_signals_are_passed_on_without_a_terminal(home, emulator):
    test_exec_server.test_signals_sent_to_us_are_passed_on(home, emulator)


def test_it_stops_with_the_command(home, emulator):
    test_exec_server.test_it_stops_with_the_command_and_both_go_on(home, emulator)


def test_job_control_works(home, emulator):
    test_exec_server.test_on_a_terminal_job_control_works(home, emulator)


def test_ctrl_c_arrives_once_and_in_the_background_the_signal_that_is_sent(home):
    (home.path / "job.py").write_text(_COUNTS)
    shell = pexpect.spawn(
        require_program("bash"), ["--norc", "--noprofile", "-i"], env={**home.env, "PS1": "$ "},
        encoding="utf-8", timeout=60, dimensions=(24, 200),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        command = " ".join([*EXEC, sys.executable, "job.py"])
        shell.sendline(f"cd {home.path}; {command}")
        shell.expect(r"ready (\d+)\r\n")
        ours = int(shell.match.group(1))
        shell.sendcontrol("c")
        shell.expect("heard SIGINT")
        # Of pending signals the lower number is delivered first: SIGINT has been handled by then.
        os.kill(ours, signal.SIGUSR1)
        shell.expect("heard SIGUSR1")
        assert "SIGINT" not in shell.before
        # Not sent by the terminal, but while we are its foreground job: treated as the terminal's.
        os.kill(ours, signal.SIGINT)
        os.kill(ours, signal.SIGUSR2)
        shell.expect("heard SIGUSR2")
        assert "SIGINT" not in shell.before
        shell.sendcontrol("z")
        shell.expect("Stopped")
        shell.sendline("bg")
        shell.expect(r"\$ ")
        os.kill(ours, signal.SIGINT)
        shell.expect("heard SIGINT")
        os.kill(ours, signal.SIGTERM)
        shell.sendline("wait; echo over")
        shell.expect(r"\r\nover\r\n")
    finally:
        shell.close(force=True)
