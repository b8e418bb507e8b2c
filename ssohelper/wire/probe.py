"""Sends a request without credentials to a host of AWS, to learn whether it can be reached."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ssohelper.core.deadline import Deadline
from ssohelper.core.service_hosts import is_loopback_url
from ssohelper.errors import AwsUnreachable
from ssohelper.wire.proxies import find_https_proxy
from ssohelper.wire.transport import Transport


class Probe(NamedTuple):
    """What a test request to an AWS host found: `error`, or `answered_at` (AWS's clock, if known).

    `proxy` is "host:port" of the proxy that was used. `bundle` is the file of trusted certificates
    that a variable names. `proxy` and `bundle` are "" if there is none.
    """

    error: AwsUnreachable | None
    answered_at: float | None
    proxy: str
    bundle: str


def probe_service(
    service_url: str, environ: Mapping[str, str], service: str, deadline: Deadline
) -> Probe:
    """Send one GET without credentials; any HTTP answer means that the service can be reached.

    `service` names the service in messages."""
    bundle = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or ""
    error, answered_at, proxy = None, None, ""
    try:
        found = None
        if not is_loopback_url(service_url):
            found = find_https_proxy(urlsplit(service_url).netloc, environ)
        proxy = f"{found.host}:{found.port}" if found else ""
        transport = Transport(service_url, environ, service)
        try:
            answered_at = transport.send("GET", "/", deadline=deadline).answered_at
        finally:
            transport.close()
    except AwsUnreachable as unreachable:
        error = unreachable
    return Probe(error, answered_at, proxy, bundle)
