"""To which session a profile belongs that names its portal, before the config or a sign-in has it."""

from ssohelper.core import adoption
from ssohelper.core.model import SsoSession
from tests.actions.test_sessions_of_profiles import AWS, UNKNOWN, find_target, make_app
from tests.conftest import Home


def test_a_session_that_the_config_lacks_comes_after_those_that_it_has(home: Home) -> None:
    for url, by_rule, legacy_urls in ((AWS, "corp", []), (UNKNOWN, "new", [UNKNOWN])):
        app = make_app(home, url)
        new = SsoSession("new", url, "us-east-1", ())
        found = app.config.read().sessions_of_target(find_target(app), new)
        assert [one.name for one in found] == [by_rule]
        assert adoption.find_legacy_urls(app.config.read(), new) == legacy_urls
        home.config_file.unlink()


def test_a_session_counts_with_the_portal_that_its_sign_in_has_just_shown(home: Home) -> None:
    app = make_app(home, UNKNOWN)
    session = app.config.read().sso_session("corp")
    assert session is not None
    assert adoption.find_legacy_urls(app.config.read(), session) == []
    signed_in = session._replace(portal_url=UNKNOWN)
    assert adoption.find_legacy_urls(app.config.read(), signed_in) == [UNKNOWN]
    second = session._replace(name="second", start_url=AWS, portal_url=None)
    home.write_config(home.config_file.read_text().replace(UNKNOWN, AWS))
    assert adoption.find_legacy_urls(app.config.read(), second) == []
    assert adoption.find_legacy_urls(app.config.read(), session) == [AWS]
    moved = session._replace(portal_url=UNKNOWN)
    assert adoption.find_legacy_urls(app.config.read(), moved) == []
    config, target = app.config.read(), find_target(app)
    assert [one.name for one in config.sessions_of_target(target, moved)] == ["second"]
    for path in (home.path / "own").rglob("portals/*"):
        path.unlink()
    config = app.config.read()
    assert [one.name for one in config.sessions_of_target(target)] == ["second"]
    assert [one.name for one in config.sessions_of_target(target, session)] == ["corp"]
