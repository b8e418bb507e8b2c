"""To which session a profile belongs that names its portal, before the config or a sign-in has it."""

from ssohelper.core.model import SsoSession
from tests.actions.test_sessions_of_profiles import AWS, UNKNOWN, find_target, make_app
from tests.conftest import Home


def test_a_session_that_the_config_lacks_counts_beside_those_that_it_has(home: Home) -> None:
    for url, names in ((AWS, ["corp", "second"]), (UNKNOWN, [])):
        app = make_app(home, url)
        new = SsoSession("new", url, "us-east-1", ())
        config, target = app.config.read(), find_target(app)
        assert config.is_target_of(new, target)
        assert [one.name for one in config.sessions_of_target(target)] == names
        home.config_file.unlink()


def test_a_session_counts_with_the_portal_that_its_sign_in_has_just_shown(home: Home) -> None:
    app = make_app(home, AWS)
    config, target = app.config.read(), find_target(app)
    session = config.sso_session("corp")
    assert session is not None
    assert not config.is_target_of(session._replace(portal_url=UNKNOWN), target)
    for path in (home.path / "own").rglob("portals/*"):
        path.unlink()
    config = app.config.read()
    assert [one.name for one in config.sessions_of_target(target)] == ["second"]
    assert config.is_target_of(session, target)
