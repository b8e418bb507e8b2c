"""Where a company's own start URL leads, and which region is asked then."""

from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import portal_redirect
from tests.actions.world import SESSION, WorldApp

OWN = SESSION._replace(start_url="https://sso.example.com/")
PLAIN = "https://d-0000000000.awsapps.com/start"
REGIONAL = "https://ssoins-1234567890abcdef.portal.eu-central-1.app.aws"
NO_UI: Any = None


class OwnUrlApp(WorldApp):
    leads_to = PLAIN

    def find_portal_url(self, start_url: str) -> str:
        assert start_url == OWN.start_url
        return self.leads_to


@pytest.mark.parametrize(
    ("leads_to", "region"), [(PLAIN, SESSION.region), (REGIONAL, "eu-central-1")]
)
def test_the_region_is_that_of_the_portal_if_its_url_names_one(
    tmp_path: Path, leads_to: str, region: str
) -> None:
    app = OwnUrlApp(tmp_path)
    app.leads_to = leads_to
    found = portal_redirect.resolve_portal_of_session(app, OWN, NO_UI)
    assert (found.portal_url, found.region) == (leads_to, region)
    assert len(app.warnings) == (region != SESSION.region)


def test_the_portal_of_an_earlier_start_url_needs_no_confirmation(tmp_path: Path) -> None:
    app = OwnUrlApp(tmp_path)
    earlier = SESSION._replace(
        start_url="https://old.example.com/", portal_url="https://d-1111111111.awsapps.com/start"
    )
    portal_redirect.save_portal_address(app, earlier)
    found = portal_redirect.resolve_portal_of_session(app, OWN, NO_UI)
    assert (found.portal_url, app.warnings) == (PLAIN, [])


def test_a_start_url_on_an_aws_host_is_used_without_a_request(tmp_path: Path) -> None:
    assert portal_redirect.resolve_portal_of_session(WorldApp(tmp_path), SESSION, NO_UI) == SESSION
