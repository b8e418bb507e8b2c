"""The environment of a detached process: absolute paths, no role credentials, no foreign code."""

import re
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from ssohelper.fastpath import spawn

ROOT = Path(__file__).resolve().parents[2]
HOME = {"HOME": "/home/ana", "PYTHONSAFEPATH": "1"}


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_relative_paths_become_absolute(variable, tmp_path, monkeypatch):
    """The process runs in another folder."""
    monkeypatch.chdir(tmp_path)
    found = spawn.detached_environment({**HOME, variable: "here/file", "X": "y"})
    assert found == {**HOME, variable: str(tmp_path / "here/file"), "X": "y"}


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"AWS_CONFIG_FILE": "~/config"}, {"AWS_CONFIG_FILE": "/home/ana/config"}),
        # Role credentials of the caller.
        ({"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SESSION_TOKEN": "t"}, {}),
        # By these a CI agent finds what to kill.
        ({"RUNNER_TRACKING_ID": "1", "JENKINS_NODE_COOKIE": "2", "BUILD_ID": "3"}, {}),
    ],
)
def test_what_is_the_callers_is_left_out_and_a_path_below_home_expanded(more, left):
    assert spawn.detached_environment({**HOME, **more}) == {**HOME, **left}


def test_without_a_readable_proc_nothing_outlives_its_caller(monkeypatch):
    monkeypatch.setattr(spawn.os, "stat", Mock(side_effect=PermissionError))
    assert spawn.can_outlive_caller() is False
    monkeypatch.setattr(spawn.sys, "platform", "darwin")
    assert spawn.can_outlive_caller() is True


class TestUserBase:
    """`pip install --user` with a PYTHONUSERBASE: only that one stays."""

    @pytest.mark.parametrize(("base", "stays"), [("{own}", True), ("{own}/", False), ("x", False)])
    def test_of_the_launcher(self, tmp_path: Path, base: str, stays: bool) -> None:
        own = tmp_path / "base"
        (own / "bin").mkdir(parents=True)
        launcher = own / "bin" / "ssohelper-credentials"
        launcher.write_bytes((ROOT / "shell" / "ssohelper-credentials").read_bytes())
        launcher.chmod(0o755)
        (own / "bin" / "ssohelper").write_text('#!/bin/sh\necho "$1 ${PYTHONUSERBASE-none}"\n')
        (own / "bin" / "ssohelper").chmod(0o755)
        said = base.format(own=own)
        env = {"PATH": "/usr/bin:/bin", "PYTHONUSERBASE": said}
        for command in ("prompt", "completion", "shell-init"):
            answer = subprocess.run([launcher, command], env=env, capture_output=True, text=True)
            assert answer.stdout == f"{command} {said if stays else 'none'}\n"

    def test_of_a_process_that_we_start(self) -> None:
        ours = str(ROOT)  # where this package is in this test
        for base, stays in ((ours, True), ("relative", False), ("/opt", False), ("", False)):
            given = {"PYTHONUSERBASE": base, "X": "1"}
            left = {**(given if stays else {"X": "1"}), "PYTHONSAFEPATH": "1"}
            assert spawn.environment_without_foreign_code(given) == left


def test_the_launcher_and_python_unset_the_same() -> None:
    text = (ROOT / "shell" / "ssohelper-credentials").read_text().replace("\\\n", " ")
    plain = re.search(r"^unset -v (.*)$", text, re.MULTILINE)
    assert plain
    assert tuple(plain.group(1).split()) == spawn.UNSET
