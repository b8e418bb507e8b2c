"""A command whose standard streams are closed, or whose output has no place to go."""

import io
import subprocess
import sys

import pytest

from ssohelper.cli import standard_streams
from tests.conftest import SCRIPT


def test_closed_streams_are_empty_and_take_what_is_written(monkeypatch):
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(sys, name, None)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    standard_streams.replace_streams()
    with sys.stdin as stdin, sys.stderr as stderr:
        assert stdin.read() == ""
        assert stderr.write("lost") == 4


def test_only_a_closed_stdout_is_replaced(monkeypatch):
    opened = io.StringIO()
    monkeypatch.setattr(sys, "stdout", opened)
    standard_streams.replace_streams()
    assert sys.stdout is opened
    monkeypatch.setattr(sys, "stdout", None)
    standard_streams.replace_streams()
    assert sys.stdout.fileno() == 1  # writing to it is an error while 1 is closed


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_large_write_that_fails_is_exit_7_and_no_crash(home, redirection):
    """Nothing stays in stdout's buffer: otherwise a later flush would raise the error again."""
    for number in range(100):
        home.add_session(f"corp-{number}")
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", SCRIPT, "session", "list", "--json"]
    done = subprocess.run(command, env=home.env, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 7, done.stderr
    assert done.stderr.startswith("ssohelper: error: stdout cannot be written: ")
