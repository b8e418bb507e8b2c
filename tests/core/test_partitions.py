"""The partitions of AWS that have Identity Center, and the hosts of their portals."""

import pytest

from ssohelper.core.partitions import (
    PARTITIONS,
    find_partition,
    is_aws_portal_host,
    is_dual_stack_host,
    is_isolated_region,
    partition_of_portal,
)
from tests.core.test_host_variant import REGIONS


def test_the_table_has_every_partition() -> None:
    assert set(REGIONS) == {partition.name for partition in PARTITIONS}


@pytest.mark.parametrize(("name", "regions"), REGIONS.items())
def test_a_region_is_in_the_partition_that_has_it(name, regions):
    for region in regions:
        assert find_partition(region).name == name


@pytest.mark.parametrize(
    "region",
    ["", "us-east", "us-iso-east-1", "eu-west-1\n", "eu-west-１", "EU-WEST-1", "xx-west-1"],
)
def test_another_text_is_in_no_partition(region: str) -> None:
    assert find_partition(region) is None


@pytest.mark.parametrize(
    ("host", "is_portal", "partition", "is_dual_stack"),
    [
        ("d-0000000000.awsapps.com", True, "aws", False),
        ("ssoins-1.eu-west-1.portal.amazonaws.com", True, "aws", False),
        ("ssoins-1.portal.eu-west-1.app.aws", True, "aws", True),
        ("start.us-gov-home.awsapps.com", True, "aws-us-gov", False),
        ("start.us-gov-west-1.signin.amazonaws-us-gov.com", True, "aws-us-gov", False),
        ("start.home.awsapps.cn", True, "aws-cn", False),
        ("x.app.amazonwebservices.com.cn", True, "aws-cn", True),
        ("x.portal.amazonaws.eu", True, "aws-eusc", False),
        ("x.api.amazonwebservices.eu", True, "aws-eusc", True),
        ("identitycenter.amazonaws.com", True, "aws", False),
        ("identitycenter.us-gov.amazonaws.com", True, "aws-us-gov", False),
        ("x.identitycenter.amazonaws.com", False, "aws", False),
        ("awsapps.com", False, "aws", False),
        ("d-0000000000.awsapps.com.evil.example", False, "aws", False),
        ("evilawsapps.com", False, "aws", False),
    ],
)
def test_the_host_of_a_portal_says_its_partition_and_stack(
    host: str, is_portal: bool, partition: str, is_dual_stack: bool
) -> None:
    assert is_aws_portal_host(host) is is_portal
    assert is_dual_stack_host(host) is is_dual_stack
    if is_portal:
        assert partition_of_portal(host) == partition


def test_isolated_partitions_are_recognized() -> None:
    for region in ("us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"):
        assert is_isolated_region(region)
    for region in ("us-east-1", "us-iso-east", "xus-iso-east-1"):
        assert not is_isolated_region(region)
