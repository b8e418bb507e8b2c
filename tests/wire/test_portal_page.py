"""Where a company's own start URL leads, by the answer of its server."""

from http.client import HTTPMessage

import pytest

from ssohelper.errors import AwsUnreachable, ConfigInvalid
from ssohelper.wire import portal_page
from ssohelper.wire.transport import Answer

OWN = "https://sso.example.com/"
PORTAL = "https://d-0000000000.awsapps.com/start"


def answers(
    monkeypatch: pytest.MonkeyPatch, status: int, *locations: str, body: bytes = b""
) -> None:
    headers = HTTPMessage()
    for location in locations:
        headers.add_header("Location", location)
    answer = Answer(status, headers, body, None)
    monkeypatch.setattr(portal_page, "_request_page", lambda _url, _environ: answer)


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_to_aws_is_the_portal(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    answers(monkeypatch, status, PORTAL)
    assert portal_page.find_portal_url(OWN, {}) == PORTAL


@pytest.mark.parametrize(
    ("status", "locations", "kind"),
    [
        (429, (), AwsUnreachable),
        (500, (), AwsUnreachable),
        (503, (), AwsUnreachable),
        (430, (), ConfigInvalid),
        (200, (PORTAL,), ConfigInvalid),
        (302, (), ConfigInvalid),
        (302, (PORTAL, PORTAL), ConfigInvalid),
        (302, ("https://elsewhere.example.com/",), ConfigInvalid),
    ],
)
def test_any_other_answer_is_refused(monkeypatch, status, locations, kind):
    answers(monkeypatch, status, *locations)
    with pytest.raises(kind) as caught:
        portal_page.find_portal_url(OWN, {})
    assert type(caught.value) is kind
