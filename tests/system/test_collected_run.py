"""A program without a terminal: its output is collected, and its children end with it."""

import asyncio
import os
import subprocess
import sys

import pytest

from ssohelper.system import collected_run
from ssohelper.system.collected_run import CollectedRun, run_with_time_limit
from tests.processes import is_running
from tests.tui.world import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are sh")


def run(script: str, *, stops: bool = False) -> tuple[CollectedRun, int]:
    started = CollectedRun(["/bin/sh", "-c", script], {"PATH": os.environ["PATH"]})
    return started, started.wait(lambda: stops and b"up" in started.output, lambda: None)


def test_both_streams_are_collected_and_the_exit_code_is_a_shells():
    started, code = run("echo one; echo two >&2; exit 3")
    assert (started.output, code) == (b"one\ntwo\n", 3)
    assert run("kill -9 $$")[1] == 137


def test_the_last_part_of_a_long_output_is_kept(monkeypatch):
    monkeypatch.setattr(collected_run, "MOST_BYTES", 10)
    started, _code = run("for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done")
    assert (started.output, started.left_out) == (b"e 8\nline 9\n"[-10:], 63 - 10)


def test_what_the_program_left_running_ends_with_it():
    started, code = run("sleep 600 & echo $!")
    assert code == 0
    assert not is_running(int(started.output))


def test_a_program_that_ignores_sigterm_is_killed_with_its_children(monkeypatch):
    monkeypatch.setattr(collected_run, "GRACE_SECONDS", 0.2)
    started, code = run("trap '' TERM; sleep 600 & echo $! up; while :; do wait; done", stops=True)
    assert code == 137
    assert not is_running(int(started.output.split()[0]))


def test_the_program_and_its_children_end_when_our_process_is_killed():
    script = "sleep 600 & echo $! $$; trap '' HUP TERM; wait"
    # We kill our process only when it has seen output: then it has told the watcher the process id.
    code = (
        "from ssohelper.system.collected_run import CollectedRun\n"
        f"run = CollectedRun(['/bin/sh', '-c', {script!r}], {{}})\n"
        "run.wait(lambda: False, lambda: print(run.output.decode(), flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        started = [*map(int, ours.stdout.readline().split())]
        ours.kill()
    assert len(started) == 2
    asyncio.run(until(lambda: not any(map(is_running, started))))


def test_a_program_that_cannot_be_started_leaves_no_watcher(monkeypatch):
    watcher = collected_run._start_watcher()
    monkeypatch.setattr(collected_run, "_start_watcher", lambda: watcher)
    with pytest.raises(FileNotFoundError):
        CollectedRun(["/nowhere/program"], {})
    assert watcher.returncode == 1


def test_the_program_has_no_terminal_and_reads_nothing():
    started, _code = run("cat; (: > /dev/tty) 2> /dev/null || echo no terminal")
    assert started.output == b"no terminal\n"


def test_a_run_with_a_time_limit_returns_code_and_output_and_gives_no_input():
    script = "cat; echo out; echo err >&2; exit 7"
    ended = run_with_time_limit(["/bin/sh", "-c", script], os.environ, 60)
    assert (ended.code, ended.stdout, ended.stderr) == (7, b"out\n", b"err\n")
    ended = run_with_time_limit(["/nowhere/program"], os.environ, 60)
    assert (ended.code, ended.reason) == (None, "no such file or directory")


def test_what_hangs_is_killed_with_its_group(tmp_path):
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    seconds = 0.5
    while not (tmp_path / "child").exists() and seconds < 60:  # a slow machine starts no sh so soon
        assert run_with_time_limit(["/bin/sh", "-c", script], os.environ, seconds).code is None
        seconds *= 2
    child = int((tmp_path / "child").read_text())
    asyncio.run(until(lambda: not is_running(child)))
