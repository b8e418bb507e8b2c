"""How the program of `exec --server` is started, and how it ended."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.actions import run_child
from ssohelper.actions.run_child import ChildExit
from ssohelper.errors import ProgramNotFound


@pytest.fixture(autouse=True)
def blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    run_child.block_signals()
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def script(path: Path, text: str) -> list[str]:
    path.write_text(text)
    path.chmod(0o700)
    return [str(path), "7"]


@pytest.mark.parametrize("first_line", ["#!/bin/sh\n", ""])
def test_a_script_is_run_by_its_own_program_or_the_shell(tmp_path: Path, first_line: str) -> None:
    argv = script(tmp_path / "x", f"{first_line}exit $1\n")
    assert run_child.run_program_to_end(argv, os.environ) == ChildExit(7, False)


def test_a_program_of_a_missing_interpreter_is_not_run_by_the_shell(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound):
        run_child.run_program_to_end(script(tmp_path / "x", "#!/nowhere\nexit 0\n"), os.environ)


def test_a_program_that_says_it_was_interrupted_was_not_interrupted_by_our_terminal(
    tmp_path: Path,
) -> None:
    argv = script(tmp_path / "x", "#!/bin/sh\nexit 130\n")
    assert run_child.run_program_to_end(argv, os.environ) == ChildExit(130, False)
