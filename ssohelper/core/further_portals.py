"""Checks further portals: portals of the same Identity Center instance in other regions.

AWS replicates an instance to further regions. Each region has a portal and a sign-in of its own.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from ssohelper.core.model import SsoSession
from ssohelper.core.partitions import find_partition, is_dual_stack_host, partition_of_portal
from ssohelper.core.portal_address import instance_id_of_portal
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_aws_portal_url, region_of_start_url
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid


class FurtherPortal(NamedTuple):
    """A further portal, as the setting sessions.NAME.regions names it: REGION=START_URL."""

    region: str
    start_url: str

    @property
    def text(self) -> str:
        return f"{self.region}={self.start_url}"


class Claim(Enum):
    """Whether a further portal's URL is of the same instance as the session's own URL."""

    SAME = "is of the same instance of Identity Center"
    UNKNOWN = "may be of another instance of Identity Center"
    OTHER_HOSTS = "names the same instance of Identity Center, but on other hosts"
    PARTITION = "names the same instance of Identity Center, but in another partition of AWS"
    OTHER = "is of another instance of Identity Center"


SAME_INSTANCE = (Claim.SAME, Claim.OTHER_HOSTS)


def compare_portal_urls(own_url: str, further_url: str) -> Claim:
    own, further = instance_id_of_portal(own_url), instance_id_of_portal(further_url)
    hosts = [urlsplit(url).hostname or "" for url in (own_url, further_url)]
    if partition_of_portal(hosts[0]) != partition_of_portal(hosts[1]):
        return Claim.PARTITION if own == further else Claim.OTHER
    if own is None or further is None:
        return Claim.UNKNOWN
    if own != further:
        return Claim.OTHER
    has_region = region_of_start_url(further_url) is not None
    is_same_kind = is_dual_stack_host(hosts[0]) == is_dual_stack_host(hosts[1])
    return Claim.SAME if has_region and is_same_kind else Claim.OTHER_HOSTS


def find_refusal(session: SsoSession, portal: FurtherPortal) -> str:
    """Return why the session can never use this portal; "" if it may."""
    claim = compare_portal_urls(session.aws_url, portal.start_url)
    if claim in (Claim.PARTITION, Claim.OTHER):
        return f'{claim.value} than the session "{session.name}"'
    if portal.region == session.region:
        return (
            f'is in the region of the session "{session.name}" itself, whose start URL is '
            f"{session.start_url}"
        )
    return ""


def parse_further_portal(text: str) -> FurtherPortal:
    """Return the portal that a text REGION=START_URL names. Raises: ConfigInvalid."""
    region, mark, url = text.partition("=")
    if not mark:
        raise ConfigInvalid(
            f'"{show(text, 80)}" is no REGION=START_URL',
            hint="such as: us-west-2=https://ssoins-0000000000000000.us-west-2.portal.amazonaws.com",
        )
    checked_region(region)
    checked_aws_portal_url(url)
    if region_of_start_url(url) not in (None, region):
        raise ConfigInvalid(f'"{show(url, 80)}" is in {region_of_start_url(url)}, not in {region}')
    partition = find_partition(region)
    if partition is None or partition.name != partition_of_portal(urlsplit(url).hostname or ""):
        raise ConfigInvalid(f'"{show(url, 80)}" is in another partition of AWS than {region}')
    return FurtherPortal(region, url)


def parse_further_portals(texts: Sequence[str]) -> list[FurtherPortal]:
    """Return the portals that the setting's texts name, each region once. Raises: ConfigInvalid."""
    found = [parse_further_portal(text) for text in texts]
    regions = [portal.region for portal in found]
    for region in regions:
        if regions.count(region) > 1:
            raise ConfigInvalid(f"{region} is named more than once")
    return found
