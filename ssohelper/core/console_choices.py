"""Lists the AWS console pages that a user can choose: each service in each region. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ssohelper.core import console_urls
from ssohelper.core.model import PageChoice
from ssohelper.core.search import Index
from ssohelper.core.service_hosts import partition_of

# The regions whose console pages are offered, by partition. Any other region can still be given to
# `ssohelper console --region`. Source: botocore's partitions.json (2026-11).
_REGIONS = {
    "aws": (
        "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
        "ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 "
        "ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 "
        "eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 "
        "mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
    ),
    "aws-us-gov": "us-gov-east-1 us-gov-west-1",
    "aws-cn": "cn-north-1 cn-northwest-1",
    "aws-eusc": "eusc-de-east-1",
}
HOME = "home"


def console_pages_to_offer(last: Sequence[PageChoice], region: str) -> list[PageChoice]:
    """Return the console pages in the order in which to offer them, each page once.

    First the pages that the user opened last, then the console's home page and all services in
    `region`, then all services in the other regions. A global service is offered once.
    """
    home = [PageChoice(HOME, region)]
    here = [PageChoice(service, region) for service in console_urls.SERVICES]
    regional = [one for one in console_urls.SERVICES if not console_urls.is_global_service(one)]
    regions = _REGIONS.get(partition_of(region).name, "").split()
    others = [PageChoice(service, other) for other in regions for service in regional]
    return list(dict.fromkeys((*filter(has_known_service, last), *home, *here, *others)))


def has_known_service(choice: PageChoice) -> bool:
    """Return whether this version of ssohelper knows the service of a remembered console page."""
    return choice.service in console_urls.SERVICES


def make_page_index(choices: Sequence[PageChoice], preferred: int) -> Index:
    """Return a search index of console pages, with the columns service and region.

    Of pages that match a search equally well, the first `preferred` of `choices` come first.
    """
    columns = ([one.service for one in choices], [one.region for one in choices])
    return Index(columns, fuzzy_columns=(0, 1), preferred=preferred)
