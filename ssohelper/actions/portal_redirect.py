"""Finds the AWS portal to which a company's own start URL redirects, at each sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core import portal_address
from ssohelper.core.portal_address import PortalAddress, PortalChange
from ssohelper.core.start_url import is_company_url, is_same_portal, region_of_start_url
from ssohelper.errors import ConfigInvalid

if TYPE_CHECKING:
    from ssohelper.actions.login_flows import LoginUi
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession


def resolve_portal_of_session(app: App, session: SsoSession, ui: LoginUi) -> SsoSession:
    """Return the session with the portal and region to which its start URL leads now.

    For a start URL on AWS's own hosts no request is sent. If the start URL leads to another portal
    than at the last sign-in, the user must confirm it; without a terminal that is an error.
    Raises: ConfigInvalid if the URL leads to no portal, or to another one that the user did not
    confirm; AwsUnreachable.
    """
    if not is_company_url(session.start_url):
        return session
    found = app.aws.find_portal_url(session.start_url)
    known = app.aws.portal_addresses.load(session.name)
    is_known = known is not None and is_same_portal(known.start_url, session.start_url)
    earlier = known.portal_url if known and is_known else None
    if earlier is not None:
        _confirm_changed_portal(app, session, ui, earlier, found)
    region = region_of_start_url(found) or session.region
    if region != session.region and earlier is None:
        app.warn(f"{session.start_url} leads to {region}, not to {session.region}")
    return session._replace(portal_url=found, region=region)


def _confirm_changed_portal(
    app: App, session: SsoSession, ui: LoginUi, earlier: str, found: str
) -> None:
    change = portal_address.find_portal_change(earlier, found)
    if change is PortalChange.REGION:
        app.warn(portal_address.region_change_text(session, earlier, found))
    if change is PortalChange.PORTAL and not ui.confirm_other_portal(earlier, found):
        raise ConfigInvalid(
            f"the start URL {session.start_url} now leads to {found}, not to {earlier}; "
            "nothing was sent to the new portal",
            hint="ask your administrator whether the portal has moved, then sign in on a terminal: "
            f"ssohelper login {session.name}",
        )


def save_portal_address(app: App, session: SsoSession) -> None:
    """Record to which portal the session's start URL led at this sign-in. Raises: LocalState."""
    if session.portal_url is None or not is_company_url(session.start_url):
        return
    address = PortalAddress(
        session.start_url,
        session.portal_url,
        app.config.read_configured_region(session.name) or session.region,
        region_of_start_url(session.portal_url),
    )
    app.aws.portal_addresses.save(session.name, address)
