"""URLs of the console: each partition's hosts, the service pages, the portal's link."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from ssohelper.core import console_urls
from ssohelper.core.console_urls import SERVICES, console_page_of_service, console_pages_to_offer
from ssohelper.core.model import PageChoice, Profile, Role, Secret, SsoSession
from ssohelper.core.search import Index
from ssohelper.core.service_hosts import console_base_url, console_federation_url, partition_of
from ssohelper.errors import ConfigInvalid, UsageProblem

SIGN_IN = {"AWS_ENDPOINT_URL_SIGNIN": ""}


@pytest.mark.parametrize(
    ("region", "partition", "sign_in", "console"),
    [
        ("us-east-1", "aws", "signin.aws.amazon.com", "console.aws.amazon.com"),
        ("eu-west-1", "aws", "eu-west-1.signin.aws.amazon.com", "eu-west-1.console.aws.amazon.com"),
        (
            "us-gov-west-1",
            "aws-us-gov",
            "signin.amazonaws-us-gov.com",
            "console.amazonaws-us-gov.com",
        ),
        (
            "us-gov-east-1",
            "aws-us-gov",
            "us-gov-east-1.signin.amazonaws-us-gov.com",
            "us-gov-east-1.console.amazonaws-us-gov.com",
        ),
        ("cn-north-1", "aws-cn", "signin.amazonaws.cn", "console.amazonaws.cn"),
        (
            "cn-northwest-1",
            "aws-cn",
            "cn-northwest-1.signin.amazonaws.cn",
            "cn-northwest-1.console.amazonaws.cn",
        ),
        (
            "eusc-de-east-1",
            "aws-eusc",
            "eusc-de-east-1.signin.amazonaws-eusc.eu",
            "eusc-de-east-1.console.amazonaws-eusc.eu",
        ),
    ],
)
def test_every_partition_has_its_own_hosts(region, partition, sign_in, console):
    assert partition_of(region).name == partition
    assert console_federation_url(region, SIGN_IN) == f"https://{sign_in}"
    assert console_base_url(region) == f"https://{console}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://localhost", "http://[::1]:9"])
def test_the_federation_url_may_be_a_loopback_address(url):
    assert console_federation_url("us-east-1", {"AWS_ENDPOINT_URL_SIGNIN": url}) == url


@pytest.mark.parametrize(
    "url",
    [
        *("https://signin.aws.amazon.com", "https://eu-west-1.signin.aws.amazon.com"),
        *("https://sts.amazonaws.com", "https://evil.example", "http://127.0.0.1.evil.example"),
        *("http://127.0.0.1@evil.example", "file:///etc/passwd", "http://10.0.0.1", "nonsense"),
    ],
)
def test_the_federation_url_may_be_no_other_address(url):
    with pytest.raises(ConfigInvalid, match="AWS_ENDPOINT_URL_SIGNIN"):
        console_federation_url("us-east-1", {"AWS_ENDPOINT_URL_SIGNIN": url})


@pytest.mark.parametrize(
    ("service", "region", "path"),
    [
        ("home", "eu-west-1", "console/home?region=eu-west-1"),
        ("ec2", "eu-west-1", "ec2/home?region=eu-west-1"),
        ("S3", "us-east-1", "s3/home?region=us-east-1"),
        ("logs", "eu-west-1", "cloudwatch/home?region=eu-west-1#logsV2:log-groups"),
        ("ssm", "cn-north-1", "systems-manager/home?region=cn-north-1"),
        ("dynamodb", "us-gov-east-1", "dynamodbv2/home?region=us-gov-east-1"),
        ("codepipeline", "eu-west-1", "codesuite/codepipeline/pipelines?region=eu-west-1"),
        # Global services have one page in a partition.
        ("iam", "eu-west-1", "https://console.aws.amazon.com/iam/home"),
        ("billing", "cn-northwest-1", "https://console.amazonaws.cn/billing/home"),
    ],
)
def test_a_service_has_its_page(service, region, path):
    base = f"{console_base_url(region)}/" if "//" not in path else ""
    assert console_page_of_service(service, region).url == base + path


def test_every_service_of_the_table_is_an_https_page_of_the_console() -> None:
    for service in SERVICES:
        for region in ("us-east-1", "eu-central-1", "us-gov-east-1", "eusc-de-east-1"):
            parts = urlsplit(console_page_of_service(service, region).url)
            assert parts.scheme == "https"
            assert parts.netloc.removeprefix(f"{region}.") == partition_of(region).console_host
            assert "{" not in parts.geturl()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ecs2", ["ecs", "ec2"]),
        ("lamda", ["lambda"]),
        ("lgs", ["logs"]),
        *((name, []) for name in ("qqqqqq", "", "iam/../x", "é")),
    ],
)
def test_an_unknown_service_gets_the_names_that_are_near(name: str, near: list[str]) -> None:
    with pytest.raises(UsageProblem) as caught:
        console_page_of_service(name, "us-east-1")
    hint = caught.value.hint or ""
    assert [word for word in hint.split('"') if word in SERVICES] == near
    assert hint.endswith("list them with: ssohelper console -h")


@pytest.mark.parametrize(
    "end", ["/start", "/start/", "/start#", "/start/#/", "/start#/?tab=accounts"]
)
def test_the_portal_link_has_all_parameters_in_its_fragment(end):
    page = console_page_of_service("logs", "eu-west-1")
    session = SsoSession("corp", f"https://d-0000000000.awsapps.com{end}", "us-east-1", ())
    chosen = Profile("p", session, Role("001234567890", "A+b=c,d.e@f-g_h"), None)
    place, fragment = console_urls.portal_console_link(chosen, page.url).split("#")
    assert place == "https://d-0000000000.awsapps.com/start/"
    path, query = fragment.split("?")
    assert path == "/console"
    # As decodeURIComponent reads it, which leaves a "+" alone.
    assert "+" not in query
    assert dict(parse_qsl(query)) == {
        "account_id": "001234567890",
        "role_name": "A+b=c,d.e@f-g_h",
        "destination": page.url,
    }


def test_the_login_url_is_a_secret_and_complete() -> None:
    address = console_urls.console_sign_in_url(
        "https://signin.aws.amazon.com",
        "https://x.awsapps.com/start",
        "https://c/?a=b#d",
        Secret("t&=%"),
    )
    assert "t&" not in str(address)
    parts = urlsplit(address.reveal())
    assert parts[1:3] == ("signin.aws.amazon.com", "/federation")
    assert not parts.fragment
    assert parse_qs(parts.query) == {
        "Action": ["login"],
        "Issuer": ["https://x.awsapps.com/start"],
        "Destination": ["https://c/?a=b#d"],
        "SigninToken": ["t&=%"],
    }


LAST = PageChoice("lambda", "eu-west-1")


def test_the_last_page_is_first_then_the_home_page_then_the_region_of_the_role() -> None:
    found = console_pages_to_offer([LAST, PageChoice("gone", "eu-west-1")], "us-east-1")
    assert found[:3] == [LAST, PageChoice("home", "us-east-1"), PageChoice("acm", "us-east-1")]
    assert len(found) == len(set(found))
    assert "gone" not in {one.service for one in found}
    assert [one.region for one in found if one.service == "iam"] == ["us-east-1"]  # once


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_every_page_that_is_offered_has_a_url_in_the_partition(region):
    home, *others = (
        urlsplit(console_page_of_service(*choice).url).netloc
        for choice in console_pages_to_offer([], region)
    )
    host = home.partition("console.")[2]
    assert all(host in other for other in others)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lambda", LAST),
        ("lam eu-c", PageChoice("lambda", "eu-central-1")),
        ("euw3 s3", PageChoice("s3", "eu-west-3")),
        ("sec mgr", PageChoice("secretsmanager", "us-east-1")),
        ("nosuch", None),
        ("iam", PageChoice("iam", "us-east-1")),
    ],
)
def test_service_and_region_are_found_as_typed(query: str, expected: PageChoice | None) -> None:
    choices = console_pages_to_offer([LAST], "us-east-1")
    preferred = 1 + len(console_urls.SERVICES)
    found = Index(
        tuple(zip(*choices, strict=True)), fuzzy_columns=(0, 1), preferred=preferred
    ).search(query, fuzzy=True)
    assert (choices[found[0]] if found else None) == expected
