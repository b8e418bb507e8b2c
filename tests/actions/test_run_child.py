"""How the program of `exec --server` is started, and how it ended."""

import os
import warnings
from pathlib import Path

import pytest

from ssohelper.actions import run_child
from ssohelper.actions.run_child import ChildExit


def outcome(path: Path, text: str) -> str:
    """Run a script with the argument 7 from a process of one thread, as the program is one.

    Another thread of this process, such as a pytest worker has, could take the signal of its end.
    """
    path.write_text(text)
    path.chmod(0o700)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
        child = os.fork()
    if child == 0:
        try:
            run_child.block_signals()
            found = str(run_child.run_program_to_end([str(path), "7"], os.environ))
        except BaseException as error:
            found = type(error).__name__
        os.write(writer, found.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("first_line", ["#!/bin/sh\n", ""])
def test_a_script_is_run_by_its_own_program_or_the_shell(tmp_path: Path, first_line: str) -> None:
    assert outcome(tmp_path / "x", f"{first_line}exit $1\n") == str(ChildExit(7, False))


def test_a_program_of_a_missing_interpreter_is_not_run_by_the_shell(tmp_path: Path) -> None:
    assert outcome(tmp_path / "x", "#!/nowhere\nexit 0\n") == "ProgramNotFound"


def test_a_program_that_says_it_was_interrupted_was_not_interrupted_by_our_terminal(
    tmp_path: Path,
) -> None:
    assert outcome(tmp_path / "x", "#!/bin/sh\nexit 130\n") == str(ChildExit(130, False))
