"""The file with a program's answer to the shell function: which file is used, and removed."""

import os
from pathlib import Path

import pytest

from ssohelper.system import shell_answer


def make_answer_file(folder: Path) -> Path:
    path = folder / "answer"
    path.touch(0o600)
    return path


@pytest.mark.parametrize("kind", ["none", "", "x", "answer", "full", "link", "twice", "folder"])
def test_a_variable_that_names_no_new_private_file_is_ignored(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = make_answer_file(tmp_path)
    (tmp_path / "full").write_text("kept")
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "folder").mkdir()
    if kind == "twice":
        os.link(path, tmp_path / "twice")
    is_relative = kind in ("", "x", "answer")
    monkeypatch.setenv("_SSOHELPER_ANSWER", kind if is_relative else str(tmp_path / kind))
    monkeypatch.setenv("_SSOHELPER_SHELL", "bash")
    assert shell_answer.open_shell_answer() is None
    assert "_SSOHELPER_ANSWER" not in os.environ
    assert (tmp_path / "full").read_text() == "kept"


@pytest.mark.parametrize("is_replaced", [True, False])
@pytest.mark.parametrize(
    ("text", "code", "stays"), [("x", 0, True), ("x", 4, False), ("", 0, False)]
)
def test_the_file_stays_only_with_an_answer_of_a_program_that_succeeded(
    tmp_path, text, code, stays, is_replaced
):
    path = make_answer_file(tmp_path)
    with os.fdopen(os.open(path, os.O_WRONLY), "w") as file:
        answer = shell_answer.ShellAnswer(file.fileno(), str(path), {})
        file.write(text)
        file.flush()
        if is_replaced:  # then it is no answer, and what replaced it stays
            path.rename(tmp_path / "moved")
            path.symlink_to("moved")
        assert answer.finish(code) == (shell_answer.LOST if is_replaced and stays else code)
    assert path.is_symlink() if is_replaced else path.exists() == stays


def test_a_child_process_does_not_inherit_the_file(tmp_path, monkeypatch):
    path = make_answer_file(tmp_path)
    monkeypatch.setenv("_SSOHELPER_ANSWER", str(path))
    monkeypatch.setenv("_SSOHELPER_SHELL", "bash")
    assert shell_answer.open_shell_answer() is not None
    assert "_SSOHELPER_SHELL" not in os.environ
    found = [number for number in map(int, os.listdir("/proc/self/fd")) if is_open(number, path)]
    assert [os.get_inheritable(number) for number in found] == [False]
    os.close(*found)


def is_open(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except OSError:
        return False
