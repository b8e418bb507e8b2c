"""Decides whether the config still has the session of a recorded sign-in. Pure."""

from collections.abc import Iterable

from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import is_same_portal


def is_same_session(one: SsoSession, other: SsoSession) -> bool:
    """Return whether both sessions have the same name, portal and region, so the same token."""
    return (
        one.name == other.name
        and one.region == other.region
        and is_same_portal(one.start_url, other.start_url)
    )


def is_session_listed(session: SsoSession, listed: Iterable[SsoSession]) -> bool:
    """Return whether `listed` has this session: same name, portal and region."""
    return any(is_same_session(session, one) for one in listed)
