"""The only module that decides to which hosts tokens go, and which sign-in pages may be opened.

A service's variable AWS_ENDPOINT_URL_… may replace its host by this machine (loopback) or another
host of this service at AWS, and by nothing else.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ssohelper.core.host_variant import DEFAULT_VARIANT, HostVariant
from ssohelper.core.partitions import (
    PARTITIONS,
    Partition,
    find_partition,
    is_aws_portal_host,
    is_isolated_region,
)
from ssohelper.core.text import is_harmless, show
from ssohelper.errors import BadAnswer, ConfigInvalid

# Hosts of AWS's sign-in pages besides the portals' hosts ("{region}.signin.aws" since 2026).
_SIGN_IN_SUFFIXES = tuple(
    f".{host}"
    for host in ("signin.aws", "signin.amazonaws.eu", *(p.sign_in_host for p in PARTITIONS))
)
# The beginning of each service's host names, without and with FIPS.
_PREFIXES = {
    "oidc": ("oidc", "oidc-fips"),
    "portal": ("portal.sso", "portal.sso-fips"),
    "sts": ("sts", "sts-fips"),
}
URL_VARIABLES = {
    "oidc": "AWS_ENDPOINT_URL_SSO_OIDC",
    "portal": "AWS_ENDPOINT_URL_SSO",
    "sts": "AWS_ENDPOINT_URL_STS",
    "console sign-in": "AWS_ENDPOINT_URL_SIGNIN",
}
IGNORED_URL_VARIABLE = (
    "AWS_ENDPOINT_URL is ignored for sign-in and portal calls; "
    "set AWS_ENDPOINT_URL_SSO and AWS_ENDPOINT_URL_SSO_OIDC instead"
)
_HOST = r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_AUTHORITY = r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\\]*)"
_URL_LIMIT = 4096
# Matches characters that may harm in a program's arguments: all but percent-encoded bytes and the
# characters of RFC 3986, without the single quote.
_UNSAFE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9%._~:/?#\[\]@!$&()*+,;=-]")


class StsAddress(NamedTuple):
    region: str
    url: str


def checked_region(text: str) -> str:
    """Raises: ConfigInvalid unless the text is a region that can have Identity Center."""
    partition_of(text)
    return text


def is_region(text: str) -> bool:
    return find_partition(text) is not None


def service_url(
    service: Literal["oidc", "portal", "sts"],
    region: str,
    environ: Mapping[str, str],
    variant: HostVariant = DEFAULT_VARIANT,
) -> str:
    """Return the regional URL of a service. Raises: ConfigInvalid if `environ` sets a bad URL."""
    partition = partition_of(region)
    override = _url_in_variable(service, environ)
    return override or f"https://{_service_host(service, region, partition, variant)}"


def partition_of(region: str) -> Partition:
    """Raises: ConfigInvalid for an unknown region."""
    if is_isolated_region(region):
        raise ConfigInvalid(
            f'ssohelper does not support the partition of AWS with the region "{region}"',
            hint="supported are the regions of aws, aws-us-gov, aws-cn and aws-eusc",
        )
    partition = find_partition(region)
    if partition is None:
        raise ConfigInvalid(
            f'"{show(region, 60)}" is no AWS region', hint="a region looks like: eu-west-1"
        )
    return partition


def console_federation_url(region: str, environ: Mapping[str, str]) -> str:
    """Raises: ConfigInvalid if AWS_ENDPOINT_URL_SIGNIN names a host other than loopback."""
    override = _url_in_variable("console sign-in", environ)
    return override or f"https://{regional_host(partition_of(region).sign_in_host, region)}"


def console_base_url(region: str) -> str:
    return f"https://{regional_host(partition_of(region).console_host, region)}"


def regional_host(host: str, region: str) -> str:
    return host if region == partition_of(region).home_region else f"{region}.{host}"


def shown_url(text: str) -> str:
    """Return a refused URL for a message, in punycode: a Cyrillic "a" looks like a Latin one."""
    if not text.isascii():
        found = re.match(_AUTHORITY, text)
        if found:
            host = _punycode(found.group(2))
            text = found.group(1) + host + text[found.end() :]
    return show(text, 120)


def is_loopback_url(url: str) -> bool:
    parts = _split_url(url)
    return parts is not None and _is_loopback(parts.hostname or "")


def checked_sign_in_url(url: str, region: str, own_url: str) -> str:
    """Return the sign-in address that a server sent, rebuilt from its parts and percent-encoded.

    Raises: BadAnswer unless it is https on a sign-in host of AWS, or on the host that sent it.
    """
    parts = _split_url(url)
    if parts is None or not _is_sign_in_url(parts, region, own_url):
        raise BadAnswer(
            f'unexpected sign-in address "{shown_url(url)}"',
            hint="nothing was opened; try again, and tell your administrator if this repeats",
        )
    path = percent_encoded(parts.path or "/")
    query, fragment = percent_encoded(parts.query), percent_encoded(parts.fragment)
    return SplitResult(parts.scheme.lower(), _host_and_port(parts), path, query, fragment).geturl()


def percent_encoded(text: str) -> str:
    return _UNSAFE.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), text
    )


def _service_host(service: str, region: str, partition: Partition, variant: HostVariant) -> str:
    """Build a host's name as botocore's endpoint rule sets do."""
    suffix = partition.dual_stack_suffix if variant.dual_stack else partition.suffix
    # All IPv4 hosts of GovCloud offer FIPS. Its dual-stack hosts offer FIPS under another name.
    has_fips_name = variant.fips and (variant.dual_stack or partition.name != "aws-us-gov")
    return f"{_PREFIXES[service][has_fips_name]}.{region}.{suffix}"


def _url_in_variable(service: str, environ: Mapping[str, str]) -> str | None:
    variable = URL_VARIABLES[service]
    url = environ.get(variable, "")
    if not url or environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    parts = _split_url(url)
    if parts is not None and parts.scheme.lower() in ("http", "https"):
        host = parts.hostname or ""
        plain = not (parts.query or parts.fragment)
        if plain and (_is_loopback(host) or _is_service_host(service, parts)):
            path = percent_encoded(parts.path).rstrip("/")
            return f"{parts.scheme.lower()}://{_host_and_port(parts)}{path}"
    others = "neither this machine nor AWS" if service in _PREFIXES else "not this machine"
    raise ConfigInvalid(
        f'{variable} names "{shown_url(url)}", which is {others}',
        hint=f"unset {variable}",
    )


def _is_service_host(service: str, parts: SplitResult) -> bool:
    """Return whether the URL is a host of that service at AWS, or one of its VPC endpoints.

    The host must begin with the service's name: anyone can own a bucket under amazonaws.com.
    """
    host = parts.hostname or ""
    if parts.scheme.lower() != "https" or parts.port not in (None, 443):
        return False
    for partition in PARTITIONS:
        for suffix in (partition.suffix, partition.dual_stack_suffix):
            if not host.endswith("." + suffix):
                continue
            rest = host.removesuffix("." + suffix).removesuffix(".vpce")
            prefix, _, region = re.sub(r"^vpce-[a-z0-9-]+\.(?!vpce-)", "", rest).rpartition(".")
            if prefix in _PREFIXES.get(service, ()) and re.fullmatch(partition.regions, region):
                return True
    return service == "sts" and host == "sts.amazonaws.com"


def _is_sign_in_url(parts: SplitResult, region: str, own_url: str) -> bool:
    own, host, scheme = urlsplit(own_url), parts.hostname or "", parts.scheme.lower()
    if (scheme, host, parts.port) == (own.scheme, own.hostname, own.port):
        return True
    if scheme != "https" or parts.port not in (None, 443):
        return False
    partition = partition_of(region)
    hosts = {
        f"{prefix}.{region}.{suffix}"
        for prefix in ("device.sso", *_PREFIXES["oidc"])
        for suffix in (partition.suffix, partition.dual_stack_suffix)
    }
    is_page = f".{host}".endswith(_SIGN_IN_SUFFIXES)
    return host in hosts or is_page or is_aws_portal_host(host)


def _split_url(url: str) -> SplitResult | None:
    """Return the URL's parts; None if the text is no URL, contains a user name, or is ambiguous."""
    # urlsplit drops tabs and newlines, and browsers read a backslash as a slash.
    if not 0 < len(url) <= _URL_LIMIT or not is_harmless(url) or "\\" in url or url != url.strip():
        return None
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    readable = host is not None and (re.fullmatch(_HOST, host) or _is_loopback(host))
    return parts if readable and "@" not in parts.netloc else None


def _punycode(host: str) -> str:
    labels = []
    for label in re.split("[.\u3002\uff0e\uff61]", host):
        try:
            labels.append(label.encode("idna").decode("ascii"))
        except UnicodeError:
            labels.append(label.encode("ascii", "backslashreplace").decode("ascii"))
    return ".".join(labels)


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return shown if parts.port is None else f"{shown}:{parts.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
