"""A company's own start URL: where it leads, and that nothing secret goes to it."""

import json
from typing import Any

import pytest

from ssohelper.core.company_policy import CompanyPolicy
from ssohelper.core.model import SsoSession
from ssohelper.emulator.exchange import Answer
from ssohelper.emulator.internet import host_that_redirects_to
from ssohelper.emulator.server import Emulator
from ssohelper.errors import Refused
from tests.cli.test_profile_commands_sync import ok
from tests.long_rows import long_after
from tests.portals.conftest import INSTANCE, VANITY

URL = f"https://{VANITY}/start"
PROFILE = "payments-prod.ReadOnlyAccess"
HERE = f"https://{INSTANCE}.eu-west-1.portal.amazonaws.com"
THERE = f"https://{INSTANCE}.eu-central-1.portal.amazonaws.com"
OTHER = "https://ssoins-9999.eu-west-1.portal.amazonaws.com"


@pytest.fixture
def company(aws, home) -> Emulator:
    """Let the company's start URL lead to its portal in eu-west-1."""
    aws.world.start_url, aws.world.region = HERE, "eu-west-1"
    aws.internet.add_host(VANITY, host_that_redirects_to(f"{HERE}/#/"))
    return aws


def visits_of(company: Emulator, host: str) -> list[Any]:
    return [visit for visit in company.internet.visits() if visit.host == host]


def check_nothing_secret_was_sent(company: Emulator) -> None:
    """Check every request to a host that is not AWS's: one plain GET, without credentials."""
    for visit in company.internet.visits():
        if visit.host.endswith(("amazonaws.com", "awsapps.com", "aws.amazon.com")):
            continue
        request = visit
        assert (request.method, request.body) == ("GET", b"")
        assert set(request.headers) == {"host", "accept", "accept-encoding", "user-agent"}
        text = f"{request.path} {request.query} {dict(request.headers)}"
        assert company.canary not in text


def record(home):
    [found] = home.path.rglob("portals/corp.json")
    return json.loads(found.read_text())


@pytest.mark.parametrize("way", long_after(1, [[], ["--device-code"]]))
def test_setup_needs_no_region_and_every_command_works(run, home, company, way):
    ok(run("setup", URL, "--session", "corp", "--yes", *way))
    assert len(visits_of(company, VANITY)) == 2  # once more at the sign-in
    config = home.config_file.read_text()
    assert f"sso_start_url = {URL}\n" in config
    assert "sso_region = eu-west-1\n" in config
    assert record(home) == {
        "start_url": URL,
        "portal_url": f"{HERE}/",
        "configured_region": "eu-west-1",
        "region": "eu-west-1",
    }
    for argv in (
        ("whoami", PROFILE),
        ("list", "--session", "corp", "--refresh"),
        ("credential-process", "--profile", PROFILE),
        ("env", PROFILE),
        ("console", PROFILE),
        ("status",),
        ("profile", "sync", "--session", "corp", "--yes", "--refresh"),
        ("logout", "corp"),
    ):
        run.ok(*argv)
    assert len(visits_of(company, VANITY)) == 2
    check_nothing_secret_was_sent(company)


def test_a_companys_own_start_url_is_resolved_at_each_sign_in_and_not_for_a_renewal(
    run, home, company
):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    company.faults.token_seconds = 60
    assert run("login", "corp").returncode == 0
    company.faults.token_seconds = 3600
    assert run("login", "corp", "--min", "30m").returncode == 0
    assert company.counters["CreateToken.refresh_token"] == 1
    assert len(visits_of(company, VANITY)) == 1
    assert run("login", "corp", "--force").returncode == 0
    assert len(visits_of(company, VANITY)) == 2
    check_nothing_secret_was_sent(company)


def test_the_same_instance_in_another_region_is_said_and_used(run, home, company):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    assert run("login", "corp").returncode == 0
    company.world.start_url, company.world.region = THERE, "eu-central-1"
    company.internet.add_host(VANITY, host_that_redirects_to(THERE))
    assert "now leads to eu-central-1 (last time: eu-west-1)" in ok(run("login", "corp", "--force"))
    assert record(home)["region"] == "eu-central-1"
    # The next processes ask the new region, though the config still has the old one.
    assert "sso_region = eu-west-1" in home.config_file.read_text()
    ok(run("list", "--session", "corp", "--refresh"))
    assert len(visits_of(company, "portal.sso.eu-central-1.amazonaws.com")) > 0
    session = run.data("status")["sessions"][0]
    assert (session["start_url"], session["region"]) == (URL, "eu-central-1")
    synced = run("profile", "sync", "--session", "corp", "--dry-run", "--role", "Read*")
    assert "-sso_region = eu-west-1\n+sso_region = eu-central-1\n" in synced.stdout


def test_a_region_that_is_changed_in_the_config_later_wins(run, home, company):
    home.add_session("corp", start_url=URL, region="us-east-1")
    assert run("login", "corp").returncode == 0
    text = home.config_file.read_text()
    home.write_config(text.replace("us-east-1", "eu-central-1"))
    session = run.data("status")["sessions"][0]
    assert (session["region"], session["state"]) == ("eu-central-1", "signed_out")


@pytest.mark.parametrize("more", long_after(1, [["--yes"], []]))
def test_another_portal_off_a_terminal_is_exit_3_and_gets_nothing(run, home, company, more):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    assert run("login", "corp").returncode == 0
    before = company.counters
    company.internet.add_host(VANITY, host_that_redirects_to(OTHER))
    done = run("login", "corp", "--force", *more)
    assert done.returncode == 3
    assert f"now leads to {OTHER}" in done.stderr
    assert company.counters == before
    assert record(home)["portal_url"].startswith(HERE)
    assert run("whoami", PROFILE_TEXT).returncode == 0  # the user's earlier sign-in still works


PROFILE_TEXT = "corp:000030000001/ReadOnlyAccess"


# What is no portal's URL is in tests/core/test_portal_address.py.
BAD = {
    "another company": (host_that_redirects_to("https://login.example.org/"), 3, "login.example"),
    "loopback": (host_that_redirects_to("http://127.0.0.1:8080/"), 3, "127.0.0.1"),
    "twice": (host_that_redirects_to("https://sso2.example.com/start"), 3, "sso2.example.com"),
    "a loop": (host_that_redirects_to(URL), 3, f'redirects to "{URL}'),
    "no place": (lambda _request: Answer(302, (), b""), 3, "without saying where"),
    "two places": (
        lambda _request: Answer(302, (("Location", HERE), ("Location", OTHER)), b""),
        3,
        "several places",
    ),
    "a page": (lambda _request: Answer(200, (), b"<html></html>"), 3, "answers 200"),
    "not found": (lambda _request: Answer(404, (), b""), 3, "answers 404"),
    "another 3xx": (lambda _request: Answer(304, (), b""), 3, "answers 304"),
    "an error": (lambda _request: Answer(503, (), b""), 6, "answered 503"),
    "too many": (lambda _request: Answer(429, (), b""), 6, "answered 429"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_redirect_is_one_line_and_no_token_is_sent(run, home, company, what):
    host, code, says = BAD[what]
    company.internet.add_host(VANITY, host)
    home.add_session("corp", start_url=URL, region="eu-west-1")
    config = home.config_file.read_bytes()
    done = run("login", "corp")
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("ssohelper: error: ")
    assert says in lines[0]
    assert [line[:16] for line in lines[1:]] == ["ssohelper: hint:"]
    assert [visit.host for visit in company.internet.visits()] == [VANITY]
    check_nothing_secret_was_sent(company)
    assert home.config_file.read_bytes() == config
    assert list(home.path.rglob("portals/*.json")) == []


def test_a_host_that_does_not_exist_is_exit_6(run, home, aws):
    home.add_session("corp", start_url="https://gone.example.com/start", region="eu-west-1")
    done = run("login", "corp")
    assert done.returncode == 6
    assert "https://gone.example.com/start" in done.stderr


def test_the_portals_region_wins_over_a_typed_one(run, home, company):
    options = ("--session", "corp", "--region", "us-east-1", "--role", "ReadOnlyAccess", "--yes")
    assert f"{URL} leads to eu-west-1, not to us-east-1" in ok(run("setup", URL, *options))
    assert "sso_region = eu-west-1\n" in home.config_file.read_text()


def test_setup_goes_on_in_the_region_to_which_the_url_leads_now(run, home, company):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    assert run("login", "corp").returncode == 0
    assert run("logout", "corp").returncode == 0
    company.world.start_url, company.world.region = THERE, "eu-central-1"
    company.internet.add_host(VANITY, host_that_redirects_to(THERE))
    ok(run("setup", URL, "--role", "ReadOnlyAccess", "--yes"))
    assert "sso_region = eu-central-1\n" in home.config_file.read_text()


@pytest.mark.parametrize("way", [(), ("--device-code",)])
def test_a_portal_that_aws_refuses_is_named_beside_the_url_that_leads_to_it(
    run, home, company, way
):
    home.add_session("corp", start_url=URL, region="eu-west-1")
    gone = f"https://{INSTANCE.replace('ssoins-', 'ssoins-0')}.eu-west-1.portal.amazonaws.com/start"
    company.internet.add_host(VANITY, host_that_redirects_to(gone))
    done = run("login", "corp", *way)
    assert done.returncode == 6
    assert f'refuses "{gone}" (reached from "{URL}")' in done.stderr


def test_a_policy_may_name_the_own_url_or_the_portal():
    session = SsoSession("corp", URL, "eu-west-1", (), f"{HERE}/")
    for allowed in (URL, HERE):
        CompanyPolicy(portals=(allowed,)).check_portal(session)
    with pytest.raises(Refused, match=r"sso\.example\.com"):
        CompanyPolicy(portals=(OTHER,)).check_portal(session)
