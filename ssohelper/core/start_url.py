"""Checks start URLs of access portals, and whether two sessions are of the same portal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from ssohelper.core.partitions import find_partition, is_aws_portal_host
from ssohelper.core.service_hosts import shown_url
from ssohelper.errors import ConfigInvalid

if TYPE_CHECKING:
    from ssohelper.core.model import SsoSession

_LIMIT = 2048
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")
_LABEL = r"[a-z0-9-]+"
# A company's own host: at least two labels. The last label is no number, which would be an IP
# address.
_HOST = (
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?!localhost\Z)"
    r"[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_LOOKS_LIKE_AWS = (
    r"awsapps|amazonaws|amazonwebservices|aws\.amazon\.|\.aws(\.|\Z)"
    r"|\.(ic\.gov|sgov\.gov|adc-e\.uk)\Z"  # partitions without Identity Center
)
# Portal hosts that contain the region (AWS CLI, customizations/sso/resolve.py). Compiled when first
# used: otherwise the full screen would appear 0.3 ms later.
_REGIONAL = (
    rf"{_LABEL}\.portal\.({_LABEL})\.app\.aws",
    rf"{_LABEL}\.({_LABEL})\.portal\.amazonaws\.(?:com|com\.cn|eu)",
    rf"{_LABEL}\.portal\.({_LABEL})\.app\.amazonwebservices\.com\.cn",
    rf"{_LABEL}\.portal\.({_LABEL})\.api\.amazonwebservices\.eu",
)
_EXAMPLE = "a start URL looks like: https://d-0000000000.awsapps.com/start"


def checked_start_url(text: str) -> str:
    """Return the https URL of an AWS access portal or a company's host, unchanged.

    The text is unchanged because AWS tools compare it, and hash it for file names. Raises:
    ConfigInvalid, also for a host that only looks like a host of AWS.
    """
    host = _checked_host(text)
    is_company_host = re.fullmatch(_HOST, host) and not re.search(_LOOKS_LIKE_AWS, host)
    if not is_aws_portal_host(host) and not is_company_host:
        raise _invalid_start_url(text, "is not on a host of the AWS access portal")
    return text


def checked_typed_start_url(text: str) -> str:
    """Return a start URL that a user typed, with scheme and host in lower case, as AWS writes them.

    Only the address of an AWS access portal may lack its https://. Raises: ConfigInvalid.
    """
    if "://" not in text:
        with suppress(ConfigInvalid):
            text = checked_aws_portal_url(f"https://{text}")
    return re.sub(
        r"[^/]+//[^/?#]+", lambda found: found[0].lower(), checked_start_url(text), count=1
    )


def checked_aws_portal_url(text: str) -> str:
    """Raises: ConfigInvalid unless the text is the https URL of an AWS access portal."""
    if not is_aws_portal_host(_checked_host(text)):
        raise _invalid_start_url(text, "is not on a host of the AWS access portal")
    return text


def is_company_url(url: str) -> bool:
    """Return whether a checked start URL is on a company's own host, not on AWS's."""
    return not is_aws_portal_host(urlsplit(url).hostname or "")


def _checked_host(text: str) -> str:
    parts = _split_url(text)
    if parts is None:
        raise _invalid_start_url(text, "is not a start URL")
    if parts.scheme.lower() != "https":
        raise _invalid_start_url(text, "does not begin with https://")
    if "@" in parts.netloc or parts.port not in (None, 443):
        raise _invalid_start_url(text, "contains a user name or a port")
    return parts.hostname or ""


def default_session_name(url: str) -> str:
    return (urlsplit(url).hostname or "").partition(".")[0]


def region_of_start_url(url: str) -> str | None:
    """Return the region in the host's name; None for hosts such as awsapps.com."""
    found = re.fullmatch("|".join(_REGIONAL), urlsplit(url).hostname or "")
    region = next(filter(None, found.groups())) if found else ""
    return region if find_partition(region) else None


def is_same_portal(one: str, other: str) -> bool:
    """The only function that decides this: `/start`, `/start/` and `/start#/` are one portal."""
    return normalized_start_url(one) == normalized_start_url(other)


def normalized_start_url(url: str) -> str:
    return url.partition("#")[0].rstrip("/").lower()


def _split_url(text: str) -> SplitResult | None:
    if len(text) > _LIMIT or not _CHARACTERS.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
        return parts if parts.hostname and (parts.port is None or parts.port) else None
    except ValueError:
        return None


def _invalid_start_url(text: str, fault: str) -> ConfigInvalid:
    if not text.isascii():
        fault = "contains letters that are not ASCII"
    return ConfigInvalid(f'"{shown_url(text)}" {fault}', hint=_EXAMPLE)


def is_same_session(one: SsoSession, other: SsoSession) -> bool:
    """Return whether both have the same name, portal and region, and so the same token."""
    return (
        one.name == other.name
        and one.region == other.region
        and is_same_portal(one.start_url, other.start_url)
    )


def is_session_listed(session: SsoSession, listed: Iterable[SsoSession]) -> bool:
    return any(is_same_session(session, one) for one in listed)
