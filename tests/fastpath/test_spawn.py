"""The environment of a detached process: absolute paths, no role credentials."""

from unittest.mock import Mock

import pytest

from ssohelper.fastpath import spawn

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
