"""Programs on PATH; the current folder is never searched."""

import contextlib
from pathlib import Path

import pytest

from ssohelper.system.programs import find_program


@pytest.fixture
def program(tmp_path) -> Path:
    path = tmp_path / "bin" / "tool"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_name_is_searched_in_path(program, tmp_path):
    environ = {"PATH": f"{tmp_path}:{program.parent}"}
    assert find_program("tool", environ) == str(program)
    assert find_program("other", environ) is None
    program.chmod(0o644)
    assert find_program("tool", environ) is None


def test_a_path_must_be_absolute(program, monkeypatch):
    monkeypatch.chdir(program.parent.parent)
    assert find_program(str(program), {}) == str(program)
    assert find_program("bin/tool", {"PATH": ""}) is None
    assert find_program(str(program.parent), {}) is None


@pytest.mark.parametrize("entry", ["", ".", "bin", None])
def test_the_current_folder_and_relative_entries_are_skipped(program, monkeypatch, entry):
    monkeypatch.chdir(program.parent if entry != "bin" else program.parent.parent)
    path = str(program.parent) if entry is None else entry
    assert find_program("tool", {"PATH": path}) is None


def test_in_a_removed_current_folder_path_is_searched(program, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    with contextlib.chdir(gone):
        gone.rmdir()
        assert find_program("tool", {"PATH": str(program.parent)}) == str(program)
