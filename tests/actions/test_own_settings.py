"""A session's settings go with its name, unless an allow-list applies."""

import pytest

from ssohelper.actions import own_settings
from ssohelper.errors import Refused
from tests.actions.world import WorldApp
from tests.published import date_back

SETTINGS = "[sessions.corp]\nsession_hours = 8\n"


@pytest.fixture
def app(tmp_path) -> WorldApp:
    made = WorldApp(tmp_path)
    path = made.locations.settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SETTINGS)
    date_back(path)
    return made


def hours(app: WorldApp, name: str) -> object:
    return app.settings.get("session_hours", session=name)


def remove(app: WorldApp) -> None:
    own_settings.remove_session_settings(app, "corp")


def test_removed_settings_count_at_once(app: WorldApp):
    before = hours(app, "corp")
    remove(app)
    assert hours(app, "corp") == hours(app, "acme") != before


def test_below_an_allow_list_they_stay(app: WorldApp):
    app.environ["SSOHELPER_ALLOW"] = "*/*"
    with pytest.raises(Refused, match="change settings"):
        remove(app)
    assert app.locations.settings_file.read_text() == SETTINGS
