"""Which pages of the console are offered, in which order, and how they are found."""

import pytest

from ssohelper.core import console_choices, console_urls
from ssohelper.core.console_choices import console_pages_to_offer
from ssohelper.core.model import PageChoice

LAST = PageChoice("lambda", "eu-west-1")


def test_the_last_page_is_first_then_the_home_page_then_the_region_of_the_role() -> None:
    found = console_pages_to_offer([LAST, PageChoice("gone", "eu-west-1")], "us-east-1")
    assert found[:3] == [LAST, PageChoice("home", "us-east-1"), PageChoice("acm", "us-east-1")]
    assert len(found) == len(set(found))
    assert "gone" not in {one.service for one in found}


def test_a_global_service_is_offered_once() -> None:
    assert [
        one.region for one in console_pages_to_offer([], "eu-west-1") if one.service == "iam"
    ] == ["eu-west-1"]


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_every_page_that_is_offered_has_a_url_in_the_partition(region: str) -> None:
    host = (
        console_urls.console_page_of_service("home", region)
        .url.split("/")[2]
        .partition("console.")[2]
    )
    for choice in console_pages_to_offer([], region):
        assert host in console_urls.console_page_of_service(*choice).url.split("/")[2]


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
    found = console_choices.make_page_index(choices, preferred).search(query, fuzzy=True)
    assert (choices[found[0]] if found else None) == expected
