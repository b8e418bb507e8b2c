"""The limits of a request to a local server, and the bytes of its answer."""

import pytest

from ssohelper.core.local_http import Answer, HttpRules
from ssohelper.core.model import Secret

RULES = HttpRules(frozenset({"here"}), Answer(404, b""), most_clients=4)


def head_of(size: int, *lines: str) -> bytes:
    """Return a request of this many bytes, with these header lines."""
    start = "".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "Host: here", *lines))
    padding = "X-Long: " + "x" * (size - len(start) - len("X-Long: \r\n\r\n"))
    return f"{start}{padding}\r\n\r\n".encode()


@pytest.mark.parametrize(("for_browsers", "limit"), [(False, 8192), (True, 65536)])
def test_a_request_may_be_as_long_as_the_limit_and_no_longer(for_browsers, limit):
    rules = RULES._replace(for_browsers=for_browsers)
    assert rules.head_limit_bytes == limit
    assert len(head_of(limit)) == limit
    assert rules.parse_request(head_of(limit), is_ours=True)
    assert rules.parse_request(head_of(limit + 1), is_ours=True) is None


def test_a_request_has_at_most_64_headers() -> None:
    lines = [f"X-{number}: 1" for number in range(62)]
    assert RULES.parse_request(head_of(2000, *lines), is_ours=True)
    assert RULES.parse_request(head_of(2000, *lines, "X-More: 1"), is_ours=True) is None


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_request_says_whose_it_is_and_names_its_headers_in_lower_case(is_ours):
    head = b"GET /a?b HTTP/1.0\r\nHost: here\r\nX-A: B\r\n\r\n"
    found = RULES.parse_request(head, is_ours=is_ours)
    assert found == ("/a?b", {b"host": b"here", b"x-a": b"B"}, is_ours)


def test_an_answer_is_not_stored_and_a_redirect_goes_to_an_http_address_alone():
    head, _, body = Answer(503, b"text", "text/plain").encoded().partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 503 Service Unavailable"
    assert {"Content-Type: text/plain", "Content-Length: 4", "Cache-Control: no-store"} < set(lines)
    assert not any(line.startswith("Location") for line in lines)
    assert body == b"text"
    answer = Answer(302, b"", location=Secret("https://aws.example/?code=1"))
    assert b"\r\nLocation: https://aws.example/?code=1\r\n" in answer.encoded()
    for address in ("javascript:alert(1)", "https://a\r\nX: 1", "/path"):
        with pytest.raises(ValueError, match="redirect"):
            answer._replace(location=Secret(address)).encoded()
