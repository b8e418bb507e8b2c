"""Which file a program's name stands for."""

import stat
from pathlib import Path

import pytest

from ssohelper.actions import run
from ssohelper.errors import NotExecutable, ProgramNotFound


@pytest.fixture
def folders(tmp_path) -> list[Path]:
    """Return two folders for PATH."""
    made = [tmp_path / "first", tmp_path / "second"]
    for folder in made:
        folder.mkdir()
    return made


def add(path: Path, mode: int = 0o755) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(stat.S_IFREG | mode)
    return path


def find(folders: list[Path], name: str) -> str:
    return run.find_program(name, {"PATH": ":".join(map(str, folders))})


def test_the_first_executable_in_path_is_the_program(folders):
    first, second = (add(folder / "job") for folder in folders)
    assert find(folders, "job") == str(first)
    first.chmod(0o644)
    assert find(folders, "job") == str(second)
    first.unlink()
    first.mkdir()
    assert find(folders, "job") == str(second)


def test_what_cannot_be_executed_is_another_error_than_none(folders):
    (folders[0] / "job").mkdir()
    with pytest.raises(ProgramNotFound):
        find(folders, "job")
    with pytest.raises(NotExecutable):
        find(folders, str(folders[0] / "job"))
    path = add(folders[1] / "job", 0o644)
    with pytest.raises(NotExecutable, match=str(path)):
        find(folders, "job")


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_file_can_have_is_not_found(folders, name):
    with pytest.raises(ProgramNotFound):
        find(folders, name)
