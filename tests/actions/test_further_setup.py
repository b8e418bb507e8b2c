"""Which session a start URL of a further portal belongs to."""

from ssohelper.actions import setup
from tests.actions.world import SESSION, WorldApp
from tests.published import date_back

THERE = "https://ssoins-1234567890abcdef.portal.eu-central-1.app.aws"
OTHER = "https://ssoins-fedcba0987654321.portal.eu-west-1.app.aws"


def test_a_portal_of_the_settings_is_of_the_session_that_names_it(tmp_path):
    app = WorldApp(tmp_path)
    path = app.locations.settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[sessions.corp]\nregions = ["eu-west-1={OTHER}", "eu-central-1={THERE}"]\n')
    date_back(path)
    app.forget_settings()
    for url in (THERE, f"{THERE}/"):
        found = setup.find_further_portal(app, url, None)
        assert found is not None
        assert (found[0].name, found[1].region, found[1].start_url) == (
            "corp",
            "eu-central-1",
            THERE,
        )
    own = setup.find_further_portal(app, SESSION.start_url, None)
    assert own is None
