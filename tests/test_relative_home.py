"""A relative HOME or SSOHELPER_HOME is refused: it would be another one in each folder."""

import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.errors import ConfigInvalid
from ssohelper.fastpath import folders
from tests.conftest import SCRIPT
from tests.programs import run_program
from tests.shell.test_launcher import KEY, place, shell

__all__ = ["place", "shell"]  # fixtures, which pytest finds by their names

RELATIVE = ["own", "./own", "../own", "~/own", " /own"]


@pytest.mark.parametrize(
    "line",
    [
        *("list", "status", "login", "profile list", "config path", "cache list"),
        *("whoami corp:001234567890/Admin", " ".join(["credential-process", *KEY])),
    ],
)
def test_a_command_names_it_with_exit_3_and_makes_nothing(run, home, line):
    home.add_session()
    before = sorted(os.listdir(home.path))
    result = run(*line.split(), env={"SSOHELPER_HOME": "~/own"})
    assert (result.returncode, result.stdout) == (3, "")
    assert 'SSOHELPER_HOME is "~/own": not an absolute path' in result.stderr
    assert "unset it" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir(home.path)) == before


@pytest.mark.parametrize(
    "line",
    [
        *("prompt", "prompt --state", "prompt --format {left}"),
        "completion --answer fish 0 ssohelper whoami",
    ],
)
def test_a_prompt_shows_nothing_and_a_tab_offers_nothing(run, home, line):
    home.add_session()
    result = run(*line.split(), env={"SSOHELPER_HOME": "own", "AWS_PROFILE": "corp"})
    assert result.stderr == ""
    assert result.returncode == 0 or line.startswith("completion")
    assert "own" not in result.stdout


@pytest.mark.parametrize("said", ["home", "./home", "../home"])
def test_the_launcher_leaves_it_to_python(place, shell, monkeypatch, said):
    """Though a document is there."""
    place.publish()
    assert place.has_hit(shell)
    monkeypatch.chdir(place.home if said.startswith("..") else place.home.parent)
    assert os.path.samefile(said, place.home)
    assert not place.has_hit(shell, env={**place.env, "SSOHELPER_HOME": said})


def test_pythons_hit_leaves_it_too(run, home, place, monkeypatch):
    place.publish()
    # `run` starts in the home's folder, in which the document's place lies.
    said = os.path.relpath(place.home, home.path)
    result = run("credential-process", *KEY, env={"SSOHELPER_HOME": said})
    assert (result.returncode, result.stdout) == (3, "")


@pytest.mark.parametrize("said", RELATIVE)
@pytest.mark.parametrize("place", ["runtime_folder", "state_folder", "settings_file"])
def test_every_place_refuses_it(place, said):
    with pytest.raises(ValueError, match="SSOHELPER_HOME"):
        getattr(folders, place)({"SSOHELPER_HOME": said})
    with pytest.raises(ConfigInvalid, match="SSOHELPER_HOME"):
        getattr(App({"SSOHELPER_HOME": said, "HOME": "/h"}).locations, place)
    assert Path(getattr(folders, place)({"SSOHELPER_HOME": "/own"})).is_relative_to("/own")


@pytest.mark.parametrize("program", ["ssohelper", "ssohelper-credentials"])
@pytest.mark.parametrize("base", [None, "own"])
def test_a_relative_home_makes_no_folder_in_the_current_one(tmp_path, program, base):
    """`own` is a folder of ours for XDG_RUNTIME_DIR, in which the runtime folder is made."""
    environ = {"PATH": os.defpath, "HOME": "rel"}
    if base is not None:
        (tmp_path / base).mkdir(mode=0o700)
        environ["XDG_RUNTIME_DIR"] = str(tmp_path / base)
    (tmp_path / "current").mkdir()
    argv = [SCRIPT] if program == "ssohelper" else [f"{SCRIPT}-credentials"]
    argv += ["credential-process", *KEY] if program == "ssohelper" else KEY
    done = run_program(argv, environ, cwd=tmp_path / "current")
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == 'ssohelper: error: HOME is "rel": not an absolute path\n'
    assert os.listdir(tmp_path / "current") == []
