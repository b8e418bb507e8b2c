"""Which hosts each variant has, by botocore's own rules, and which variant is asked for."""

import itertools
from functools import partial
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from ssohelper.core import service_hosts
from ssohelper.core.host_variant import (
    DEFAULT_VARIANT,
    HostVariant,
    choose_host_variant,
    host_variant_of_portal,
)
from ssohelper.errors import ConfigInvalid

REGIONS = {
    "aws": (
        "us-east-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-2",
        "il-central-1",
        "mx-central-1",
    ),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-eusc": ("eusc-de-east-1",),
}
VARIANTS = tuple(itertools.starmap(HostVariant, itertools.product((False, True), repeat=2)))
SERVICES = {
    "sso-oidc": partial(service_hosts.service_url, "oidc"),
    "sso": partial(service_hosts.service_url, "portal"),
    "sts": partial(service_hosts.service_url, "sts"),
}


@pytest.fixture(scope="module")
def providers() -> dict[str, EndpointProvider]:
    """Return botocore's rules of each service, from its own data only."""
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    partitions = loader.load_data("partitions")
    return {
        name: EndpointProvider(loader.load_service_model(name, "endpoint-rule-set-1"), partitions)
        for name in SERVICES
    }


def by_botocore(provider: EndpointProvider, service: str, region: str, variant: HostVariant) -> str:
    asked: dict[str, Any] = {
        "Region": region,
        "UseDualStack": variant.dual_stack,
        "UseFIPS": variant.fips,
    }
    if service == "sts":
        asked["UseGlobalEndpoint"] = False
    return str(provider.resolve_endpoint(**asked).url)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("service", SERVICES)
def test_every_host_is_the_one_that_botocore_asks(providers, service, variant):
    for region in (region for regions in REGIONS.values() for region in regions):
        asked = SERVICES[service](region, {}, variant)
        assert asked == by_botocore(providers[service], service, region, variant)
        variable = {"sso-oidc": "SSO_OIDC", "sso": "SSO", "sts": "STS"}[service]
        # The same host is accepted where a variable names it.
        environ = {f"AWS_ENDPOINT_URL_{variable}": asked}
        assert SERVICES[service]("us-east-1", environ) == asked


@pytest.mark.parametrize(
    "region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "xx-north-1"]
)
def test_other_partitions_are_refused(region: str) -> None:
    for make in SERVICES.values():
        for variant in VARIANTS:
            with pytest.raises(ConfigInvalid, match=r"is no AWS region|does not support"):
                make(region, {}, variant)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("region", [regions[0] for regions in REGIONS.values()])
def test_a_sign_in_page_may_be_on_each_variants_own_host(region: str, variant: HostVariant) -> None:
    oidc = service_hosts.service_url("oidc", region, {}, variant)
    suffix = oidc.partition(f".{region}.")[2]
    for page in (f"{oidc}/authorize?x=1", f"https://device.sso.{region}.{suffix}/?user_code=A-B"):
        elsewhere = service_hosts.service_url("oidc", region, {})
        assert service_hosts.checked_sign_in_url(page, region, elsewhere) == page


@pytest.mark.parametrize(
    ("environ", "settings", "default", "variant"),
    [
        ({}, {}, {}, DEFAULT_VARIANT),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, {}, {}, HostVariant(dual_stack=True)),
        ({"AWS_USE_FIPS_ENDPOINT": "True"}, {}, {}, HostVariant(fips=True)),
        ({"AWS_USE_FIPS_ENDPOINT": ""}, {"fips": True}, {}, HostVariant(fips=True)),
        ({"AWS_USE_FIPS_ENDPOINT": "false"}, {"fips": True}, {}, DEFAULT_VARIANT),
        ({}, {"fips": False}, {"use_fips_endpoint": "true"}, DEFAULT_VARIANT),
        (
            {},
            {"dualstack": True},
            {"use_dualstack_endpoint": "false"},
            HostVariant(dual_stack=True),
        ),
        ({}, {}, {"use_dualstack_endpoint": "true"}, HostVariant(dual_stack=True)),
        ({"AWS_USE_FIPS_ENDPOINT": "false"}, {}, {"use_fips_endpoint": "true"}, DEFAULT_VARIANT),
        # Each of the two is decided for itself.
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, {"dualstack": True}, {}, HostVariant(True, True)),
    ],
)
def test_the_first_source_that_says_something_wins(environ, settings, default, variant):
    assert choose_host_variant(environ, settings.get, default) == variant


@pytest.mark.parametrize(
    ("environ", "default", "what"),
    [
        ({"AWS_USE_FIPS_ENDPOINT": "1"}, {}, "AWS_USE_FIPS_ENDPOINT must be true or false"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "on"}, {}, 'not "on"'),
        ({}, {"use_fips_endpoint": "yes"}, r"use_fips_endpoint of \[default\] must be"),
    ],
)
def test_another_word_than_true_and_false_is_refused(environ, default, what):
    with pytest.raises(ConfigInvalid, match=what):
        choose_host_variant(environ, {}.get, default)


# Which hosts are dual-stack is in tests/core/test_partitions.py.
@pytest.mark.parametrize(
    ("url", "is_dual_stack"),
    [
        ("https://ssoins-1234.portal.eu-west-1.app.aws", True),
        ("https://d-0000000000.awsapps.com/start", False),
        ("https://app.aws.example.com/start", False),
    ],
)
def test_a_dual_stack_portal_is_asked_on_dual_stack_hosts(url: str, is_dual_stack: bool) -> None:
    assert host_variant_of_portal(DEFAULT_VARIANT, url).dual_stack is is_dual_stack
    assert host_variant_of_portal(HostVariant(fips=True), url).fips
    assert host_variant_of_portal(HostVariant(dual_stack=True), url).dual_stack
