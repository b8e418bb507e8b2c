"""How the program of `exec --server` is started, and how it ended.

Each row runs in a process of its own: a signal that another thread of the tests' process took would
never reach `run_program_to_end`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import os, sys
from ssohelper.actions import run_child
from ssohelper.errors import SsoHelperError

run_child.block_signals()
try:
    print(*run_child.run_program_to_end(sys.argv[1:], os.environ))
except SsoHelperError as error:
    print(type(error).__name__)
"""


def run_script(path: Path, text: str) -> str:
    """Run a script with the argument 7; return its exit code and `by_terminal`, or the error."""
    path.write_text(text)
    path.chmod(0o700)
    command = [sys.executable, "-c", _RUN, str(path), "7"]
    done = subprocess.run(command, env=os.environ, stdout=subprocess.PIPE, check=True, timeout=60)
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("#!/bin/sh\nexit $1\n", "7 False"),
        ("exit $1\n", "7 False"),
        ("#!/nowhere\nexit 0\n", "ProgramNotFound"),
        ("#!/bin/sh\nexit 130\n", "130 False"),  # it was not interrupted by our terminal
    ],
)
def test_a_script_is_run_by_its_own_program_or_the_shell(tmp_path, script, end):
    assert run_script(tmp_path / "x", script) == end
