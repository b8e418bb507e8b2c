"""Where a token or a browser may go."""

import pytest

from ssohelper.core import service_hosts
from ssohelper.errors import BadAnswer, ConfigInvalid

OIDC = "https://oidc.eu-west-1.amazonaws.com"
LOOPBACK = "http://127.0.0.1:4567"


@pytest.mark.parametrize(
    ("region", "oidc"),
    [
        ("us-east-1", "oidc.us-east-1.amazonaws.com"),
        ("ap-southeast-2", "oidc.ap-southeast-2.amazonaws.com"),
        ("us-gov-west-1", "oidc.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "oidc.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "oidc.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_hosts_are_built_from_the_region(region, oidc):
    for service, name in (("oidc", "oidc"), ("portal", "portal.sso"), ("sts", "sts")):
        host = oidc.replace("oidc", name)
        assert service_hosts.service_url(service, region, {}) == f"https://{host}"


@pytest.mark.parametrize(
    "region",
    [
        *("", "evil.net/", "us-east-1.evil.net", "us-east-1;id", "../../x", "us-east-１"),
        *("us-east-1\n", "US-EAST-1", "us-iso-east-1", "zz-east-1", "us-east-123"),
    ],
)
def test_an_invalid_region_is_refused(region):
    with pytest.raises(ConfigInvalid):
        service_hosts.checked_region(region)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4567",
        "http://localhost:4567/",
        "https://[::1]:4567",
        "https://oidc.us-west-2.amazonaws.com",
        "https://vpce-0a1b-2c.oidc.us-west-2.vpce.amazonaws.com",
    ],
)
def test_the_services_variable_changes_its_url(url):
    environ = {"AWS_ENDPOINT_URL_SSO_OIDC": url}
    assert service_hosts.service_url("oidc", "eu-west-1", environ) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://oidc.us-west-2.amazonaws.com",
        "https://evil.net",
        "https://oidc.us-west-2.amazonaws.com.evil.net",
        "https://oidc.us-west-2.amazonaws.com:8443",
        "https://oidc.us-west-2",
        "https://sts.us-west-2.amazonaws.com",
        "https://sts.amazonaws.com",
        "https://oidc.s3.amazonaws.com",
        "https://bucket.s3.us-west-2.amazonaws.com",
        "https://x.execute-api.us-west-2.amazonaws.com",
        "https://vpce-0a.vpce-svc-0b.us-west-2.vpce.amazonaws.com",
        "https://portal.sso.us-west-2.amazonaws.com",
        "http://127.0.0.1.evil.net:4567",
        "http://user@127.0.0.1:4567",
        "http://127.0.0.1:4567@evil.net",
        "http://127.0.0.1:4567/?x",
        "http://127.0.0.1:4567/#x",
        "http://:pw@127.0.0.1:4567",
        "http://0.0.0.0:4567",
        "ftp://127.0.0.1",
        "127.0.0.1:4567",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:4567\\@evil.net",
    ],
)
def test_the_services_variable_accepts_no_other_host(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="neither this machine nor AWS") as refused:
        service_hosts.service_url("oidc", "eu-west-1", {"AWS_ENDPOINT_URL_SSO_OIDC": url})
    assert refused.value.hint == "unset AWS_ENDPOINT_URL_SSO_OIDC"


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://sts.us-west-2.amazonaws.com", True),
        ("https://sts.amazonaws.com", True),
        (LOOPBACK, True),
        ("https://sts.amazonaws.com.evil.net", False),
        ("https://evil.amazonaws.com", False),
        ("https://oidc.us-west-2.amazonaws.com", False),
    ],
)
def test_sts_has_a_global_host_too(url, is_taken):
    environ = {"AWS_ENDPOINT_URL_STS": url}
    if is_taken:
        assert service_hosts.service_url("sts", "eu-west-1", environ) == url
    else:
        with pytest.raises(ConfigInvalid, match="AWS_ENDPOINT_URL_STS"):
            service_hosts.service_url("sts", "eu-west-1", environ)


def test_the_consoles_sign_in_variable_accepts_this_machine_only() -> None:
    environ = {"AWS_ENDPOINT_URL_SIGNIN": LOOPBACK}
    assert service_hosts.console_federation_url("eu-west-1", environ) == LOOPBACK
    environ = {"AWS_ENDPOINT_URL_SIGNIN": "https://eu-west-1.signin.aws.amazon.com"}
    with pytest.raises(ConfigInvalid, match="which is not this machine"):
        service_hosts.console_federation_url("eu-west-1", environ)


@pytest.mark.parametrize(("said", "is_moved"), [("true", False), ("TRUE", False), ("no", True)])
def test_awss_own_switch_ignores_the_service_variables(said, is_moved):
    environ = {"AWS_ENDPOINT_URL_SSO_OIDC": LOOPBACK, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": said}
    taken = service_hosts.service_url("oidc", "eu-west-1", environ)
    assert taken == (LOOPBACK if is_moved else OIDC)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:4567/x", True),
        ("http://localhost", True),
        ("http://[::1]:1/", True),
        ("http://127.0.0.1.evil.net", False),
        ("http://user@127.0.0.1", False),
        ("https://evil.net", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_this_machine_is_recognised_by_its_host(url: str, is_here: bool) -> None:
    assert service_hosts.is_loopback_url(url) is is_here


def test_the_general_variable_changes_nothing() -> None:
    environ = {"AWS_ENDPOINT_URL": "https://evil.net"}
    assert service_hosts.service_url("oidc", "eu-west-1", environ) == OIDC
    assert service_hosts.service_url("portal", "eu-west-1", environ).endswith(".amazonaws.com")


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH", None),
        ("https://eu-west-1.signin.aws/platform/authorize?request_uri=urn:a:b", None),
        ("https://d-0000000000.awsapps.com/start/#/device", None),
        ("https://signin.aws/platform", None),
        ("https://oidc.eu-west-1.api.aws/authorize", None),
        ("https://OIDC.eu-west-1.amazonaws.com", "https://oidc.eu-west-1.amazonaws.com/"),
        (
            "https://device.sso.eu-west-1.amazonaws.com/`x`$(y)|^%CD%\"' <>{}",
            "https://device.sso.eu-west-1.amazonaws.com/%60x%60$(y)%7C%5E%CD%25%22%27%20%3C%3E%7B%7D",
        ),
    ],
)
def test_sign_in_pages_of_aws_are_opened_rebuilt(url: str, opened: str | None) -> None:
    assert service_hosts.checked_sign_in_url(url, "eu-west-1", OIDC) == (opened or url)


HOSTILE = [
    "%action--help",
    "--help",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "\\\\evil\\share",
    "https://evil.net/",
    "https://awsapps.com.evil.net/",
    "https://x.awsapps.com@evil.net/",
    "https://user:pw@x.awsapps.com/",
    "https://x.awsapps.com:8443/",
    "http://device.sso.eu-west-1.amazonaws.com/",
    "https://device.sso.us-east-1.amazonaws.com/",
    "https://bucket.s3.amazonaws.com/",
    "https://x.awsapps.com/\x1b]8;;https://evil.net\x07",
    "https://x.awsapps.com/\nX",
    "https://x.awsapps.com/\u202e",
    "https://x.awsapps.com\\.evil.net/",
    "https://x.awsapps.com/\\evil.net/",
    " https://x.awsapps.com/",
    "https://x.awsapps.com/ ",
    "https://x_y.awsapps.com/",
    "https://-x.awsapps.com/",
    "https://127.0.0.1:4567/device",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://x.awsapps.com/" + "a" * 5000,
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_other_sign_in_pages_are_not_opened(url: str) -> None:
    with pytest.raises(BadAnswer, match="unexpected sign-in address") as refused:
        service_hosts.checked_sign_in_url(url, "eu-west-1", OIDC)
    assert refused.value.message.isprintable()


def test_a_loopback_server_may_name_its_own_pages_only() -> None:
    def checked(url: str) -> str:
        return service_hosts.checked_sign_in_url(url, "eu-west-1", LOOPBACK)

    assert checked(f"{LOOPBACK}/device?user_code=A") == f"{LOOPBACK}/device?user_code=A"
    for other in (
        "http://127.0.0.1:4568/",
        "https://127.0.0.1:4567/",
        "https://127.0.0.1/",
        "http://localhost:4567/",
    ):
        with pytest.raises(BadAnswer):
            checked(other)


def test_a_host_with_lookalike_letters_is_shown_in_punycode() -> None:
    assert service_hosts.shown_url("https://\u0430pple.com/x") == "https://xn--pple-43d.com/x"
    assert service_hosts.shown_url("https://apple.com/x") == "https://apple.com/x"
