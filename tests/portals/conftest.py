"""AWS's own hosts, played by the emulator: a home whose programs reach them by an https proxy."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from tests.two_regions import INSTANCE
from tests.wire.raw_server import make_certificate

VANITY = "sso.example.com"
_OTHERS = ("sso2.example.com", "evil.example.net", "login.example.org")


class Row(NamedTuple):
    """A row of the partition table: a portal, and the hosts that must be asked for it.

    `sign_in` is the console's sign-in host. Every variant of each host is compared with botocore's
    rules in tests/core/test_host_variant.py.
    """

    start_url: str
    region: str
    oidc: str
    portal: str
    sts: str
    sign_in: str


def _make_row(start_url: str, region: str, suffix: str, sts_suffix: str, sign_in: str) -> Row:
    oidc, portal = f"oidc.{region}.{suffix}", f"portal.sso.{region}.{suffix}"
    return Row(start_url, region, oidc, portal, f"sts.{region}.{sts_suffix}", sign_in)


_PARTITIONS = (
    # start URL, dual-stack portal, region, suffix, dual-stack suffix, console's sign-in host
    (
        *("https://d-0000000000.awsapps.com/start", f"https://{INSTANCE}.portal.eu-west-1.app.aws"),
        *("eu-west-1", "amazonaws.com", "api.aws", "eu-west-1.signin.aws.amazon.com"),
    ),
    (
        "https://start.us-gov-home.awsapps.com/directory/d-0000000000",
        f"https://{INSTANCE}.portal.us-gov-west-1.app.aws",
        *("us-gov-west-1", "amazonaws.com", "api.aws", "signin.amazonaws-us-gov.com"),
    ),
    (
        "https://start.home.awsapps.cn/directory/d-0000000000",
        f"https://{INSTANCE}.portal.cn-north-1.app.amazonwebservices.com.cn",
        *("cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "signin.amazonaws.cn"),
    ),
    (
        f"https://{INSTANCE}.eusc-de-east-1.portal.amazonaws.eu",
        f"https://{INSTANCE}.portal.eusc-de-east-1.api.amazonwebservices.eu",
        *("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
        "eusc-de-east-1.signin.amazonaws-eusc.eu",
    ),
)
# A dual-stack portal is asked on dual-stack hosts; STS follows the environment alone.
PLAIN_ROWS = tuple(
    _make_row(url, region, suffix, suffix, sign_in)
    for url, _, region, suffix, _, sign_in in _PARTITIONS
)
ROWS = PLAIN_ROWS + tuple(
    _make_row(url, region, dual, suffix, sign_in)
    for _, url, region, suffix, dual, sign_in in _PARTITIONS
)
FIPS_ROW = PLAIN_ROWS[0]._replace(
    oidc="oidc-fips.eu-west-1.amazonaws.com",
    portal="portal.sso-fips.eu-west-1.amazonaws.com",
    sts="sts-fips.eu-west-1.amazonaws.com",
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """Make one certificate for every host that these tests reach."""
    hosts = {VANITY, *_OTHERS}
    for row in (*ROWS, FIPS_ROW):
        hosts |= {row.oidc, row.portal, row.sts, row.sign_in, row.start_url.split("/")[2]}
    for region in ("eu-west-1", "eu-central-1", "us-east-1"):
        hosts |= {f"oidc.{region}.amazonaws.com", f"portal.sso.{region}.amazonaws.com"}
        hosts |= {f"sts.{region}.amazonaws.com"}
        hosts |= {f"{INSTANCE}.{region}.portal.amazonaws.com", "d-9999999999.awsapps.com"}
        hosts |= {f"ssoins-9999.{region}.portal.amazonaws.com"}
    names = ",".join(f"DNS:{host}" for host in sorted(hosts))
    return make_certificate(tmp_path_factory.mktemp("certificate"), names)


@pytest.fixture
def aws(home, certificate) -> Iterator[Emulator]:
    """Run an emulator with AWS's host names, which are the only hosts that programs can reach."""
    bundle, tls = certificate
    world = demo_world()
    with_tls = Emulator(world)
    with_tls.tls = tls
    with with_tls as running:
        running.auto_approve = "ana"
        home.browser()
        home.env.update(
            HTTPS_PROXY=running.url,
            NO_PROXY="127.0.0.1,localhost",
            AWS_CA_BUNDLE=str(bundle),
            SSL_CERT_FILE=str(bundle),
        )
        yield running


def hosts_of(aws: Emulator) -> set[str]:
    """Return the hosts that were asked, except for the pages that a browser opened."""
    return {
        visit.host
        for visit in aws.internet.visits()
        if not visit.headers.get("user-agent", "").startswith("Python-urllib")
    }


def put_portal_at(aws: Emulator, row: Row) -> None:
    aws.world.start_url, aws.world.region = row.start_url, row.region
