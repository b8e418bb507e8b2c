"""Which session of the config a set-up goes on with."""

import pytest

from ssohelper.actions import regions, setup
from ssohelper.core.config_file import ConfigFile
from ssohelper.errors import ConfigInvalid, UsageProblem
from tests.actions.world import CONFIG, SESSION, WorldApp
from tests.published import date_back

URL, OTHER_URL = SESSION.start_url, "https://d-1111111111.awsapps.com/start"
CONFIG_FILE = ConfigFile.parse(
    f"{CONFIG}[sso-session same]\nsso_start_url = {URL}\nsso_region = us-east-1\n"
    f"[sso-session other]\nsso_start_url = {OTHER_URL}\nsso_region = us-east-1\n".encode(),
    "config",
)


@pytest.mark.parametrize(
    ("url", "name", "found"),
    [
        (URL, "corp", "corp"),
        (f"{URL}/", "same", "same"),
        (URL, "new", None),
        (OTHER_URL, None, "other"),
        ("https://d-2222222222.awsapps.com/start", None, None),
    ],
)
def test_a_session_is_found_by_its_name_or_by_the_only_one_of_its_start_url(url, name, found):
    session = setup._find_session_in_config(CONFIG_FILE, url, name)
    assert (session.name if session else None) == found


def test_a_name_of_another_portal_and_a_start_url_of_two_sessions_are_errors():
    with pytest.raises(ConfigInvalid, match="already has another start URL"):
        setup._find_session_in_config(CONFIG_FILE, URL, "other")
    with pytest.raises(UsageProblem, match="several sessions"):
        setup._find_session_in_config(CONFIG_FILE, URL, None)


@pytest.mark.parametrize("name", ["", "a/b", "two words", "x" * 65, "\x1b]8;"])
def test_an_invalid_session_name_is_refused(tmp_path, name):
    app = WorldApp(tmp_path)
    with pytest.raises(UsageProblem, match="is not a valid name for a session"):
        setup.choose_session(app, OTHER_URL, name=name, region="us-east-1", ask_region=None)


def test_a_new_session_does_not_take_the_name_of_a_sign_in_at_another_portal(tmp_path):
    app = WorldApp(tmp_path)
    app.tokens.save_session(SESSION)
    app.sign_in()
    app.locations.aws_config_file.write_text("")
    date_back(app.locations.aws_config_file)
    later = WorldApp(tmp_path)
    with pytest.raises(UsageProblem, match=f'"corp" is signed in at {URL} in us-east-1'):
        setup.choose_session(later, OTHER_URL, name="corp", region="us-east-1", ask_region=None)
    again = setup.choose_session(later, URL, name="corp", region="us-east-1", ask_region=None)
    assert (again.name, again.start_url) == ("corp", URL)


def legacy(name: str, url: str) -> str:
    keys = f"sso_start_url = {url}\nsso_region = eu-west-1\n"
    return f"[profile {name}]\n{keys}sso_account_id = 000000000001\nsso_role_name = Read\n"


def test_each_portal_is_found_once_and_only_with_https(tmp_path):
    app = WorldApp(tmp_path)
    urls = (
        SESSION.start_url,
        f"{SESSION.start_url}/",
        OTHER_URL,
        OTHER_URL,
        "http://127.0.0.1:1/start",
    )
    with app.locations.aws_config_file.open("a") as file:
        file.write("".join(legacy(f"p{number}", url) for number, url in enumerate(urls)))
    found = setup.find_portals_in_config(app)
    assert [(one.start_url, one.region, one.name) for one in found] == [
        (SESSION.start_url, SESSION.region, "corp"),
        (OTHER_URL, "eu-west-1", ""),
    ]


THERE = "https://ssoins-1234567890abcdef.portal.eu-central-1.app.aws"
ELSEWHERE = "https://ssoins-fedcba0987654321.portal.eu-west-1.app.aws"


def test_a_portal_of_the_settings_is_of_the_session_that_names_it(tmp_path):
    app = WorldApp(tmp_path)
    path = app.locations.settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'[sessions.corp]\nregions = ["eu-west-1={ELSEWHERE}", "eu-central-1={THERE}"]\n'
    )
    date_back(path)
    app.forget_settings()
    for url in (THERE, f"{THERE}/"):
        session, portal = setup.find_further_portal(app, url, None)
        assert (session.name, *portal) == ("corp", "eu-central-1", THERE)
    assert setup.find_further_portal(app, SESSION.start_url, None) is None
    [further] = regions.list_further_portals(app, SESSION._replace(portal_url=THERE))
    assert (further.name, further.aws_url, further.region) == ("corp", THERE, "eu-central-1")
    assert (further.sign_in_name, further.scopes) == ("corp@eu-central-1", SESSION.scopes)
