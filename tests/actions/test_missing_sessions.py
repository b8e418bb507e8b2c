"""How a session that the config lacks is found again."""

from ssohelper.actions import missing_sessions
from ssohelper.core.listing import Listing
from tests.actions.world import NOW, SESSION, WorldApp

OTHER = SESSION._replace(name="other", start_url="https://d-1111111111.awsapps.com/start")


def test_a_session_is_found_as_its_own_sign_in_or_its_own_list_recorded_it(tmp_path):
    app = WorldApp(tmp_path)
    app.tokens.save_session(OTHER)
    assert missing_sessions.find_recorded_session(app, "corp") is None
    app.directory.save("corp", Listing(SESSION.start_url, "eu-west-1", NOW, ()))
    found = missing_sessions.find_recorded_session(app, "corp")
    assert found is not None
    assert (found.start_url, found.region) == (SESSION.start_url, "eu-west-1")
    app.tokens.save_session(SESSION)
    assert missing_sessions.find_recorded_session(app, "corp") == SESSION
    assert missing_sessions.find_recorded_session(app, "other") == OTHER
