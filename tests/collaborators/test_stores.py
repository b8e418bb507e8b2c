"""`Stores`: warnings are given once, files are read again when asked."""

import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.errors import ConfigInvalid
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
