"""The region of Identity Center: not asked where it can be known, and never taken blindly."""

import pytest

from ssohelper.emulator.exchange import Answer
from ssohelper.emulator.internet import Host, host_that_redirects_to
from ssohelper.emulator.server import Emulator
from tests.cli.test_profile_commands_sync import ok
from tests.cli.test_setup_command import session_keys
from tests.portals.conftest import hosts_of

PORTAL = "d-0000000000.awsapps.com"
URL = f"https://{PORTAL}/start"
CHINA = "https://start.home.awsapps.cn/directory/d-0000000000"


@pytest.fixture
def portal(aws, home) -> Emulator:
    aws.world.start_url, aws.world.region = URL, "eu-west-1"
    return aws


def page(content: str, status: int = 200) -> Host:
    return lambda _request: Answer(status, (("Content-Type", "text/html"),), content.encode())


def meta(region: str) -> Host:
    return page(f'<html><head><meta name="region" content="{region}"/></head></html>')


def test_yes_takes_the_region_that_the_portals_page_names(run, home, portal):
    said = ok(run("setup", URL, "--session", "corp", "--yes", "--role", "ReadOnlyAccess"))
    assert f"the region of {URL} is eu-west-1, as the portal's page says" in said
    assert session_keys(home, "corp")["sso_region"] == "eu-west-1"
    [asked] = [visit for visit in portal.internet.visits() if visit.host == PORTAL]
    assert (asked.method, asked.path, asked.body) == ("GET", "/start", b"")
    assert not {"cookie", "authorization", "x-amz-sso_bearer_token"} & set(asked.headers)


def test_the_page_is_not_asked_where_the_region_is_known(run, home, portal):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    options = ("--yes", "--role", "ReadOnlyAccess")
    from_browser = f"{URL}/#/?tab=accounts"
    assert run("setup", from_browser, "--session", "second", *options).returncode == 0
    keys = session_keys(home, "second")
    assert (keys["sso_start_url"], keys["sso_region"]) == (f"{URL}/", "eu-west-1")
    assert PORTAL not in hosts_of(portal)


def test_off_a_terminal_without_yes_nothing_is_asked_for(run, home, portal):
    done = run("setup", URL)
    assert done.returncode == 2
    assert "--region" in done.stderr
    assert portal.internet.visits() == []


PAGES = {
    "China": meta("cn-north-1"),
    "GovCloud": meta("us-gov-west-1"),
    "no region": meta("mars-north-1"),
    "an injection": meta("eu-west-1;id"),
    "no meta": page("<html>eu-west-1</html>"),
    "403": page('<meta name="region" content="eu-west-1">', 403),
    "500": page("", 500),
    "a redirect": host_that_redirects_to("https://login.example.org/"),
}


@pytest.mark.parametrize("what", PAGES)
def test_a_page_without_a_region_of_the_urls_partition_is_exit_2(run, home, portal, what):
    portal.internet.add_host(PORTAL, PAGES[what])
    done = run("setup", URL, "--yes")
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert error == f"ssohelper: error: the region of {URL} is not known"
    assert hint.endswith("--region eu-west-1")
    assert {visit.host for visit in portal.internet.visits()} == {PORTAL}
    assert not home.config_file.exists()


def test_a_portal_that_cannot_be_reached_is_exit_2(run, portal):
    assert run("setup", "https://d-1111111111.awsapps.com/start", "--yes").returncode == 2


def test_china_has_regions_of_its_own(run, home, portal):
    portal.world.start_url, portal.world.region = CHINA, "cn-north-1"
    ok(run("setup", CHINA, "--session", "corp", "--yes", "--role", "ReadOnlyAccess"))
    assert session_keys(home, "corp")["sso_region"] == "cn-north-1"


@pytest.mark.long
@pytest.mark.parametrize(
    ("page_of_portal", "said", "question", "answer", "region"),
    [
        ("eu-west-1", "its region is eu-west-1", "region [eu-west-1]:", "eu-central-1", None),
        ("eu-west-1", "its region is eu-west-1", "region [eu-west-1]:", "", "eu-west-1"),
        ("", "is not known", "region (such as eu-west-1): ", "us-east-1", None),
    ],
)
def test_on_a_terminal_a_person_confirms_the_region_or_names_another(
    terminal, home, portal, page_of_portal, said, question, answer, region
):
    portal.internet.add_host(PORTAL, meta(page_of_portal))
    portal.world.region = region or answer
    options = ("--role", "ReadOnlyAccess", "--default-region", "eu-west-1")
    child = terminal("setup", URL, "--session", "corp", *options)
    child.talk(
        said,
        (question, "Ireland"),
        '"Ireland" is no AWS region; a region looks like: eu-west-1',
        (question, answer),
        ("[Y/n/d/c]", "y"),
    )
    assert child.ended()[0] == 0
    assert session_keys(home, "corp")["sso_region"] == (region or answer)


def test_an_own_start_url_is_followed_to_the_portal_and_its_page(run, home, portal):
    own = "https://sso.example.com/start"
    portal.internet.add_host("sso.example.com", host_that_redirects_to(URL))
    run.ok("setup", own, "--session", "corp", "--yes", "--role", "ReadOnlyAccess")
    keys = session_keys(home, "corp")
    assert (keys["sso_start_url"], keys["sso_region"]) == (own, "eu-west-1")


def test_the_emulators_portal_has_no_page_at_aws(run, home, portal):
    assert run("setup", URL, "--yes", env=portal.environment()).returncode == 2
    assert portal.internet.visits() == []
