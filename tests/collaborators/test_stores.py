"""`App`: warnings are given once, files are read again when asked, `notify` is started."""

import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.clock_text import Notice
from ssohelper.errors import ConfigInvalid
from ssohelper.fastpath import folders
from tests.conftest import Home


def write_settings(home: Home, text: str) -> Path:
    path = App(home.env).locations.settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_warning_is_given_once_and_kept_also_without_a_listener(home):
    said: list[str] = []
    for listener in (said.append, None):
        app = App(home.env, warn=listener)
        for message in ("a", "b", "a"):
            app.warn(message)
        assert app.warnings == ["a", "b"]
    assert said == ["a", "b"]


def test_settings_and_policy_are_those_of_the_first_use_until_they_are_forgotten(home):
    write_settings(home, 'theme = "dark"\n')
    app = App(home.env)
    assert app.settings.get("theme") == "dark"
    write_settings(home, 'theme = "light"\n')
    assert app.settings.get("theme") == "dark"
    assert app.read_settings().get("theme") == "light"
    app.forget_settings()
    del app.company_policy
    assert app.settings.get("theme") == "light"
    write_settings(home, "= broken\n")
    app.forget_settings()
    with pytest.raises(ConfigInvalid):
        _ = app.settings


def test_without_an_environment_it_takes_a_copy_of_the_process_s(home):
    app = App()
    assert app.environ == dict(os.environ)
    app.environ["AWS_PROFILE"] = "changed"
    assert os.environ.get("AWS_PROFILE") != "changed"


NOTICE = Notice("corp", 4_000_000_000, "the sign-in ends soon", "ssohelper login corp")


def test_in_the_home_of_another_user_no_command_of_its_settings_is_run(home, monkeypatch):
    """With `sudo -E`, root must not run a command that another user's settings name."""
    marker = home.path / "ran"
    write_settings(home, f"theme = 'dark'\nnotify = ['touch', '{marker}']\n")
    monkeypatch.setattr(folders, "find_other_home_owner", lambda _path, _environ: "ana")
    app = App(home.env)
    assert app.settings.get("theme") == "dark"
    assert not app.settings.get("notify")
    app.start_notice(NOTICE)
    assert not app.warnings
    assert not marker.exists()


def test_a_notify_command_that_is_gone_is_a_warning(home):
    write_settings(home, "notify = ['no-such-program', 'x']\n")
    app = App(home.env)
    app.start_notice(NOTICE)
    app.start_notice(NOTICE)
    [warning] = app.warnings
    assert "no-such-program" in warning
