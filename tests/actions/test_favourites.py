"""Uses and favourites of roles, as commands count and change them."""

import json

import pytest

from ssohelper.actions import favourites
from ssohelper.app import App
from ssohelper.core.model import RoleKey, Usage
from ssohelper.errors import ConfigInvalid
from tests.stores.test_usage_files import KEY, NOON, PROFILE


@pytest.fixture
def app(tmp_path) -> App:
    return App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)}, clock=lambda: NOON)


def test_a_use_is_counted_and_dated(app: App):
    favourites.record_use_of_role(app, PROFILE)
    favourites.record_use_of_role(app, PROFILE)
    assert app.usage.load_all() == {KEY: Usage(NOON, 2, favourite=False)}


def test_a_favourite_stays_one_when_it_is_used(app: App):
    assert favourites.set_favourite(app, KEY, True)
    assert not favourites.set_favourite(app, KEY, True)
    favourites.record_use_of_role(app, PROFILE)
    assert favourites.list_favourites(app) == [KEY]
    assert favourites.set_favourite(app, KEY, False)
    assert app.usage.load_all()[KEY] == Usage(NOON, 1, favourite=False)


def test_a_role_that_is_neither_used_nor_a_favourite_is_not_saved(app: App, tmp_path):
    favourites.set_favourite(app, KEY, True)
    favourites.set_favourite(app, KEY, False)
    assert json.loads((tmp_path / "state" / "usage.json").read_text())["roles"] == []


def test_a_state_folder_that_cannot_be_written_fails_no_command(tmp_path):
    (tmp_path / "state").write_text("a file is in the way")
    app = App({"HOME": str(tmp_path), "SSOHELPER_HOME": str(tmp_path)})
    favourites.record_use_of_role(app, PROFILE)
    [warning] = app.warnings
    assert warning.startswith("this use of the role could not be recorded: ")


def test_a_key_that_is_a_path_is_refused_before_anything_is_written(app: App, tmp_path):
    with pytest.raises(ConfigInvalid):
        favourites.set_favourite(app, RoleKey("../x", "001234567890", "Admin"), True)
    assert not (tmp_path / "state").exists()
