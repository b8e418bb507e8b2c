"""Start URLs: which ones are of an AWS access portal, and what their host name says."""

import pytest

from ssohelper.core.start_url import (
    checked_start_url,
    checked_typed_start_url,
    default_session_name,
    is_same_portal,
    region_of_start_url,
)
from ssohelper.errors import ConfigInvalid


@pytest.mark.parametrize(
    "url",
    [
        "https://d-0000000000.awsapps.com/start",
        "https://my-corp.awsapps.com/start/",
        "https://my-corp.awsapps.com/start#/",
        "https://my-corp.awsapps.com:443/start",
        "https://start.us-gov-home.awsapps.com/directory/d-0000000000",
        "https://ssoins-1234.portal.eu-west-1.app.aws",
        "https://ssoins-1234.eu-west-1.portal.amazonaws.com",
        "https://x.eusc-de-east-1.portal.amazonaws.eu",
        "https://x.awsapps.cn/start",
        "https://identitycenter.amazonaws.com/ssoins-1234",
    ],
)
def test_urls_of_the_access_portal_are_returned_unchanged(url: str) -> None:
    assert checked_start_url(url) == url


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("HTTPS://D-0000000000.AWSAPPS.COM/Start#/A", "https://d-0000000000.awsapps.com/Start#/A"),
        ("https://My-Corp.awsapps.com", "https://my-corp.awsapps.com"),
        ("https://My-Corp.awsapps.com?A=B", "https://my-corp.awsapps.com?A=B"),
        ("d-0000000000.awsapps.com/start", "https://d-0000000000.awsapps.com/start"),
        ("D-0000000000.awsapps.com", "https://d-0000000000.awsapps.com"),
        ("ssoins-1234.portal.eu-west-1.app.aws", "https://ssoins-1234.portal.eu-west-1.app.aws"),
    ],
)
def test_a_typed_url_gets_a_host_in_small_letters_and_https(typed, url):
    assert checked_typed_start_url(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "http://d-0000000000.awsapps.com/start",
        "//d-0000000000.awsapps.com/start",
        "ana@d-0000000000.awsapps.com/start",
        "d-0000000000.awsapps.com:80/start",
        "d-0000000000.awsapps.com.evil.net/start",
        "sso.example.com/start",
        "corp",
        "",
    ],
)
def test_nothing_else_is_completed(typed: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        checked_typed_start_url(typed)
    with pytest.raises(ConfigInvalid) as unchanged:
        checked_start_url(typed)
    assert caught.value.message == unchanged.value.message


def test_a_url_has_at_most_2048_characters() -> None:
    url = "https://d-0000000000.awsapps.com/start/"
    longest = url + "x" * (2048 - len(url))
    assert checked_start_url(longest) == longest
    with pytest.raises(ConfigInvalid):
        checked_start_url(longest + "x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://evilawsapps.com/start",
        "https://awsapps.com/start",
        "https://x.awsapps.com@evil.net/start",
        # Partitions without Identity Center.
        "https://start.us-iso-east-1.c2shome.ic.gov/start",
        "https://x.portal.sc2s.sgov.gov/start",
        "https://x.portal.cloud.adc-e.uk/start",
        "https://user@x.awsapps.com/start",
        "https://[::1]/",
        "https://127.0.0.1/start",
        "https://x.awsapps.com/start\nX",
        " https://x.awsapps.com/start",
        "https://x.awsapps.com/sta rt",
        "https://x.awsapps.com\\@evil.net/",
        "https://x.awsapps.com./start",
        "https://x.awsapps.com\u3002evil.net/",
        "https://\u0430.awsapps.com/start",
        "https://x.awsapps.com/\x1b]8;;",
        "https://x.awsapps.com/" + "a" * 3000,
        "https://[x.awsapps.com/",
    ],
)
def test_a_start_url_that_is_invalid_or_not_awss_is_refused(url: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        checked_start_url(url)
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("corp", "is not a start URL"),
        ("https://", "is not a start URL"),
        ("https://x.awsapps.com:0/", "is not a start URL"),
        ("https://x.awsapps.com:99999/", "is not a start URL"),
        ("http://x.awsapps.com/start", "does not begin with https://"),
        ("https://x.awsapps.com:8443/", "contains a user name or a port"),
        ("https://x@x.awsapps.com/", "contains a user name or a port"),
        ("https://awsapps.com.evil.net/", "is not on a host of the AWS access portal"),
        ("https://localhost/start", "is not on a host of the AWS access portal"),
    ],
)
def test_the_error_for_a_bad_start_url_says_why(url: str, why: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        checked_start_url(url)
    assert refused.value.message == f'"{url}" {why}'


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://ssoins-1234.portal.eu-west-1.app.aws", "eu-west-1"),
        ("https://ssoins-1234.us-gov-west-1.portal.amazonaws.com/", "us-gov-west-1"),
        ("https://x.eusc-de-east-1.portal.amazonaws.eu", "eusc-de-east-1"),
        ("https://x.portal.cn-north-1.app.amazonwebservices.com.cn", "cn-north-1"),
        ("https://x.portal.nowhere.app.aws", None),
        ("https://d-0000000000.awsapps.com/start", None),
    ],
)
def test_the_region_is_read_from_hosts_that_contain_it(url: str, region: str | None) -> None:
    assert region_of_start_url(url) == region


def test_the_default_session_name_is_the_first_label() -> None:
    assert default_session_name("https://My-Corp.awsapps.com/start") == "my-corp"


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ("https://d-0000000000.awsapps.com/start", True),
        ("https://d-0000000000.awsapps.com/start/", True),
        ("https://d-0000000000.awsapps.com/start#", True),
        ("https://d-0000000000.awsapps.com/start/#/", True),
        ("https://d-0000000000.awsapps.com/start/#/console?account_id=1", True),
        ("https://D-0000000000.awsapps.com/START", True),
        ("https://d-0000000000.awsapps.com/star", False),
        ("https://d-0000000000.awsapps.com/start2", False),
        ("https://d-0000000001.awsapps.com/start", False),
        ("http://d-0000000000.awsapps.com/start", False),
        ("", False),
    ],
)
def test_a_portal_has_several_urls(other: str, is_same: bool) -> None:
    url = "https://d-0000000000.awsapps.com/start"
    assert is_same_portal(url, other) is is_same
    assert is_same_portal(other, url) is is_same
