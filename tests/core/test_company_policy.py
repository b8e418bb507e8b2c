"""The company's policy: what its file may say, and that what is not understood is an error."""

import pytest

from ssohelper.core.company_policy import NO_POLICY, CompanyPolicy, parse_company_policy
from ssohelper.core.model import SsoSession
from ssohelper.errors import ConfigInvalid, Refused

WHOLE = b"""
portals = ["https://corp.awsapps.com/start", "https://d-99*.awsapps.com/start"]
storage = "file"
device_code = false
ca_bundle = "/etc/ssl/corp.pem"
[guard]
rules = ["*/AdministratorAccess"]
[agents]
allow = ["*-dev/*", "111111111111/Read,Only"]
"""


def test_every_key_of_a_policy_file_is_read():
    assert parse_company_policy(WHOLE, "p") == CompanyPolicy(
        ("https://corp.awsapps.com/start", "https://d-99*.awsapps.com/start"),
        "file",
        False,
        ("*/AdministratorAccess",),
        ("*-dev/*", "111111111111/Read,Only"),
        "/etc/ssl/corp.pem",
    )
    assert parse_company_policy(b"", "p") == NO_POLICY


@pytest.mark.parametrize(
    "text",
    [
        *("portal = []", "[guards]\nrules = []", "[guard]\nrule = []", "guard = 1"),
        *('"guard.rules" = 5', "portals = 'https://x'", "portals = ['']", "portals = [1]"),
        *('portals = ["a\\u0007"]', "device_code = 'no'", "device_code = 0", "storage = true"),
        *("ca_bundle = 'corp.pem'", "ca_bundle = true", "[guard]\nrules = '*'"),
        *("[guard]\nrules = ['#prod']", "[guard]\nrules = ['#']", "[agents.allow]\nx = 1"),
        *("[agents]\nallow = ['some-profile']", "not toml", "x = " + "[" * 5000, "\udcff"),
    ],
)
def test_an_unknown_key_or_value_of_the_policy_is_an_error(text):
    with pytest.raises(ConfigInvalid) as caught:
        parse_company_policy(text.encode("utf-8", "surrogateescape"), "/etc/ssohelper/policy.toml")
    assert caught.value.message.startswith('"/etc/ssohelper/policy.toml"')
    assert "administrator" in str(caught.value.hint)


def session(start_url: str) -> SsoSession:
    return SsoSession("corp", start_url, "us-east-1", ())


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://corp.awsapps.com/start", True),
        ("https://CORP.awsapps.com/start/#/", True),
        ("https://d-9912345678.awsapps.com/start", True),
        ("https://d-8812345678.awsapps.com/start", False),
        ("https://corp.awsapps.com/start2", False),
        ("https://corp.awsapps.com.evil.example/start", False),
    ],
)
def test_only_portals_that_the_policy_names_may_be_used(url, is_allowed):
    policy = parse_company_policy(WHOLE, "p")
    if is_allowed:
        policy.check_portal(session(url))
    else:
        with pytest.raises(Refused):
            policy.check_portal(session(url))
    NO_POLICY.check_portal(session(url))


def test_no_portal_and_a_device_code_are_refused_if_the_policy_says_so():
    NO_POLICY.check_device_code()
    CompanyPolicy(device_code=True).check_device_code()
    with pytest.raises(Refused):
        CompanyPolicy(device_code=False).check_device_code()
    with pytest.raises(Refused):
        CompanyPolicy(portals=()).check_portal(session("https://corp.awsapps.com/start"))


def test_rows_are_what_the_policy_sets_and_no_setting_can():
    assert NO_POLICY.values_without_user_setting() == []
    rows = [row[:2] for row in parse_company_policy(WHOLE, "p").values_without_user_setting()]
    assert rows == [
        ("agents.allow", ("*-dev/*", "111111111111/Read,Only")),
        ("ca_bundle", "/etc/ssl/corp.pem"),
        ("device_code", False),
        ("portals", ("https://corp.awsapps.com/start", "https://d-99*.awsapps.com/start")),
    ]
