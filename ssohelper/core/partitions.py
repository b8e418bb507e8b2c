"""The partitions of AWS that have Identity Center, and the hosts of their portals."""

import re
from typing import NamedTuple


class Partition(NamedTuple):
    """One partition. The region precedes "signin" and "console" of `web_domain`, except at home.

    Source: "AWS Sign-In endpoints and quotas", AWS General Reference.
    """

    name: str
    regions: str
    suffix: str
    dual_stack_suffix: str
    home_region: str
    web_domain: str

    @property
    def sign_in_host(self) -> str:
        return f"signin.{self.web_domain}"

    @property
    def console_host(self) -> str:
        return f"console.{self.web_domain}"


# Source: botocore's partitions.json and its endpoint rule sets of sso and sso-oidc. The iso
# partitions have no Identity Center. All hosts of the European Sovereign Cloud begin with a region.
PARTITIONS = (
    Partition(
        "aws",
        r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]{1,2}",
        "amazonaws.com",
        "api.aws",
        "us-east-1",
        "aws.amazon.com",
    ),
    Partition(
        "aws-us-gov",
        r"us-gov-[a-z]+-[0-9]{1,2}",
        "amazonaws.com",
        "api.aws",
        "us-gov-west-1",
        "amazonaws-us-gov.com",
    ),
    Partition(
        "aws-cn",
        r"cn-[a-z]+-[0-9]{1,2}",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
        "cn-north-1",
        "amazonaws.cn",
    ),
    Partition(
        "aws-eusc",
        r"eusc-de-[a-z]+-[0-9]{1,2}",
        "amazonaws.eu",
        "api.amazonwebservices.eu",
        "",
        "amazonaws-eusc.eu",
    ),
)
# The portal hosts that the AWS CLI accepts (customizations/sso/resolve.py), and GovCloud's.
_PORTAL_SUFFIXES = (
    ".awsapps.com",
    ".awsapps.cn",
    ".app.aws",
    ".portal.amazonaws.com",
    ".portal.amazonaws.com.cn",
    ".app.amazonwebservices.com.cn",
    ".portal.amazonaws.eu",
    ".api.amazonwebservices.eu",
    ".signin.amazonaws-us-gov.com",
)
_PORTAL_HOSTS = (
    "identitycenter.amazonaws.com",
    "identitycenter.amazonaws.com.cn",
    "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
)
# Sign-ins at these portals must use dual-stack hosts: they are not valid at other portals.
_DUAL_STACK_SUFFIXES = (".app.aws", ".app.amazonwebservices.com.cn", ".api.amazonwebservices.eu")
# The regions of isolated partitions, which have no Identity Center.
_ISOLATED_REGION = r"(us|eu)-iso[a-z]?-[a-z]+-[0-9]{1,2}"


def is_isolated_region(region: str) -> bool:
    return re.fullmatch(_ISOLATED_REGION, region) is not None


def find_partition(region: str) -> Partition | None:
    """Return the region's partition, None for a text that is no region."""
    return next((p for p in PARTITIONS if re.fullmatch(p.regions, region)), None)


def is_aws_portal_host(host: str) -> bool:
    return host in _PORTAL_HOSTS or host.endswith(_PORTAL_SUFFIXES)


def partition_of_portal(host: str) -> str:
    if host.startswith("start.us-gov-") or "us-gov" in host:
        return "aws-us-gov"
    endings = {".cn": "aws-cn", ".eu": "aws-eusc"}
    return endings.get(host[-3:], "aws")


def is_dual_stack_host(host: str) -> bool:
    return host.endswith(_DUAL_STACK_SUFFIXES)
