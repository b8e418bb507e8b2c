"""Finds the portal of a start URL, with one https request that contains no secret.

A redirect in the answer is read, but not followed.
"""

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from ssohelper.core.deadline import Deadline
from ssohelper.core.portal_address import (
    checked_portal_redirect,
    region_in_portal_page,
    start_url_refusal,
)
from ssohelper.core.service_hosts import percent_encoded, shown_url
from ssohelper.core.start_url import checked_start_url
from ssohelper.errors import AwsUnreachable
from ssohelper.wire.transport import Answer, Transport

_CALL_SECONDS = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)


def find_portal_url(start_url: str, environ: Mapping[str, str]) -> str:
    """Return the URL of AWS's portal to which a company's own start URL redirects.

    Raises: ConfigInvalid if it leads to no AWS portal, AwsUnreachable.
    """
    answer = _request_page(start_url, environ)
    if answer.status >= 500 or answer.status == 429:
        raise AwsUnreachable(
            f"{shown_url(start_url)} answered {answer.status}", hint="try again in a minute"
        )
    if answer.status not in _REDIRECTS:
        raise start_url_refusal(
            f"{shown_url(start_url)} answers {answer.status}, and does not redirect to an AWS access "
            "portal"
        )
    locations = answer.headers.get_all("Location") or []
    if len(locations) != 1:
        raise start_url_refusal(
            f"{shown_url(start_url)} redirects without saying where, or to several places"
        )
    return checked_portal_redirect(start_url, locations[0])


def propose_region_of_portal(portal_url: str, environ: Mapping[str, str]) -> str | None:
    """Return the region that the page of AWS's portal names, or None.

    AWS does not document that the page names a region, so the user must confirm it.
    """
    try:
        answer = _request_page(portal_url, environ)
    except AwsUnreachable:
        return None
    if answer.status != 200:
        return None
    return region_in_portal_page(answer.body.decode("utf-8", "replace"), portal_url)


def _request_page(url: str, environ: Mapping[str, str]) -> Answer:
    parts = urlsplit(checked_start_url(url))
    path = percent_encoded(parts.path or "/")
    if parts.query:
        path += "?" + percent_encoded(parts.query)
    transport = Transport(f"https://{parts.hostname}", environ, shown_url(url))
    try:
        return transport.send(
            "GET",
            path,
            headers={"Accept": "text/html"},
            deadline=Deadline(_CALL_SECONDS, time.monotonic),
        )
    finally:
        transport.close()
