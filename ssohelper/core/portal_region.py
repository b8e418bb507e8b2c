"""Decides whether `sso_region` of a profile without sso-session is its portal's. Pure.

No other module decides this. At a host of another region, AWS does not know the portal's tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ssohelper.core.config_text import is_quoted
from ssohelper.core.model import SsoSession
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.text import show


def find_portal_region_if_other(
    keys: Mapping[str, str], sessions: Iterable[tuple[SsoSession, Sequence[str]]]
) -> str | None:
    """Return the region of the profile's portal if its `sso_region` is another one, else None.

    `sessions` are the known sessions, each with the regions of its portal. Returns None for a
    portal without a session, whose region is not known, and for a profile with an sso-session.
    """
    url, region = keys.get("sso_start_url"), keys.get("sso_region")
    if not url or not region or is_quoted(region) or "sso_session" in keys:
        return None
    same = [(one, regions) for one, regions in sessions if is_portal_of(one, url)]
    if not same or any(region in regions for _, regions in same):
        return None
    return same[0][0].region


def wrong_region_text(sso_region: str, portal_region: str) -> str:
    """Return the text that the profile's `sso_region` is not its portal's."""
    return f"its sso_region is {show(sso_region, 40)}, but its portal is in {portal_region}"
