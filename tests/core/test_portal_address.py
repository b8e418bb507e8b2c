"""Where a company's own start URL may lead, and what counts as the same portal."""

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.core.portal_address import (
    PortalAddress,
    checked_portal_redirect,
    instance_id_of_portal,
    region_in_portal_page,
    session_with_portal_address,
)
from ssohelper.core.start_url import checked_start_url, is_company_url
from ssohelper.errors import ConfigInvalid

OWN = "https://sso.example.com/start"
HERE = "https://ssoins-1234abcd.eu-west-1.portal.amazonaws.com"
SESSION = SsoSession("corp", OWN, "eu-west-1", ())


@pytest.mark.parametrize(
    ("location", "portal"),
    [
        (HERE, HERE),
        (f"{HERE}/#/?tab=accounts", f"{HERE}/"),
        ("https://d-0000000000.awsapps.com/start", "https://d-0000000000.awsapps.com/start"),
        ("//d-0000000000.awsapps.com/start", "https://d-0000000000.awsapps.com/start"),
    ],
)
def test_a_redirect_to_aws_is_taken(location: str, portal: str) -> None:
    assert checked_portal_redirect(OWN, location) == portal


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/start",
        OWN,
        "https://example.org/",
        "https://bucket.s3.amazonaws.com/",
        "http://d-0000000000.awsapps.com/start",
        "http://login.example.org/",
        "ftp://d-0000000000.awsapps.com/start",
        "javascript:alert(1)",
        "https://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "https://localhost/",
        "https://[::1",
        "https://x@d-0000000000.awsapps.com/start",
        "https://d-0000000000.awsapps.com@example.org/",
        "https://d-0000000000.awsapps.com:8443/start",
        "https://d-0000000000.awsapps.com\\@example.org/",
        "https://d-0000000000.awsapps.com/sta rt",
        "https://d-0000000000.awsapps.com.example.org/",
        "https://\u0430wsapps.com/",
        "https://example.org/\x1b[2J\nX",
    ],
)
def test_every_other_redirect_is_refused_in_one_harmless_line(location: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        checked_portal_redirect(OWN, location)
    assert refused.value.message.isprintable()
    assert refused.value.message.startswith(OWN)


def test_the_instance_may_be_in_the_path() -> None:
    assert (
        instance_id_of_portal("https://identitycenter.amazonaws.com/ssoins-1234abcd")
        == "ssoins-1234abcd"
    )
    assert instance_id_of_portal("https://d-0000000000.awsapps.com/start") is None


ADDRESS = PortalAddress(
    OWN, "https://ssoins-1.eu-central-1.portal.amazonaws.com", "eu-west-1", "eu-central-1"
)


@pytest.mark.parametrize(
    ("address", "region", "is_known"),
    [
        (None, "eu-west-1", False),
        (ADDRESS, "eu-central-1", True),
        (ADDRESS._replace(region=None), "eu-west-1", True),
        # The config was changed after the address was saved.
        (ADDRESS._replace(configured_region="us-east-1"), "eu-west-1", True),
        (ADDRESS._replace(start_url="https://sso.example.org/start"), "eu-west-1", False),
    ],
)
def test_a_session_gets_the_region_to_which_its_start_url_led(address, region, is_known):
    session = session_with_portal_address(SESSION, address)
    assert session.region == region
    assert session.aws_url == (ADDRESS.portal_url if is_known else OWN)
    assert session.start_url == OWN


PORTAL, CHINA, GOV = (
    "https://d-0000000000.awsapps.com/start",
    "https://start.home.awsapps.cn/directory/d",
    "https://start.us-gov-home.awsapps.com/directory/d",
)


@pytest.mark.parametrize(
    ("page", "url", "region"),
    [
        ('<meta name="region" content="eu-west-1">', PORTAL, "eu-west-1"),
        ("<head><META content='eu-west-1' name='region' /></head>", PORTAL, "eu-west-1"),
        (
            '<meta name="x" content="x"><meta name="region" content="us-east-1"/>',
            PORTAL,
            "us-east-1",
        ),
        # Of the URL's own partition only.
        ('<meta name="region" content="cn-north-1">', PORTAL, None),
        ('<meta name="region" content="cn-north-1">', CHINA, "cn-north-1"),
        ('<meta name="region" content="us-gov-west-1">', PORTAL, None),
        ('<meta name="region" content="us-gov-west-1">', GOV, "us-gov-west-1"),
        ('<meta name="region" content="mars-north-1">', PORTAL, None),
        ('<meta name="region" content="eu-west-1;id">', PORTAL, None),
        ('<meta name="regions" content="eu-west-1">', PORTAL, None),
        ("<title>eu-west-1</title>", PORTAL, None),
        ("", PORTAL, None),
        ("<meta " * 20000, PORTAL, None),
    ],
)
def test_the_region_in_a_portals_page(page, url, region):
    assert region_in_portal_page(page, url) == region


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        (OWN, True),
        ("https://login.corp.example/aws?x=1", True),
        ("https://d-0000000000.awsapps.com/start", False),
    ],
)
def test_a_companys_own_host_is_a_start_url(url: str, is_own: bool) -> None:
    assert checked_start_url(url) == url
    assert is_company_url(url) is is_own


@pytest.mark.parametrize(
    "host",
    ["sso", "localhost", "sso.localhost", "10.0.0.1", "s3.amazonaws.com", "x.app.aws.example.com",
     "my-awsapps.com", "signin.aws", "console.aws.amazon.com", "-x.example.com", "x..example.com"],
)  # fmt: skip
def test_other_hosts_are_no_start_url(host: str) -> None:
    with pytest.raises(ConfigInvalid):
        checked_start_url(f"https://{host}/start")
