"""The test request to a host of AWS: what it says of the host, the clock, proxy and certificates."""

from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable
from ssohelper.wire.transport import probe_service
from tests.wire.test_portal import deadline

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


def test_a_host_that_no_proxy_names_is_asked_without_one():
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "portal.example"}
    for url, proxy in ((PORTAL, ""), ("https://other.example", "127.0.0.1:9")):
        assert probe_service(url, environ, "the portal", deadline(0)).proxy == proxy
