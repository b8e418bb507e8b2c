"""What becomes of a session's sign-in and records when its section goes or gets another name."""

import pytest

from ssohelper.actions import missing_sessions, session_edit
from ssohelper.core.listing import Listing
from tests.actions.test_login import HOUR, LoginApp
from tests.actions.world import NOW, SESSION, WorldApp


@pytest.fixture
def app(tmp_path) -> LoginApp:
    return LoginApp(tmp_path)


@pytest.mark.parametrize("is_in_config", [True, False])
def test_an_unfinished_set_up_says_whether_it_signed_out(app: LoginApp, is_in_config):
    app.sign_in_since(HOUR, HOUR)
    if not is_in_config:
        app.locations.aws_config_file.write_text("")
    assert session_edit.discard_unfinished(app, SESSION) is not is_in_config
    assert app.logged_out == ([] if is_in_config else ["first"])


OTHER = SESSION._replace(name="other", start_url="https://d-1111111111.awsapps.com/start")


def test_a_session_is_found_as_its_own_sign_in_or_its_own_list_recorded_it(tmp_path):
    app = WorldApp(tmp_path)
    app.tokens.save_session(OTHER)
    assert missing_sessions.find_recorded_session(app, "corp") is None
    app.directory.save("corp", Listing(SESSION.start_url, "eu-west-1", NOW, ()))
    found = missing_sessions.find_recorded_session(app, "corp")
    assert (found.start_url, found.region) == (SESSION.start_url, "eu-west-1")
    app.tokens.save_session(SESSION)
    assert missing_sessions.find_recorded_session(app, "corp") == SESSION
    assert missing_sessions.find_recorded_session(app, "other") == OTHER
