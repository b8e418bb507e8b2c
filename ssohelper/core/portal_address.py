"""Checks the redirect from a company's own start URL, such as https://sso.example.com, to a portal."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from ssohelper.core.model import SsoSession
from ssohelper.core.partitions import find_partition, is_aws_portal_host, partition_of_portal
from ssohelper.core.service_hosts import is_region, shown_url
from ssohelper.core.start_url import checked_aws_portal_url, is_same_portal, normalized_start_url
from ssohelper.errors import ConfigInvalid

_INSTANCE = r"(?<![a-z0-9-])ssoins-[a-z0-9]{4,40}(?![a-z0-9-])"
_META = r"(?i)<meta\b[^>]{0,300}>"
_ATTRIBUTE = r"""(?i)\b(name|content)\s*=\s*(["'])([^"'<>]{0,60})\2"""
_OPEN_IT = (
    "open that URL in a browser, and give the address of the AWS access portal that it leads to"
)


class PortalAddress(NamedTuple):
    """Where a session's start URL on a company's host led at the last sign-in.

    `configured_region` was then the config's region; `region` is in the portal's host name.
    """

    start_url: str
    portal_url: str
    configured_region: str
    region: str | None


Addresses = Mapping[str, PortalAddress | None]
NO_ADDRESSES: Addresses = {}


def session_with_portal_address(session: SsoSession, address: PortalAddress | None) -> SsoSession:
    """Return the session with the portal of its last sign-in, if that had this start URL.

    If the region in the config has changed since then, the new region is used.
    """
    if address is None or not is_same_portal(address.start_url, session.start_url):
        return session
    if address.region is None or address.configured_region != session.region:
        return session._replace(portal_url=address.portal_url)
    return session._replace(portal_url=address.portal_url, region=address.region)


def is_portal_of(session: SsoSession, url: str) -> bool:
    return normalized_start_url(url) in normalized_urls_of_portal(session)


def normalized_urls_of_portal(session: SsoSession) -> tuple[str, ...]:
    """The only function that decides which start URLs lead to the session's portal."""
    return tuple(dict.fromkeys(map(normalized_start_url, (session.start_url, session.aws_url))))


def checked_portal_redirect(start_url: str, location: str) -> str:
    """Raises: ConfigInvalid unless the redirect is the https URL of an AWS access portal."""
    try:
        target = urljoin(start_url, location)
        host = urlsplit(target).hostname or ""
    except ValueError:
        target = host = ""
    if target and not is_aws_portal_host(host):
        where = f'"{shown_url(target)}"'
        raise start_url_refusal(
            f"{shown_url(start_url)} redirects to {where}, and not to an AWS access portal"
        )
    try:
        return checked_aws_portal_url(target).partition("#")[0]
    except ConfigInvalid as error:
        raise start_url_refusal(
            f"{shown_url(start_url)} redirects to an invalid URL: {error.message}"
        ) from error


def start_url_refusal(message: str) -> ConfigInvalid:
    return ConfigInvalid(message, hint=_OPEN_IT)


def instance_id_of_portal(portal_url: str) -> str | None:
    """Return the id of the Identity Center instance in the URL (ssoins-…), or None."""
    parts = urlsplit(portal_url)
    found = re.search(_INSTANCE, f"{parts.hostname or ''}{parts.path}".lower())
    return found.group() if found else None


def region_in_portal_page(page: str, portal_url: str) -> str | None:
    """Return the region in a meta element, which AWS does not document, or None.

    A region in another partition than the URL's host is ignored.
    """
    for element in re.findall(_META, page):
        values = {name.lower(): value for name, _quote, value in re.findall(_ATTRIBUTE, element)}
        region = values.get("content", "")
        if values.get("name", "").lower() == "region" and is_region(region):
            partition = find_partition(region)
            home = partition_of_portal(urlsplit(portal_url).hostname or "")
            return region if partition is not None and partition.name == home else None
    return None
