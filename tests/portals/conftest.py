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

    `asks_for` are the environment's words for the host variant. `sign_in` is the console's sign-in
    host.
    """

    start_url: str
    region: str
    asks_for: dict[str, str]
    oidc: str
    portal: str
    sts: str
    sign_in: str


_DUAL = {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
_FIPS = {"AWS_USE_FIPS_ENDPOINT": "true"}
_PARTITIONS = (
    # start URL, region, suffix, dual-stack suffix, FIPS's addition, console's sign-in host
    (
        "https://d-0000000000.awsapps.com/start",
        "eu-west-1",
        "amazonaws.com",
        "api.aws",
        "-fips",
        "eu-west-1.signin.aws.amazon.com",
    ),
    (
        "https://start.us-gov-home.awsapps.com/directory/d-0000000000",
        "us-gov-west-1",
        "amazonaws.com",
        "api.aws",
        "",
        "signin.amazonaws-us-gov.com",
    ),
    (
        "https://start.home.awsapps.cn/directory/d-0000000000",
        "cn-north-1",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
        "-fips",
        "signin.amazonaws.cn",
    ),
    (
        f"https://{INSTANCE}.eusc-de-east-1.portal.amazonaws.eu",
        "eusc-de-east-1",
        "amazonaws.eu",
        "api.amazonwebservices.eu",
        "-fips",
        "eusc-de-east-1.signin.amazonaws-eusc.eu",
    ),
)
PLAIN_PORTALS = tuple(url for url, *_ in _PARTITIONS)
_DUAL_STACK_PORTALS = (
    f"https://{INSTANCE}.portal.eu-west-1.app.aws",
    f"https://{INSTANCE}.portal.us-gov-west-1.app.aws",
    f"https://{INSTANCE}.portal.cn-north-1.app.amazonwebservices.com.cn",
    f"https://{INSTANCE}.portal.eusc-de-east-1.api.amazonwebservices.eu",
)


def _rows() -> Iterator[Row]:
    for (url, region, suffix, dual, fips, sign_in), dual_url in zip(
        _PARTITIONS, _DUAL_STACK_PORTALS, strict=True
    ):
        for asks_for, own, addition in (
            ({}, suffix, ""),
            (_DUAL, dual, ""),
            (_FIPS, suffix, fips),
            ({**_DUAL, **_FIPS}, dual, "-fips"),
        ):
            oidc, portal, sts = (
                f"{name}{addition}.{region}.{own}" for name in ("oidc", "portal.sso", "sts")
            )
            yield Row(url, region, asks_for, oidc, portal, sts, sign_in)
        # A dual-stack portal is asked on dual-stack hosts; STS follows the variables alone.
        for asks_for, fips_name, sts_name in (({}, "", "sts"), (_FIPS, "-fips", f"sts{fips}")):
            oidc, portal = (
                f"oidc{fips_name}.{region}.{dual}",
                f"portal.sso{fips_name}.{region}.{dual}",
            )
            sts = f"{sts_name}.{region}.{suffix}"
            yield Row(dual_url, region, asks_for, oidc, portal, sts, sign_in)


ROWS = tuple(_rows())


def name_of(row: Row) -> str:
    words = [key.split("_")[2].lower() for key in row.asks_for] or ["default"]
    portal = "dual-stack portal" if row.start_url in _DUAL_STACK_PORTALS else "portal"
    return f"{row.region}, {portal}, {' and '.join(words)}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """Make one certificate for every host that these tests reach."""
    hosts = {VANITY, *_OTHERS}
    for row in ROWS:
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
        if not visit.request.headers.get("user-agent", "").startswith("Python-urllib")
    }


def put_portal_at(aws: Emulator, row: Row) -> None:
    aws.world.start_url, aws.world.region = row.start_url, row.region
