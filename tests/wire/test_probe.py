"""The test request to a host of AWS: what it says of the host, the clock, proxy and certificates."""

from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable
from ssohelper.wire.transport import probe_service
from tests.wire.test_portal import deadline

CLOSED = "http://127.0.0.1:9"


def test_any_answer_means_that_the_host_can_be_reached_and_has_its_clock() -> None:
    with Emulator() as emulator:
        found = probe_service(emulator.url, {}, "the portal", deadline())
        assert found.error is None
        assert found.answered_at is not None
        assert (found.proxy, found.bundle) == ("", "")


def test_a_host_that_does_not_answer_is_an_error_that_names_the_service() -> None:
    found = probe_service(CLOSED, {}, "the portal", deadline())
    assert isinstance(found.error, AwsUnreachable)
    assert "the portal" in found.error.message
    assert found.answered_at is None


def test_proxy_and_bundle_are_those_of_the_variables_even_when_nothing_answers() -> None:
    environ = {"HTTPS_PROXY": "http://ana:CNRY@127.0.0.1:9", "REQUESTS_CA_BUNDLE": "/nowhere"}
    found = probe_service("https://portal.example", environ, "the portal", deadline())
    assert found.error is not None
    assert (found.proxy, found.bundle) == ("127.0.0.1:9", "/nowhere")
    assert "CNRY" not in repr(found) + found.error.message
    both = {**environ, "AWS_CA_BUNDLE": "/first"}
    assert probe_service("https://portal.example", both, "x", deadline()).bundle == "/first"


def test_this_machine_is_asked_without_a_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    with Emulator() as emulator:
        found = probe_service(emulator.url, environ, "the portal", deadline())
        assert (found.error, found.proxy) == (None, "")


def test_a_proxy_that_cannot_be_used_is_the_error() -> None:
    environ = {"HTTPS_PROXY": "ftp://127.0.0.1"}
    found = probe_service("https://portal.example", environ, "the portal", deadline())
    assert found.error is not None
    assert "HTTPS_PROXY" in found.error.message


def test_a_host_that_no_proxy_names_is_asked_without_one() -> None:
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "portal.example"}
    for url, proxy in (("https://portal.example", ""), ("https://other.example", "127.0.0.1:9")):
        assert probe_service(url, environ, "the portal", deadline(0)).proxy == proxy
