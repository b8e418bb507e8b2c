"""The hosts of AWS, each with its service, region and variant."""

import pytest

from ssohelper.emulator.addresses import AwsHost, find_aws_host, partition_name, portal_host_name


@pytest.mark.parametrize(
    "host",
    [
        "oidc-fips.us-gov-west-1.amazonaws.com",  # GovCloud has no oidc-fips host
        "oidc.us-iso-east-1.c2s.ic.gov",
        "signin.amazonaws-eusc.eu",  # all hosts of this partition begin with a region
        "oidc.amazonaws.com",
        "oidc.cn-north-1.amazonaws.com",
        "example.com",
    ],
)
def test_aws_has_no_such_host(host):
    assert find_aws_host(host) is None


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("oidc.eu-west-1.amazonaws.com", AwsHost("oidc", "aws", "eu-west-1")),
        ("portal.sso-fips.us-east-1.amazonaws.com", AwsHost("portal", "aws", "us-east-1", fips=True)),
        ("sts.cn-north-1.amazonaws.com.cn", AwsHost("sts", "aws-cn", "cn-north-1")),
        ("oidc.eu-west-1.api.aws", AwsHost("oidc", "aws", "eu-west-1", dual_stack=True)),
        ("signin.aws.amazon.com", AwsHost("sign-in", "aws", "us-east-1")),
        ("eu-west-1.console.aws.amazon.com", AwsHost("console", "aws", "eu-west-1")),
        ("start.home.awsapps.cn", AwsHost("start", "aws-cn", "")),
        ("x.portal.eusc-de-east-1.api.amazonwebservices.eu",
         AwsHost("start", "aws-eusc", "eusc-de-east-1", dual_stack=True)),
    ],
)  # fmt: skip
def test_a_host_of_aws_has_its_service_partition_region_and_variant(host, found):
    assert find_aws_host(host) == found


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "eusc-de-east-1", "us-gov-west-1"])
@pytest.mark.parametrize("dual_stack", [False, True])
def test_the_name_of_a_portals_host_is_found_as_that_portal(region, dual_stack):
    host = AwsHost("start", partition_name(region), region, dual_stack)
    assert find_aws_host(portal_host_name(host, "ssoins-1234abcd")) == host


def test_a_region_of_no_partition_counts_as_one_of_aws():
    assert partition_name("moon-1") == "aws"
