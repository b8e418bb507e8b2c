"""Changing one key of config.toml, which the user also edits."""

from pathlib import Path

import pytest

from ssohelper.core.deadline import Deadline
from ssohelper.errors import ConfigInvalid
from ssohelper.settings import parse_words, split_key
from ssohelper.stores.settings_file import SettingsFile
from tests.test_settings import read_settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "config.toml"


@pytest.fixture
def store(path: Path, tmp_path: Path) -> SettingsFile:
    return SettingsFile(path, runtime=tmp_path / "run")


def soon() -> Deadline:
    return Deadline(20, lambda: 0.0)


def test_set_changes_one_value_and_comments_stay(store, path):
    path.parent.mkdir()
    path.write_text('# mine\nform = "process" # why\n\n[guard]\nrules = ["x"]\n')
    store.set(split_key("form"), parse_words("form", ("sso",)), soon())
    store.set(split_key("renew_ahead"), parse_words("renew_ahead", ("false",)), soon())
    text = path.read_text()
    assert "# mine\n" in text
    assert "# why" in text
    found = read_settings(path, {})
    assert found.get("form") == "sso"
    assert found.get("renew_ahead") is False
    assert found.get("guard.rules") == ("x",)


@pytest.mark.parametrize(
    ("key", "words", "value"),
    [
        ("notify", ("notify-send", "%s", 'a "b"\n'), ("notify-send", "%s", 'a "b"\n')),
        ("session_hours", ("12",), 12),
        ("session_hours", ("1.5h",), 1.5),
        ("sessions.my.corp.session_hours", ("9",), 9),
        ("sessions.corp.browser", ("firefox -P work %s",), "firefox -P work %s"),
        ("guard.rules", ("a", "b"), ("a", "b")),
        ("guard.rules", ('["a", "b"]',), ("a", "b")),
        ("guard.rules", ("[ab]*",), ("[ab]*",)),
        ("notify", ('["a"]', "b"), ('["a"]', "b")),
        ("default_region", ("eu-west-1",), "eu-west-1"),
    ],
)
def test_a_value_of_every_kind_is_read_as_it_was_set(store, path, key, words, value):
    assert parse_words(key, words) == value
    for _ in range(2):
        store.set(split_key(key), parse_words(key, words), soon())
    assert read_settings(path, {}).get(key) == value
    assert path.stat().st_mode & 0o777 == 0o600
    for is_changed in (True, False):
        assert store.set(split_key(key), None, soon()) is is_changed
        assert read_settings(path, {}).origin(key) == "default"


def test_settings_of_several_sessions_do_not_affect_each_other(store, path):
    for name in ("corp", "my.corp", "zeta"):
        store.set(("sessions", name, "session_hours"), len(name), soon())
        store.set(("sessions", name, "browser"), name, soon())
    store.set(("form",), "sso", soon())
    found = read_settings(path, {})
    assert found.get("form") == "sso"
    for name in ("corp", "my.corp", "zeta"):
        assert found.get("session_hours", session=name) == len(name)
        assert found.get("browser", session=name) == name


def test_a_symlink_stays_a_symlink_and_an_invalid_file_is_not_changed(store, path, tmp_path):
    path.parent.mkdir()
    (tmp_path / "dotfiles.toml").write_text('form = "sso"\n')
    path.symlink_to(tmp_path / "dotfiles.toml")
    assert read_settings(path, {}).get("form") == "sso"
    store.set(("form",), "process", soon())
    assert path.is_symlink()
    assert read_settings(path, {}).get("form") == "process"
    path.write_text("form = ")
    with pytest.raises(ConfigInvalid):
        store.set(("form",), "sso", soon())
    assert path.read_text() == "form = "
