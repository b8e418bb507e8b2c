"""Finds AWS's service, region and partition by host name, and whether it is dual-stack or FIPS.

The emulator has its own table of hosts, so that tests notice a wrong host in ssohelper's table.
Sources: botocore's endpoint rule sets and partitions.json; the AWS CLI's list of portal hosts.
"""

import re
from typing import NamedTuple


class AwsHost(NamedTuple):
    """A host of AWS: its `service` is oidc, portal, sts, sign-in, console or start.

    "start" is an access portal's page. `region` is "" if the host's name has no region.
    """

    service: str
    partition: str
    region: str
    dual_stack: bool = False
    fips: bool = False


class _Partition(NamedTuple):
    """`pages` has the hosts of sign-in and console.

    `portals` matches the older hosts of access portals, whose names have no region.
    """

    name: str
    region: str
    suffix: str
    dual_stack_suffix: str
    pages: str
    home_region: str
    portals: str
    dual_stack_portal_suffix: str


_PARTITIONS = (
    _Partition(
        "aws-us-gov",
        r"us-gov-[a-z]+-\d",
        "amazonaws.com",
        "api.aws",
        "amazonaws-us-gov.com",
        "us-gov-west-1",
        r"start\.us-gov-[a-z]+\.awsapps\.com|[a-z0-9-]+\.signin\.amazonaws-us-gov\.com",
        "app.aws",
    ),
    _Partition(
        "aws",
        r"(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d",
        "amazonaws.com",
        "api.aws",
        "aws.amazon.com",
        "us-east-1",
        r"[a-z0-9-]+\.awsapps\.com",
        "app.aws",
    ),
    _Partition(
        "aws-cn",
        r"cn-[a-z]+-\d",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
        "amazonaws.cn",
        "cn-north-1",
        r"start\.home\.awsapps\.cn",
        "app.amazonwebservices.com.cn",
    ),
    _Partition(
        "aws-eusc",
        r"eusc-de-[a-z]+-\d",
        "amazonaws.eu",
        "api.amazonwebservices.eu",
        "amazonaws-eusc.eu",
        "",
        "(?!)",  # it has none
        "api.amazonwebservices.eu",
    ),
)


def find_aws_host(host: str) -> AwsHost | None:
    for partition in _PARTITIONS:
        found = _find_api_host(partition, host) or _find_page_host(partition, host)
        if found is not None:
            return found
    return None


def partition_name(region: str) -> str:
    return next((p.name for p in _PARTITIONS if re.fullmatch(p.region, region)), "aws")


def portal_host_name(aws_host: AwsHost, instance: str) -> str:
    partition = next(p for p in _PARTITIONS if p.name == aws_host.partition)
    if not aws_host.dual_stack:
        return f"{instance}.{aws_host.region}.portal.{partition.suffix}"
    return f"{instance}.portal.{aws_host.region}.{partition.dual_stack_portal_suffix}"


def _find_api_host(partition: _Partition, host: str) -> AwsHost | None:
    for suffix, dual_stack in ((partition.suffix, False), (partition.dual_stack_suffix, True)):
        pattern = rf"(oidc|portal\.sso|sts)(-fips)?\.({partition.region})\.{re.escape(suffix)}"
        found = re.fullmatch(pattern, host)
        if found:
            name, fips, region = found.groups()
            if fips and partition.name == "aws-us-gov" and not dual_stack:
                return None  # in GovCloud, the names without FIPS are those of FIPS hosts
            return AwsHost(
                name.removesuffix(".sso"), partition.name, region, dual_stack, bool(fips)
            )
    return None


def _find_page_host(partition: _Partition, host: str) -> AwsHost | None:
    for service, name in (("sign-in", "signin"), ("console", "console")):
        found = re.fullmatch(
            rf"(?:({partition.region})\.)?{name}\.{re.escape(partition.pages)}", host
        )
        if found and (found.group(1) or partition.home_region):
            return AwsHost(service, partition.name, found.group(1) or partition.home_region)
    if re.fullmatch(partition.portals, host):
        return AwsHost("start", partition.name, "")
    suffix, dual_suffix = partition.suffix, partition.dual_stack_portal_suffix
    for pattern, dual_stack in (
        (rf"[a-z0-9-]+\.({partition.region})\.portal\.{re.escape(suffix)}", False),
        (rf"[a-z0-9-]+\.portal\.({partition.region})\.{re.escape(dual_suffix)}", True),
    ):
        found = re.fullmatch(pattern, host)
        if found:
            return AwsHost("start", partition.name, found.group(1), dual_stack)
    return None
