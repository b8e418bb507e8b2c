"""The hosts that the emulator plays: each answers for its service, region and variant only."""

import json
from typing import Any

import pytest

from ssohelper.emulator.addresses import AwsHost, find_aws_host, partition_name, portal_host_name
from ssohelper.emulator.exchange import Answer, make_request
from ssohelper.emulator.service import Service
from ssohelper.emulator.world import demo_world

OIDC = "oidc.eu-west-1.amazonaws.com"
START = "https://ssoins-0000.portal.eu-west-1.app.aws"


class Browser:
    """Sends requests to the hosts of one service."""

    def __init__(self) -> None:
        world = demo_world()
        world.start_url, world.region = START, "eu-west-1"
        self.service = Service(world)
        self.service.url = "http://127.0.0.1:9"

    def ask(self, host: str, path: str, body=None, query: str = "", **headers: str) -> Answer:
        method = "GET" if body is None else "POST"
        data = b"" if body is None else json.dumps(body).encode()
        request = make_request(method, path, query, headers, data, host=host)
        return self.service.internet.handle(request, self.service.handle)

    def device(self, host: str) -> dict[str, Any]:
        fields = {"clientName": "x", "clientType": "public", "scopes": ["sso:account:access"]}
        client = json.loads(self.ask(host, "/client/register", fields).body)
        asked = {name: client[name] for name in ("clientId", "clientSecret")} | {"startUrl": START}
        answer: dict[str, Any] = json.loads(self.ask(host, "/device_authorization", asked).body)
        return answer


def test_a_host_answers_for_its_own_service_only():
    browser = Browser()
    for host, path in ((OIDC, "/assignment/accounts"), ("portal.sso.eu-west-1.api.aws", "/")):
        assert browser.ask(host, path).status == 404
    assert browser.ask("oidc.eu-west-1.api.aws", "/start").status == 404


def test_another_region_does_not_know_the_portal_or_its_tokens():
    browser = Browser()
    fields = {"clientName": "x", "clientType": "public", "issuerUrl": START}
    refused = browser.ask("oidc.us-east-1.amazonaws.com", "/client/register", fields)
    assert (refused.status, json.loads(refused.body)["error"]) == (400, "invalid_request")
    token = browser.service.issue_token("ana")["accessToken"]
    header = {"x-amz-sso_bearer_token": token}
    there = "portal.sso.us-east-1.amazonaws.com"
    assert browser.ask(there, "/assignment/accounts", **header).status == 401
    here = "portal.sso.eu-west-1.amazonaws.com"
    assert browser.ask(here, "/assignment/accounts", **header).status == 200


@pytest.mark.parametrize(
    ("oidc", "page_host", "works"),
    [
        ("oidc.eu-west-1.api.aws", "ssoins-0000.portal.eu-west-1.app.aws", True),
        (OIDC, "ssoins-0000.eu-west-1.portal.amazonaws.com", False),
    ],
)
def test_a_device_page_works_on_the_portals_own_variant_only(oidc, page_host, works):
    browser = Browser()
    device = browser.device(oidc)
    host, _, rest = device["verificationUriComplete"].removeprefix("https://").partition("/")
    assert host == page_host
    path, _, query = rest.partition("?")
    assert browser.ask(host, f"/{path}", query=query).status == (303 if works else 400)


@pytest.mark.parametrize(
    "host",
    [
        "oidc-fips.us-gov-west-1.amazonaws.com",  # GovCloud has no oidc-fips host
        "oidc.us-iso-east-1.c2s.ic.gov",
        "signin.amazonaws-eusc.eu",  # all hosts of this partition begin with a region
        "oidc.amazonaws.com",
        "oidc.cn-north-1.amazonaws.com",
        "example.com",
    ],
)
def test_aws_has_no_such_host(host):
    assert find_aws_host(host) is None


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("oidc.eu-west-1.amazonaws.com", AwsHost("oidc", "aws", "eu-west-1")),
        ("portal.sso-fips.us-east-1.amazonaws.com", AwsHost("portal", "aws", "us-east-1", fips=True)),
        ("sts.cn-north-1.amazonaws.com.cn", AwsHost("sts", "aws-cn", "cn-north-1")),
        ("oidc.eu-west-1.api.aws", AwsHost("oidc", "aws", "eu-west-1", dual_stack=True)),
        ("signin.aws.amazon.com", AwsHost("sign-in", "aws", "us-east-1")),
        ("eu-west-1.console.aws.amazon.com", AwsHost("console", "aws", "eu-west-1")),
        ("start.home.awsapps.cn", AwsHost("start", "aws-cn", "")),
        ("x.portal.eusc-de-east-1.api.amazonwebservices.eu",
         AwsHost("start", "aws-eusc", "eusc-de-east-1", dual_stack=True)),
    ],
)  # fmt: skip
def test_a_host_of_aws_has_its_service_partition_region_and_variant(host, found):
    assert find_aws_host(host) == found


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "eusc-de-east-1", "us-gov-west-1"])
@pytest.mark.parametrize("dual_stack", [False, True])
def test_the_name_of_a_portals_host_is_found_as_that_portal(region, dual_stack):
    host = AwsHost("start", partition_name(region), region, dual_stack)
    assert find_aws_host(portal_host_name(host, "ssoins-1234abcd")) == host


def test_a_region_of_no_partition_counts_as_one_of_aws():
    assert partition_name("moon-1") == "aws"
