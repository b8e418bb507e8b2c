"""The environment of a detached process: absolute paths, no role credentials."""

import pytest

from ssohelper.fastpath import spawn

HOME = {"HOME": "/home/ana", "PYTHONSAFEPATH": "1"}


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_relative_paths_become_absolute(variable, tmp_path, monkeypatch):
    """The process runs in another folder."""
    monkeypatch.chdir(tmp_path)
    found = spawn.detached_environment({**HOME, variable: "here/file", "X": "y"})
    assert found == {**HOME, variable: str(tmp_path / "here/file"), "X": "y"}


def test_a_path_below_the_home_folder_is_expanded() -> None:
    found = spawn.detached_environment({**HOME, "AWS_CONFIG_FILE": "~/config"})
    assert found["AWS_CONFIG_FILE"] == "/home/ana/config"


def test_role_credentials_of_the_caller_are_left_out() -> None:
    environ = {**HOME, "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SESSION_TOKEN": "t"}
    assert spawn.detached_environment(environ) == HOME


def test_a_ci_agent_does_not_find_what_we_detach() -> None:
    environ = {**HOME, "RUNNER_TRACKING_ID": "1", "JENKINS_NODE_COOKIE": "2", "BUILD_ID": "3"}
    assert spawn.detached_environment(environ) == HOME


def test_without_a_readable_proc_nothing_outlives_its_caller(monkeypatch):
    def refuse(path: str) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(spawn.os, "stat", refuse)
    assert spawn.can_outlive_caller() is False
    monkeypatch.setattr(spawn.sys, "platform", "darwin")
    assert spawn.can_outlive_caller() is True
