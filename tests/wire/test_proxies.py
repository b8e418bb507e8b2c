"""Which proxy a request to AWS takes, by the variables that botocore reads."""

import os

import pytest
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable
from ssohelper.wire.connection import find_https_proxy
from ssohelper.wire.transport import probe_service
from tests.wire.test_portal import deadline

HOST = "portal.sso.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "http://", "http://a:b:c", "ftp://a"])
def test_an_unusable_proxy_is_an_error_without_its_password(address: str) -> None:
    with pytest.raises(AwsUnreachable, match="HTTPS_PROXY") as caught:
        find_https_proxy(HOST, {"https_proxy": address})
    assert caught.value.hint


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HTTPS_PROXY": "http://a:1"},
        {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"},
        {"https_proxy": "", "HTTPS_PROXY": "http://b:2"},
        {"HTTP_PROXY": "http://a:1"},
        {"ALL_PROXY": "http://a:1"},
        {"HTTPS_PROXY": "a:1"},
        {"HTTPS_PROXY": "//a:1"},
        {"HTTPS_PROXY": "http://a"},
        {"HTTPS_PROXY": "https://a"},
        {"HTTPS_PROXY": "http://u:p%40ss@a:1"},
        {"HTTPS_PROXY": "http://u@a:1"},
        {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "*"},
        {"HTTPS_PROXY": "http://a:1", "NO_PROXY": ".amazonaws.com"},
        {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "amazonaws.com"},
        {"HTTPS_PROXY": "http://a:1", "no_proxy": "x,portal.sso.eu-west-1.amazonaws.com"},
        {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "portal.sso.eu-west-1.amazonaws.com:443"},
        {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "naws.com"},
        {"HTTPS_PROXY": "http://a:1", "no_proxy": "", "NO_PROXY": "*"},
    ],
    ids=str,
)
def test_the_proxy_variables_are_read_as_botocore_does(monkeypatch, variables):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    url = f"https://{HOST}/x"
    configured = ProxyConfiguration(get_environ_proxies(url))
    theirs = configured.proxy_url_for(url)
    ours = find_https_proxy(HOST, variables)
    assert (ours is None) is (theirs is None)
    if ours is not None and theirs is not None:
        scheme, _, rest = theirs.partition("://")
        host, _, port = rest.rpartition("@")[2].partition(":")
        assert (ours.is_tls, ours.host) == (scheme == "https", host)
        assert ours.port == int(port or (443 if ours.is_tls else 80))
        headers = configured.proxy_headers_for(theirs)
        assert ours.authorization == headers.get("Proxy-Authorization")
        assert "p%40ss" not in repr(ours)


# -- the test request to a host: its answer, clock, proxy and certificates --


CLOSED = "http://127.0.0.1:9"
PORTAL = "https://portal.example"


def test_any_answer_means_that_this_machine_is_reached_without_a_proxy_and_has_its_clock():
    with Emulator() as emulator:
        for environ in ({}, dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), CLOSED)):
            found = probe_service(emulator.url, environ, "the portal", deadline())
            assert (found.error, found.proxy, found.bundle) == (None, "", "")
            assert found.answered_at is not None


def test_no_answer_or_an_unusable_proxy_is_an_error_that_names_it():
    unusable = {"HTTPS_PROXY": "ftp://127.0.0.1"}
    for url, environ, name in ((CLOSED, {}, "the portal"), (PORTAL, unusable, "HTTPS_PROXY")):
        found = probe_service(url, environ, "the portal", deadline())
        assert isinstance(found.error, AwsUnreachable)
        assert name in found.error.message
        assert found.answered_at is None


def test_proxy_and_bundle_are_those_of_the_variables_even_when_nothing_answers():
    environ = {"HTTPS_PROXY": "http://ana:CNRY@127.0.0.1:9", "REQUESTS_CA_BUNDLE": "/nowhere"}
    found = probe_service(PORTAL, environ, "the portal", deadline())
    assert found.error is not None
    assert (found.proxy, found.bundle) == ("127.0.0.1:9", "/nowhere")
    assert "CNRY" not in repr(found) + found.error.message
    both = {**environ, "AWS_CA_BUNDLE": "/first"}
    assert probe_service(PORTAL, both, "x", deadline()).bundle == "/first"
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "portal.example"}
    for url, proxy in ((PORTAL, ""), ("https://other.example", "127.0.0.1:9")):
        assert probe_service(url, environ, "the portal", deadline(0)).proxy == proxy
