"""The pager: which program it is, how it is started, and what happens without one."""

import os
import stat
from pathlib import Path

import pytest

from ssohelper.system import programs


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder for PATH with a `less`, which writes its words and its input into files."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "less"
    script.write_text(f'#!/bin/sh\necho "$#" "$@" >{tmp_path}/words\ncat >{tmp_path}/text\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def environ(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{folder}/bin{os.pathsep}/usr/bin{os.pathsep}/bin", **more}


@pytest.mark.parametrize(
    ("variable", "words"),
    [(None, "1 -R"), ("less", "0"), ("less -S '$(touch x)' ; y", "4 -S $(touch x) ; y")],
)
def test_it_is_started_without_a_shell(folder, variable, words):
    more = {} if variable is None else {"PAGER": variable}
    text = "a\nb\udc80\n" + "line\n" * 50_000
    assert programs.show_in_pager(text, environ(folder, **more))
    assert (folder / "words").read_text().strip() == words
    assert (folder / "text").read_text().startswith("a\nb\\udc80\nline\n")
    assert {path.name for path in folder.iterdir()} == {"bin", "words", "text"}


def test_leaving_it_before_the_end_of_the_text_is_no_error(folder):
    assert programs.show_in_pager("line\n" * 200_000, environ(folder, PAGER="true"))


@pytest.mark.parametrize("variable", ["", "nothing-here", "bin/less", "less '"])
def test_without_one_nothing_is_started(folder, monkeypatch, variable):
    monkeypatch.chdir(folder)
    assert not programs.show_in_pager("a", environ(folder, PAGER=variable))
    assert not programs.show_in_pager("a", {"PATH": "/nowhere"})
    assert not (folder / "words").exists()
