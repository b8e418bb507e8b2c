"""Adds the portal of another region to the session of the same Identity Center instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.actions import own_settings, regions
from ssohelper.core.further_portals import (
    Claim,
    FurtherPortal,
    compare_portal_urls,
    parse_further_portals,
)
from ssohelper.core.model import SsoSession
from ssohelper.core.portal_address import instance_id_of_portal, is_portal_of
from ssohelper.core.start_url import (
    checked_typed_start_url,
    is_company_url,
    is_same_portal,
    region_of_start_url,
)
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App

    # A function that asks the user whether the portal belongs to the session. Its arguments are
    # session, portal and a text that says how their URLs differ.
    Ask = Callable[[SsoSession, FurtherPortal, str], bool]


def find_session_of_further_portal(
    app: App, start_url: str, name: str | None, ask: Ask | None
) -> tuple[SsoSession, FurtherPortal] | None:
    """Return the further portal that the URL names, and the session that it belongs to; or None.

    `name` is the session that the user named. `ask` is None without a terminal.
    Raises: UsageProblem if the user must say whether the URL is such a portal, and `ask` is None;
    ConfigInvalid for a portal that cannot be a further one of the session, although its URL names
    the same instance.
    """
    url = checked_typed_start_url(start_url)
    if is_company_url(url):
        # A company's own URL may redirect to any region, so it gets a session of its own.
        return None
    sessions = app.config.read().sso_sessions()
    if any(is_portal_of(one, url) for one in sessions if name in (None, one.name)):
        return None
    known = _find_portal_in_settings(app, sessions, url, name)
    if known is not None:
        return known
    region = region_of_start_url(url)
    if instance_id_of_portal(url) is None or region is None:
        return None
    portal, found = FurtherPortal(region, url), list[SsoSession]()
    for session in sessions:
        if name in (None, session.name) and _portal_belongs_to_session(session, portal, name, ask):
            found.append(session)
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise UsageProblem(
            f"several sessions are of this Identity Center instance: {names}",
            hint=f"name one, such as: --session {found[0].name}",
        )
    return (found[0], portal) if found else None


def add_portal_of_further_region(app: App, session: SsoSession, portal: FurtherPortal) -> bool:
    """Add the portal to the setting `sessions.NAME.regions`; return False if the setting has it."""
    key = f"sessions.{session.name}.regions"
    texts = list(app.settings.get("regions", session=session.name))
    if portal.text in texts:
        return False
    texts = [text for text in texts if not text.startswith(f"{portal.region}=")]
    regions.check_regions_setting(app, session.name, [*texts, portal.text])
    own_settings.change_setting(app, key, [*texts, portal.text], "setup")
    app.forget_settings()
    return True


def _find_portal_in_settings(
    app: App, sessions: list[SsoSession], url: str, name: str | None
) -> tuple[SsoSession, FurtherPortal] | None:
    for session in sessions:
        texts = app.settings.get("regions", session=session.name)
        for portal in parse_further_portals(texts) if name in (None, session.name) else ():
            if is_same_portal(portal.start_url, url):
                return session, portal
    return None


def _portal_belongs_to_session(
    session: SsoSession, portal: FurtherPortal, name: str | None, ask: Ask | None
) -> bool:
    claim = compare_portal_urls(session.aws_url, portal.start_url)
    is_doubtful = claim is Claim.OTHER_HOSTS or (claim is Claim.UNKNOWN and name is not None)
    if claim is Claim.PARTITION:
        raise ConfigInvalid(
            f'session "{session.name}" cannot have the further portal {portal.start_url}, which '
            f"{claim.value}",
            hint="ask your administrator for the right start URL",
        )
    if claim in (Claim.SAME, Claim.OTHER_HOSTS) and portal.region == session.region:
        raise ConfigInvalid(
            f'session "{session.name}" already has another start URL of this instance in '
            f"{portal.region}: {session.start_url}",
            hint=f"use that one: ssohelper setup {session.start_url}",
        )
    if claim is Claim.SAME:
        return True
    if not is_doubtful:
        return False
    if ask is None:
        raise UsageProblem(
            f'{portal.start_url} {claim.value} than the session "{session.name}"',
            hint="if it is another region of the same instance: ssohelper config set "
            f"sessions.{session.name}.regions {portal.text}",
        )
    return ask(session, portal, claim.value)
