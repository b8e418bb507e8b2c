"""Which portal may be a further one of a session's instance."""

import pytest

from ssohelper.core.further_portals import (
    Claim,
    compare_portal_urls,
    parse_further_portal,
    parse_further_portals,
)
from ssohelper.errors import ConfigInvalid

HERE = "https://ssoins-1234abcd.eu-west-1.portal.amazonaws.com"
THERE = "https://ssoins-1234abcd.eu-central-1.portal.amazonaws.com"


@pytest.mark.parametrize(
    ("own", "further", "claim"),
    [
        (HERE, THERE, Claim.SAME),
        (HERE, f"{THERE}/", Claim.SAME),
        (
            "https://ssoins-1234abcd.portal.eu-west-1.app.aws",
            "https://ssoins-1234abcd.portal.us-east-1.app.aws",
            Claim.SAME,
        ),
        (HERE, "https://ssoins-1234abcd.portal.eu-central-1.app.aws", Claim.OTHER_HOSTS),
        (HERE, "https://ssoins-1234abcd.awsapps.com/start", Claim.OTHER_HOSTS),
        (HERE, "https://other.awsapps.com/start/ssoins-1234abcd", Claim.OTHER_HOSTS),
        (HERE, "https://ssoins-9999.eu-central-1.portal.amazonaws.com", Claim.OTHER),
        (HERE, "https://ssoins-1234abcd.eusc-de-east-1.portal.amazonaws.eu", Claim.PARTITION),
        (HERE, "https://ssoins-9999.eusc-de-east-1.portal.amazonaws.eu", Claim.OTHER),
        ("https://d-0000000000.awsapps.com/start", THERE, Claim.UNKNOWN),
        (HERE, "https://d-0000000000.awsapps.com/start", Claim.UNKNOWN),
    ],
)
def test_the_ids_in_both_urls_decide(own, further, claim):
    assert compare_portal_urls(own, further) is claim


def test_a_text_names_region_and_portal():
    portal = parse_further_portal(f"eu-central-1={THERE}")
    assert portal == ("eu-central-1", THERE)
    assert portal.text == f"eu-central-1={THERE}"
    own_host = parse_further_portal("eu-central-1=https://d-0000000000.awsapps.com/start?a=b")
    assert own_host.start_url == "https://d-0000000000.awsapps.com/start?a=b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        THERE,
        "eu-central-1=",
        f"eu-west-1={THERE}",
        f"moon-1={THERE}",
        f"cn-north-1={THERE}",
        "eu-central-1=http://ssoins-1234abcd.eu-central-1.portal.amazonaws.com",
        "eu-central-1=https://sso.example.com/start",
        "eu-central-1=https://x.awsapps.com.example.net/start",
    ],
)
def test_a_text_that_names_no_further_portal_is_refused(text):
    with pytest.raises(ConfigInvalid):
        parse_further_portal(text)


def test_a_region_is_named_once():
    with pytest.raises(ConfigInvalid, match="more than once"):
        parse_further_portals([f"eu-central-1={THERE}", f"eu-central-1={THERE}"])
